/// A link or a password out of an answer of Okta's, to be shown to a person once. It never prints itself.
///
/// It is encoded as its text: only to hand it to that person.
package struct OneTimeSecret: Sendable, Equatable, Codable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The secret itself. Only for the terminal of the person who asked.
    package let text: String

    package init(_ text: String) { self.text = text }

    package init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The same words for every secret.
    package var description: String { "secret of an answer (not shown)" }
    /// The same words for every secret.
    package var debugDescription: String { description }
    /// Without children: a dump shows nothing.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

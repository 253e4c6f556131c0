/// A link or a password from one of Okta's answers, to be shown to a person once. Printing the value does not reveal the secret.
///
/// Encoding the value writes the secret itself. Encode the value only to pass it to the person who asked for the secret.
package struct OneTimeSecret: Sendable, Equatable, Codable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The secret itself, only for the terminal of the person who asked for it.
    package let text: String

    package init(_ text: String) { self.text = text }

    package init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The same text for every secret, so that no log shows it.
    package var description: String { "secret from an answer (not shown)" }
    /// The same text for every secret, so that no log shows it.
    package var debugDescription: String { description }
    /// Has no children, so that `dump` shows nothing of the secret.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

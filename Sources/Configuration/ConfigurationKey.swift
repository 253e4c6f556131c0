/// One key of the configuration: where it stands, what it takes, and what it means.
///
/// Declared once, in ``ConfigurationKeys``; validation, suggestions, the installed example and the documentation
/// follow from there.
package struct ConfigurationKey<Value: Sendable>: Sendable {
    package let description: KeyDescription
    let kind: ValueKind<Value>

    init(_ path: String, _ kind: ValueKind<Value>, default fallback: KeyDefault = .none, _ explanation: String) {
        description = KeyDescription(
            path: path, valueKind: kind.name, isList: false, fallback: fallback, explanation: explanation)
        self.kind = kind
    }

    var path: String { description.path }
}

/// A key whose value is a list of single values, empty when absent.
package struct ConfigurationListKey<Value: Sendable>: Sendable {
    package let description: KeyDescription
    let kind: ValueKind<Value>

    init(_ path: String, listOf kind: ValueKind<Value>, _ explanation: String) {
        description = KeyDescription(
            path: path, valueKind: kind.name, isList: true, fallback: .none, explanation: explanation)
        self.kind = kind
    }

    var path: String { description.path }
}

/// What stands for a key that is absent or empty.
package enum KeyDefault: Sendable, Hashable {
    /// The key may be absent; nothing takes its place.
    case none
    /// The key must be there.
    case required
    /// A text that is read like the value itself.
    case value(String)
    /// Worked out at loading, as described.
    case described(String)

    /// For people: nil where there is none.
    package var text: String? {
        switch self {
        case .none, .required: nil
        case .value(let text), .described(let text): text
        }
    }
}

/// What is said of a key, without its Swift type.
package struct KeyDescription: Sendable, Hashable {
    /// Dotted, `[]` behind a list of mappings: `integrations[].data_ingest.credential`.
    package let path: String
    /// What it takes, as in “expects a size such as 64MiB”.
    package let valueKind: String
    package let isList: Bool
    package let fallback: KeyDefault
    /// One sentence.
    package let explanation: String

    /// The last part of the path.
    package var name: String { String(path.split(separator: ".").last ?? "") }
}

/// A way of reading a single value, and its name in messages.
struct ValueKind<Value: Sendable>: Sendable {
    let name: String
    let parse: @Sendable (String) throws(ValueError) -> Value

    init(_ name: String, _ parse: @escaping @Sendable (String) throws(ValueError) -> Value) {
        self.name = name
        self.parse = parse
    }

    /// The same, within bounds.
    func within(_ range: ClosedRange<Value>) -> Self where Value: Comparable {
        ValueKind(name) { (text) throws(ValueError) in
            let value = try parse(text)
            guard range.contains(value) else {
                throw ValueError(
                    "\(value) is out of range", hint: "write a value from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
    }

    /// One of the words of an enumeration.
    static func word() -> Self where Value: CaseIterable & RawRepresentable<String> {
        let words = Value.allCases.map(\.rawValue)
        return ValueKind("one of \(words.joined(separator: ", "))") { (text) throws(ValueError) in
            if let value = Value(rawValue: text) { return value }
            let near = NearestName.of(text, among: words)
            throw ValueError(
                "\(LiteralSecret.quoted(text)) is not known here",
                hint: near.map { "did you mean “\($0)”?" } ?? "write one of \(words.joined(separator: ", "))")
        }
    }
}

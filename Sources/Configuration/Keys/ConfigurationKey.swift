/// One key of the configuration: where it stands, what it takes, and what it means.
///
/// A key is declared once, as a property of its section (``Configuration/SpoolKeys`` and its siblings). Everything else follows from
/// the declaration: `configuration.spool.compression` has the key's type, and reading, suggestions, `check`, `check --json`,
/// `docs/configuration.md` and the comparison of two configurations know the key.
///
/// ```swift
/// package let maxBytes = ConfigurationKey<ByteSize>(
///     "spool.max_bytes", .size(64 << 10, 1 << 60), default: .value("20GiB"), .whileRunning,
///     "When the spool holds this much, collection pauses; nothing is dropped.") { "pauses at \($0)" }
/// ```
package struct ConfigurationKey<Value: ConfigurationValue>: Sendable {
    package let description: KeyDescription
    /// Nil when there is neither a value nor a default; the reason is in the findings.
    let read: @Sendable (Settings, ConfigurationContext, inout Findings) -> Value?
    /// The literal default; nil where there is none.
    let readDefault: @Sendable () throws(ValueError) -> Value?
    /// Reads a single value, and writes it as the configuration would: what people paste becomes what is kept.
    let normalized: @Sendable (String) throws(ValueError) -> String?
    /// How `check` says the value; nil says nothing of it.
    let words: (@Sendable (Value) -> String?)?

    var path: String { description.path }

    /// A key that has a value in every configuration: it is required, or has a default.
    init(
        _ path: String, _ kind: ValueKind<Value>, default fallback: KeyDefault, _ change: KeyChange,
        _ explanation: String, words: (@Sendable (Value) -> String?)? = nil
    ) {
        let description = KeyDescription(
            path: path, valueKind: kind.name, isList: false, fallback: fallback, change: change,
            explanation: explanation)
        self.description = description
        self.words = words
        read = { settings, context, findings in
            settings.value(description, kind, into: &findings) ?? context.value(description, kind, into: &findings)
        }
        normalized = { (text) throws(ValueError) in try kind.parse(text).text }
        readDefault = { () throws(ValueError) in
            switch fallback {
            case .value(let text), .environment(_, let text): try kind.parse(text)
            case .none, .required, .described: nil
            }
        }
    }

    /// A key that may be absent. `described` says what holds then.
    init<Wrapped>(
        _ path: String, optional kind: ValueKind<Wrapped>, described: String? = nil, _ change: KeyChange,
        _ explanation: String, words: (@Sendable (Value) -> String?)? = nil
    ) where Value == Wrapped? {
        let description = KeyDescription(
            path: path, valueKind: kind.name, isList: false, fallback: described.map(KeyDefault.described) ?? .none,
            change: change, explanation: explanation)
        self.description = description
        self.words = words
        read = { settings, _, findings in .some(settings.value(description, kind, into: &findings)) }
        normalized = { (text) throws(ValueError) in Value.some(try kind.parse(text)).text }
        readDefault = { () throws(ValueError) in .some(nil) }
    }

    /// A key whose value is a list of single values, empty when absent.
    init<Item>(
        _ path: String, listOf kind: ValueKind<Item>, described: String? = nil, _ change: KeyChange,
        _ explanation: String, words: (@Sendable (Value) -> String?)? = nil
    ) where Value == [Item] {
        let description = KeyDescription(
            path: path, valueKind: kind.name, isList: true, fallback: described.map(KeyDefault.described) ?? .none,
            change: change, explanation: explanation)
        self.description = description
        self.words = words
        read = { settings, _, findings in settings.list(description, kind, into: &findings).map(\.0) }
        normalized = { (text) throws(ValueError) in Value([try kind.parse(text)]).text }
        readDefault = { () throws(ValueError) in [] }
    }
}

/// What stands for a key that is absent or empty.
package enum KeyDefault: Sendable, Hashable {
    /// The key may be absent; nothing takes its place.
    case none
    /// The key must be there.
    case required
    /// A text that is read like the value itself.
    case value(String)
    /// The first directory that an environment variable lists, as systemd sets it; without the variable, this text.
    case environment(String, else: String)
    /// Worked out by the key's consumer, as described.
    case described(String)

    /// For people: nil where there is none.
    package var text: String? {
        switch self {
        case .none, .required: nil
        case .value(let text), .described(let text): text
        case .environment(let variable, let text): "$\(variable), else \(text)"
        }
    }
}

/// When a changed value can take effect.
package enum KeyChange: Sendable, Hashable {
    /// The running daemon can take it over without losing its place.
    case whileRunning
    /// It is part of what the daemon holds open from start to end, such as a directory with its lock.
    case atRestart
}

/// What is said of a key, without its Swift type.
package struct KeyDescription: Sendable, Hashable {
    /// Dotted, `[]` after a list of mappings: `integrations[].data_ingest.credential`.
    package let path: String
    /// What it takes, as in “expects a size such as 64MiB”.
    package let valueKind: String
    package let isList: Bool
    package let fallback: KeyDefault
    package let change: KeyChange
    /// One sentence.
    package let explanation: String

    /// The last part of the path.
    package var name: String { String(path.split(separator: ".").last ?? "") }
}

extension ConfigurationContext {
    /// The value of a key whose default is in the environment; nil for any other key.
    fileprivate func value<Value>(
        _ description: KeyDescription, _ kind: ValueKind<Value>, into findings: inout Findings
    ) -> Value? {
        guard case .environment(let variable, let otherwise) = description.fallback else { return nil }
        // systemd lists several directories with colons between; ours is the first.
        if let first = environment[variable]?.split(separator: ":").first {
            if let value = try? kind.parse(String(first)) { return value }
            findings.error(
                at: ConfigurationPlace(file: "$\(variable)"), key: description.path,
                "the environment variable does not hold \(kind.name)",
                hint: "set \(description.path), or correct the variable")
        }
        return try? kind.parse(otherwise)
    }
}

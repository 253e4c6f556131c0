/// One key of the configuration: its path, its type, and its meaning.
///
/// A key is declared once, as a property of its section (such as ``Configuration/SpoolKeys``). Everything except the
/// code that uses the value follows from the declaration: `configuration.spool.compression` has the key's type, and reading, suggestions, `check`,
/// `check --json`, `docs/configuration.md` and the comparison of two configurations include the key.
///
/// ```swift
/// package let maxBytes = ConfigurationKey<ByteSize>(
///     "spool.max_bytes", .size(64 << 10, 1 << 60), default: .value("20GiB"), .whileRunning,
///     "When the spool reaches this size, collection pauses; nothing is dropped.") { "collection pauses at \($0)" }
/// ```
package struct ConfigurationKey<Value: ConfigurationValue>: Sendable {
    package let description: KeyDescription
    /// Reads the key's value, or its default if the key is absent. Nil if there is neither, or if the value is wrong; the findings say why.
    /// Exception: an optional key is read as `.some(nil)` in these cases.
    let read: @Sendable (Settings, ConfigurationContext, inout Findings) -> Value?
    /// Reads the text that the declaration contains as the default. Nil for a required key. For an optional key or a list, an empty value.
    let readDefault: @Sendable () throws(ValueError) -> Value?
    /// Reads a single value and returns it in the form in which the configuration stores it, so that pasted text is normalized.
    let normalized: @Sendable (String) throws(ValueError) -> String?
    /// Returns the text that `check` shows for a value; nil if `check` shows nothing for the value. If this function is missing, `check` shows the
    /// key's name and its value, unless the value is the default.
    let words: (@Sendable (Value) -> String?)?

    var path: String { description.path }

    /// A key that always has a value: it is required, or has a default.
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
                ?? (context.mistakes == .nothing ? fallback.literal.flatMap { try? kind.parse($0) } : nil)
        }
        normalized = { (text) throws(ValueError) in try kind.parse(text).text }
        readDefault = { () throws(ValueError) in
            try fallback.literal.map { (text) throws(ValueError) in try kind.parse(text) }
        }
    }

    /// A key that may be absent. `described` tells people which value Tributary uses if the key is absent.
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

    /// A key whose value is a list; an absent key is an empty list.
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

/// The value that a key has if it is absent or empty.
package enum KeyDefault: Sendable, Hashable {
    /// The key may be absent; there is no default.
    case none
    /// The key must be present.
    case required
    /// A text that is read like a configured value.
    case value(String)
    /// The first directory in an environment variable that systemd sets. If the variable is not set, the text `else`.
    case environment(String, else: String)
    /// The code that uses the key determines the default. The text describes it.
    case described(String)

    /// The text that is read like a configured value; nil if the default is not such a text.
    var literal: String? {
        switch self {
        case .value(let text), .environment(_, let text): text
        case .none, .required, .described: nil
        }
    }

    /// The default as text for people; nil if there is none.
    package var text: String? {
        switch self {
        case .none, .required: nil
        case .value(let text), .described(let text): text
        case .environment(let variable, let text): "$\(variable), else \(text)"
        }
    }
}

/// When a changed value takes effect.
package enum KeyChange: Sendable, Hashable {
    /// A new value takes effect in the running daemon, without an interruption of collection.
    case whileRunning
    /// A new value takes effect only after a restart.
    case atRestart
}

/// The description of a key, without the Swift type of its value.
package struct KeyDescription: Sendable, Hashable {
    /// The key's path, with dots between names, and with `[]` after a list of mappings: `integrations[].data_ingest.credential`.
    package let path: String
    /// A description of the allowed values, as in “expects a size such as 64MiB”.
    package let valueKind: String
    package let isList: Bool
    package let fallback: KeyDefault
    package let change: KeyChange
    /// What the key does, in a few sentences.
    package let explanation: String

    /// The key's own name, which is the last part of its path.
    package var name: String { String(path.split(separator: ".").last ?? "") }
}

extension ConfigurationContext {
    /// The default of a key whose declaration names an environment variable: from the variable, otherwise from the declaration.
    /// Nil for any other key.
    fileprivate func value<Value>(
        _ description: KeyDescription, _ kind: ValueKind<Value>, into findings: inout Findings
    ) -> Value? {
        guard case .environment(let variable, let otherwise) = description.fallback else { return nil }
        // systemd separates several directories by colons; the first directory is Tributary's own.
        if let first = environment[variable]?.split(separator: ":").first {
            if let value = try? kind.parse(String(first)) { return value }
            findings.error(
                at: ConfigurationPlace(file: "$\(variable)"), key: description.path,
                "the environment variable does not contain \(kind.name)",
                hint: "set \(description.path), or correct the variable")
        }
        return try? kind.parse(otherwise)
    }
}

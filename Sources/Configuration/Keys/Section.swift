/// A group of keys that belong together, one property each. All keys of a section are read and stored together.
package protocol ConfigurationSection: Sendable {
    static var shared: Self { get }
}

/// The values of a section's keys, each with the name and the type of its declaration.
///
/// ```swift
/// configuration.spool.segmentMaxAge.duration   // the key is `Configuration.SpoolKeys.segmentMaxAge`
/// ```
@dynamicMemberLookup
package struct Section<Keys: ConfigurationSection>: Sendable, Hashable {
    /// The values, one per key, in the order of their declaration.
    private(set) var settings: [any AnySetting]

    fileprivate init(settings: [any AnySetting]) { self.settings = settings }

    package subscript<Value>(dynamicMember key: KeyPath<Keys, ConfigurationKey<Value>>) -> Value {
        get {
            let path = Keys.shared[keyPath: key].path
            for case let setting as Setting<Value> in settings where setting.key.path == path { return setting.value }
            // Never reached: a section has a value for each key that `Keys` declares.
            preconditionFailure("\(path) is not a key of its section")
        }
        set {
            let key = Keys.shared[keyPath: key]
            for index in settings.indices where settings[index].description.path == key.path {
                settings[index] = Setting(key: key, value: newValue)
            }
        }
    }

    /// The keys whose values differ, in the order of their declaration.
    package func changed(from other: Self) -> [KeyDescription] {
        zip(settings, other.settings).compactMap { $0.isEqual(to: $1) ? nil : $0.description }
    }

    /// This section, but with the old value of each key that can't change while the daemon runs.
    package func keepingUntilRestart(_ old: Self) -> Self {
        Section(
            settings: zip(settings, old.settings).map { $0.description.change == .atRestart ? $1 : $0 })
    }

    /// Each key with its value as text, in the order of declaration. The text is nil if the key has no value.
    package var texts: [(key: KeyDescription, text: String?)] { settings.map { ($0.description, $0.text) } }

    package static func == (left: Self, right: Self) -> Bool { left.changed(from: right).isEmpty }

    package func hash(into hasher: inout Hasher) {
        for setting in settings { setting.hash(into: &hasher) }
    }
}

/// The parts of a section that could be read.
struct SectionReading<Keys: ConfigurationSection> {
    private var settings: [any AnySetting] = []
    private var isWhole = true

    init(_ source: Settings, _ context: ConfigurationContext, into findings: inout Findings) {
        for key in Keys.declared {
            if let setting = key.setting(source, context, &findings) {
                settings.append(setting)
            } else {
                isWhole = false
            }
        }
    }

    /// The value of a key; nil if the value is missing or wrong. The findings then say why.
    subscript<Value>(key: KeyPath<Keys, ConfigurationKey<Value>>) -> Value? {
        let path = Keys.shared[keyPath: key].path
        for case let setting as Setting<Value> in settings where setting.key.path == path { return setting.value }
        return nil
    }

    /// The section, if every key has a value.
    var whole: Section<Keys>? { isWhole ? Section(settings: settings) : nil }
}

/// A key with its value.
struct Setting<Value: ConfigurationValue>: AnySetting {
    let key: ConfigurationKey<Value>
    let value: Value

    var description: KeyDescription { key.description }
    var jsonName: String { key.description.name + Value.unit }
    var json: (any Encodable & Sendable)? { masked ?? value.json }

    /// The value with `…` instead of each word that may be a secret; nil if nothing has to be hidden. Paths and client IDs that look like a secret
    /// are refused when they are read, so they are not masked. A command is always checked, because its arguments may contain anything.
    private var masked: String? {
        let isCommand = ["command", "credential_process"].contains(key.description.name)
        guard let text = value.text, isCommand || !text.hasPrefix("/"), key.description.name != "client_id",
            LiteralSecret.mayBePresent(in: text)
        else { return nil }
        return LiteralSecret.masked(text)
    }

    var words: String? {
        if let masked {
            return key.description.name == "description" ? nil : "\(key.description.name): \(masked)"
        }
        if let words = key.words { return words(value) }
        if let standard = try? key.readDefault(), standard == value { return nil }
        return value.text.map { "\(key.description.name) \($0)" }
    }

    var text: String? { value.text }

    func isEqual(to other: any AnySetting) -> Bool { (other as? Self)?.value == value }
    func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// A key with its value, which may be of any type.
protocol AnySetting: Sendable {
    var description: KeyDescription { get }
    /// The key's name in `check --json`.
    var jsonName: String { get }
    var json: (any Encodable & Sendable)? { get }
    /// What `check` says about the key; nil if there is nothing to mention.
    var words: String? { get }
    /// The key's value as text that can be written in a configuration file; nil if the key has no value.
    var text: String? { get }

    func isEqual(to other: any AnySetting) -> Bool
    func hash(into hasher: inout Hasher)
}

/// A declared key, whose value may be of any type.
protocol DeclaredKey: Sendable {
    var description: KeyDescription { get }
    /// Reads the key's value, or its default; nil if there is neither, or if the value is wrong.
    func setting(_ source: Settings, _ context: ConfigurationContext, _ findings: inout Findings) -> (any AnySetting)?
    /// Checks that the literal default is a valid value of the key.
    func checkDefault() throws(ValueError)
    /// Reads a single value and returns it in the form in which the configuration stores it.
    func normalizing(_ text: String) throws(ValueError) -> String
}

extension ConfigurationKey: DeclaredKey {
    func setting(
        _ source: Settings, _ context: ConfigurationContext, _ findings: inout Findings
    ) -> (any AnySetting)? {
        read(source, context, &findings).map { Setting(key: self, value: $0) }
    }

    func checkDefault() throws(ValueError) { _ = try readDefault() }

    func normalizing(_ text: String) throws(ValueError) -> String { try normalized(text) ?? "" }
}

extension ConfigurationSection {
    /// All keys of the section, in the order of their declaration.
    static var declared: [any DeclaredKey] {
        Mirror(reflecting: shared).children.compactMap { $0.value as? any DeclaredKey }
    }
}

import Logging

/// One log event as the fields of the journal's native protocol (systemd.journal-fields(7)).
struct JournalEntry: Equatable, Sendable {
    /// The fields as `NAME=value`, in the order in which they are sent.
    private(set) var fields: [String] = []

    /// The maximum size of one value in UTF-8 bytes.
    static let valueLimit = 16 * 1024
    /// The maximum length of a field's name, which is journald's limit.
    static let nameLimit = 64
    /// The maximum number of metadata fields in one entry. If there are more, the first ones by name are kept.
    static let metadataLimit = 64
    /// The prefix of every field name that comes from metadata.
    static let prefix = "TRIBUTARY_"

    /// - Parameters:
    ///   - event: what was logged.
    ///   - metadata: all metadata that applies, including the handler's and the provider's.
    ///   - identifier: the value of the field `SYSLOG_IDENTIFIER`.
    init(_ event: LogEvent, metadata: Logger.Metadata, identifier: String) {
        let integration = metadata[LogKey.integration].map { "\($0): " } ?? ""
        add("MESSAGE", integration + event.message.description)
        add("PRIORITY", "\(event.level.syslogPriority)")
        add("SYSLOG_IDENTIFIER", identifier)
        add("CODE_FILE", event.file)
        add("CODE_LINE", "\(event.line)")
        add("CODE_FUNC", event.function)
        if let id = metadata[LogKey.messageID]?.description, Self.isID(id) {
            add("MESSAGE_ID", id)
        }
        if let error = event.error { add(Self.prefix + "ERROR", "\(error)") }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }).prefix(Self.metadataLimit)
        where key != LogKey.messageID {
            guard let name = Self.fieldName(key) else { continue }
            add(name, value.description)
        }
    }

    private mutating func add(_ name: String, _ value: String) {
        // Line ends are kept. libsystemd sends a value of several lines together with its length, so journald can't mistake a line for a field.
        fields.append(name + "=" + PrintableText.lines(value, limit: Self.valueLimit))
    }

    /// The field name for a metadata key, in upper case; nil for an empty key. Characters other than A–Z, 0–9 and `_` become `_`. The name has at
    /// most 64 bytes.
    static func fieldName(_ key: String) -> String? {
        guard !key.isEmpty else { return nil }
        let name = key.unicodeScalars.map { scalar -> Character in
            switch scalar {
            case "A"..."Z", "0"..."9", "_": Character(scalar)
            case "a"..."z": Character(Unicode.Scalar(UInt8(scalar.value) - 0x20))
            default: "_"
            }
        }
        return prefix + String(name.prefix(nameLimit - prefix.utf8.count))
    }

    private static func isID(_ text: String) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }
    }
}

extension Logger.Level {
    /// The level as a priority of syslog(3): 0 is the most serious, 7 the least.
    var syslogPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

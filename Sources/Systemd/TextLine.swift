import Logging
import Time

/// One log event as one line of text: `2026-11-23T20:05:11.123Z warning integration=acme no answer within 60 s`.
struct TextLine: Sendable {
    /// The line without its newline.
    let text: String

    /// The maximum size of the message, and of each value, in UTF-8 bytes.
    static let limit = 4 * 1024

    /// - Parameters:
    ///   - event: what was logged.
    ///   - metadata: all metadata that applies. The integration comes first, the rest sorted by key.
    ///   - time: when it was logged.
    ///   - colour: ANSI colors for the level.
    init(_ event: LogEvent, metadata: Logger.Metadata, time: UTCTime, colour: Bool) {
        var words = [time.rfc3339, colour ? event.level.coloured : event.level.rawValue]
        let rest = metadata.filter { $0.key != LogKey.messageID && $0.key != LogKey.integration }.sorted {
            $0.key < $1.key
        }
        if let integration = metadata[LogKey.integration] {
            words.append(Self.pair(LogKey.integration, integration.description))
        }
        words += rest.map { Self.pair($0.key, $0.value.description) }
        words.append(PrintableText.line(event.message.description, limit: Self.limit))
        if let error = event.error { words.append(Self.pair("error", "\(error)")) }
        text = words.joined(separator: " ")
    }

    private static func pair(_ key: String, _ value: String) -> String {
        let value = PrintableText.line(value, limit: limit)
        let isPlain =
            !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\"") }
        let key = PrintableText.line(key, limit: limit)
        guard !isPlain else { return "\(key)=\(value)" }
        let quoted = value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
        return "\(key)=\"\(quoted)\""
    }
}

extension Logger.Level {
    /// The level's name in its ANSI color.
    fileprivate var coloured: String {
        let code =
            switch self {
            case .trace, .debug: 2
            case .info: 36
            case .notice: 32
            case .warning: 33
            case .error, .critical: 31
            }
        return "\u{1B}[\(code)m\(rawValue)\u{1B}[0m"
    }
}

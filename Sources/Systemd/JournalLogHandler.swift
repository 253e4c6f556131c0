import CSystemd
import Glibc
import Logging
import Time

/// Sends log events to the journal with structured fields, through sd_journal_sendv(3).
///
/// The fields are `MESSAGE` (the integration's name and the text), `PRIORITY`, `SYSLOG_IDENTIFIER`, `CODE_FILE`, `CODE_LINE` and `CODE_FUNC`. The
/// metadata key ``LogKey/messageID`` becomes `MESSAGE_ID`, and every other metadata key `k` becomes `TRIBUTARY_K`.
package struct JournalLogHandler: LogHandler {
    /// The least serious level that is sent.
    package var logLevel: Logger.Level
    /// Metadata that is added to every event.
    package var metadata: Logger.Metadata = [:]
    /// Provides the metadata of the current task.
    package var metadataProvider: Logger.MetadataProvider?
    private let identifier: String

    /// - Parameters:
    ///   - level: the least serious level that is sent.
    ///   - identifier: the value of the field `SYSLOG_IDENTIFIER`, by which `journalctl -t` selects entries.
    package init(level: Logger.Level = .info, identifier: String = "tributary") {
        logLevel = level
        self.identifier = identifier
    }

    /// The value of one key of ``metadata``.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Sends the event to the journal. If the journal refuses the event, writes it to standard error as text, so that it is not lost.
    package func log(event: LogEvent) {
        let all = metadata.merged(provider: metadataProvider, event: event.metadata)
        let status = Self.send(JournalEntry(event, metadata: all, identifier: identifier))
        guard status < 0 else { return }
        let line = TextLine(event, metadata: all, time: .now(), colour: false)
        StandardErrorLogHandler.write("\(line.text) (journal: \(String(cString: strerror(-status))))\n")
    }

    /// Sends an entry. Returns 0, or a negative errno (sd_journal_sendv(3)).
    private static func send(_ entry: JournalEntry) -> Int32 {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entry.fields.reduce(0) { $0 + $1.utf8.count })
        for field in entry.fields { bytes.append(contentsOf: field.utf8) }
        return bytes.withUnsafeMutableBytes { buffer in
            // The pointers stay valid during the call, because `bytes` outlives them. libsystemd only reads from them.
            var start = 0
            let vectors = entry.fields.map { field in
                let count = field.utf8.count
                defer { start += count }
                return iovec(iov_base: buffer.baseAddress?.advanced(by: start), iov_len: count)
            }
            return sd_journal_sendv(vectors, Int32(vectors.count))
        }
    }
}

extension Logger.Metadata {
    /// The metadata of one event. If a key occurs more than once, the event's own value is used, otherwise the provider's, otherwise the handler's.
    func merged(provider: Logger.MetadataProvider?, event: Logger.Metadata?) -> Logger.Metadata {
        var all = self
        if let provided = provider?.get() { all.merge(provided) { _, nearer in nearer } }
        if let event { all.merge(event) { _, nearer in nearer } }
        return all
    }
}

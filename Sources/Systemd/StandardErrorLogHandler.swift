import Glibc
import Logging
import Synchronization
import Time

/// Writes log events to standard error, one line each, for a terminal or a collector of plain text.
package struct StandardErrorLogHandler: LogHandler {
    /// The least serious level that is written.
    package var logLevel: Logger.Level
    /// Metadata that is added to every event.
    package var metadata: Logger.Metadata = [:]
    /// Provides the metadata of the current task.
    package var metadataProvider: Logger.MetadataProvider?
    private let colour: Bool

    /// - Parameters:
    ///   - level: the least serious level that is written.
    ///   - colour: ANSI colors for the level.
    package init(level: Logger.Level = .info, colour: Bool) {
        logLevel = level
        self.colour = colour
    }

    /// The value of one key of ``metadata``.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the event.
    package func log(event: LogEvent) {
        let all = metadata.merged(provider: metadataProvider, event: event.metadata)
        Self.write(TextLine(event, metadata: all, time: .now(), colour: colour).text + "\n")
    }

    // On a pipe, a line longer than PIPE_BUF is not written atomically (pipe(7)). The lock keeps lines of several threads separate.
    private static let turn = Mutex(())

    /// Writes all of `text` to file descriptor 2. If that fails, the rest is dropped, because there is nowhere to report it.
    static func write(_ text: String) {
        var text = text
        turn.withLock { _ in
            text.withUTF8 { bytes in
                var rest = UnsafeRawBufferPointer(bytes)
                while let start = rest.baseAddress, !rest.isEmpty {
                    let count = Glibc.write(STDERR_FILENO, start, rest.count)
                    if count < 0 && errno == EINTR { continue }
                    guard count > 0 else { return }
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                }
            }
        }
    }
}

import Glibc
import Logging

/// Where the log goes: to the journal if standard error leads there, otherwise to standard error as text.
package enum LogOutput: Equatable, Sendable {
    /// The journal, with structured fields.
    case journal
    /// Text on standard error.
    case standardError(colour: Bool)

    /// The facts about standard error and the environment that decide where the log goes.
    struct Surroundings: Equatable, Sendable {
        /// The variable `JOURNAL_STREAM`: `device:inode` of the stream that leads to the journal (systemd.exec(5)).
        var journalStream: String?
        /// Device and inode of file descriptor 2; nil if the descriptor is closed.
        var standardError: FileID?
        var isTerminal = false
        /// Whether `NO_COLOR` is set and not empty (no-color.org).
        var refusesColour = false
        /// The variable `TERM`.
        var terminal: String?

        static func current() -> Surroundings {
            func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
            var status = stat()
            let isOpen = fstat(STDERR_FILENO, &status) == 0
            return Surroundings(
                journalStream: environment("JOURNAL_STREAM"),
                standardError: isOpen ? FileID(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) : nil,
                isTerminal: isatty(STDERR_FILENO) == 1,
                refusesColour: environment("NO_COLOR").map { !$0.isEmpty } ?? false,
                terminal: environment("TERM"))
        }
    }

    /// Identifies an open file (inode(7)).
    struct FileID: Equatable, Sendable {
        var device: UInt64
        var inode: UInt64

        init(device: UInt64, inode: UInt64) {
            self.device = device
            self.inode = inode
        }

        /// Reads `device:inode` in decimal; nil for any other text.
        init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let device = UInt64(parts[0]), let inode = UInt64(parts[1]) else { return nil }
            self.init(device: device, inode: inode)
        }
    }

    /// Chooses the journal if `JOURNAL_STREAM` describes standard error. It is not enough that the variable is set: child processes inherit it even
    /// if their standard error is redirected (systemd.exec(5)).
    init(_ surroundings: Surroundings) {
        if let stream = surroundings.journalStream.flatMap(FileID.init), stream == surroundings.standardError {
            self = .journal
        } else {
            self = .standardError(
                colour: surroundings.isTerminal && !surroundings.refusesColour && surroundings.terminal != "dumb")
        }
    }

    /// The output for this process, determined from its environment and standard error.
    package static func detected() -> LogOutput {
        LogOutput(.current())
    }

    /// A handler for this output.
    package func handler(level: Logger.Level) -> any LogHandler {
        switch self {
        case .journal: JournalLogHandler(level: level)
        case .standardError(let colour): StandardErrorLogHandler(level: level, colour: colour)
        }
    }

    /// Makes this the output of every `Logger` created from now on. Call it only once per process: swift-log traps at the second call.
    package func bootstrap(level: Logger.Level = .info) {
        LoggingSystem.bootstrap { _ in handler(level: level) }
    }
}

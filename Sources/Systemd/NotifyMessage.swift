/// A message to the service manager, as the text of one notification (sd_notify(3)).
enum NotifyMessage: Equatable, Sendable {
    case ready(status: String?)
    case status(String)
    case watchdog
    case stopping(status: String?)
    case reloading(at: MonotonicTime, status: String?)
    case waiting(extendBy: Duration, status: String)
    case failed(errno: Int32, status: String)

    /// The maximum size of a status text in UTF-8 bytes. The service manager ignores a notification of more than 4096 bytes completely.
    static let statusLimit = 1024

    /// The text of the notification: variable assignments, one per line.
    var state: String {
        switch self {
        case .ready(let status): Self.assignments("READY=1", status: status)
        case .status(let status): Self.assignments(nil, status: status)
        case .watchdog: "WATCHDOG=1"
        case .stopping(let status): Self.assignments("STOPPING=1", status: status)
        case .reloading(let time, let status):
            Self.assignments("RELOADING=1\nMONOTONIC_USEC=\(time.microseconds)", status: status)
        case .waiting(let time, let status):
            Self.assignments("EXTEND_TIMEOUT_USEC=\(Int64(max(1, time / .microseconds(1))))", status: status)
        case .failed(let errno, let status): Self.assignments("ERRNO=\(errno)", status: status)
        }
    }

    private static func assignments(_ first: String?, status: String?) -> String {
        let status = status.map { "STATUS=" + PrintableText.line($0, limit: statusLimit) }
        return [first, status].compactMap(\.self).joined(separator: "\n")
    }
}

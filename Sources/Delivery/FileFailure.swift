import Glibc

/// The system's message for an errno.
enum FileFailure {
    static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}

import Foundation

/// `status.json` in the runtime directory: replaced whole, so a reader never sees half of one, and accompanied by a
/// lock that lives as long as the daemon does, so a reader knows whether what it read is still true.
package final class StatusFile: Sendable {
    /// What can go wrong with the file.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let path: String
    private let lock: Int32

    /// Takes the lock of the directory, making the directory if it is not there.
    ///
    /// - Throws: `Failure` when the directory can't be written or another daemon holds it.
    package init(directory: String) throws(Failure) {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw Failure(description: "cannot make the runtime directory \(directory): \(error.localizedDescription)")
        }
        path = directory + "/" + StatusReport.fileName
        let lockPath = Self.lockPath(directory)
        lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else {
            throw Failure(description: "cannot open \(lockPath): \(String(cString: strerror(errno)))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw Failure(
                description: "another tributary runs with the runtime directory \(directory); stop it first, or give "
                    + "this one its own runtime_directory, state_directory and spool")
        }
    }

    deinit {
        close(lock)
    }

    /// Replaces the file. It lives on a tmpfs and says nothing that must outlive the daemon: nothing is synced.
    package func write(_ report: StatusReport) throws {
        try report.encoded().write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// Whether a daemon holds this runtime directory now.
    package static func isHeld(inDirectory directory: String) -> Bool {
        let descriptor = open(lockPath(directory), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
        return false
    }

    private static func lockPath(_ directory: String) -> String { directory + "/lock" }
}

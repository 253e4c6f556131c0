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
        fchmod(lock, 0o644)
        // On a failure deinit closes it.
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure(
                description: "another tributary runs with the runtime directory \(directory); stop it first, or give "
                    + "this one its own runtime_directory, state_directory and spool")
        }
    }

    deinit {
        close(lock)
    }

    /// Replaces the file. It lives on a tmpfs and says nothing that must outlive the daemon: nothing is synced. Everybody may read it,
    /// whatever the umask: it holds no secret, and on-call people are not the service's user.
    package func write(_ report: StatusReport) throws(Failure) {
        let temporary = path + ".new"
        do {
            try report.encoded().write(to: URL(fileURLWithPath: temporary))
        } catch {
            throw Failure(description: "cannot write \(temporary): \(error.localizedDescription)")
        }
        guard chmod(temporary, 0o644) == 0, rename(temporary, path) == 0 else {
            throw Failure(description: "cannot replace \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Whether a daemon holds this runtime directory now.
    package static func isHeld(inDirectory directory: String) -> Bool {
        let descriptor = open(lockPath(directory), O_RDONLY | O_CLOEXEC)
        // One that may not be opened says nothing; the report is then taken as it stands.
        guard descriptor >= 0 else { return errno == EACCES }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
        return false
    }

    private static func lockPath(_ directory: String) -> String { directory + "/lock" }
}

import FoundationEssentials
import Glibc
import Spool

/// The file `status.json` of a delivery, and a lock in the same directory. The file is replaced atomically. The lock is held as long as the delivery
/// runs.
package final class DeliveryStatusFile: Sendable {
    /// Why the status file can't be used.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let path: String
    private let lock: Int32

    /// Takes the lock of the directory, and makes the directory if it is missing.
    ///
    /// - Throws: `Failure` if the directory can't be written, or another process delivers to the same destination.
    package init(directory: String, name: String) throws(Failure) {
        do throws(SpoolError) {
            try PosixFileSystem().makeDirectories(directory, below: "/", thorough: false)
        } catch {
            throw Failure(description: "cannot make the status directory: \(error)")
        }
        path = directory + "/" + DeliveryReport.fileName
        // Everybody who may open a file may lock it, so only the service's user may open the lock file.
        lock = open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard lock >= 0 else {
            throw Failure(description: "cannot open \(directory)/lock: \(FileFailure.words(errno))")
        }
        fchmod(lock, 0o600)
        guard Self.take(lock) else {
            throw Failure(
                description:
                    "another process delivers to \(name) (systemctl status 'tributary-deliver*@\(name)'); stop that process first"
            )
        }
    }

    /// Takes the lock. Makes a few attempts, 20 ms apart, because `tributary status` holds the lock for a moment if it may open the file, for example
    /// if root runs it.
    private static func take(_ lock: Int32) -> Bool {
        for attempt in 1...5 {
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { return true }
            if errno != EWOULDBLOCK || attempt == 5 { break }
            usleep(20_000)
        }
        return false
    }

    deinit { close(lock) }

    /// Replaces the file. Everybody may read it, because it contains no secret.
    package func write(_ report: DeliveryReport) throws(Failure) {
        let temporary = path + ".new"
        do {
            try report.encoded().write(to: URL(fileURLWithPath: temporary))
        } catch {
            throw Failure(description: "cannot write \(temporary): \(error)")
        }
        guard chmod(temporary, 0o644) == 0, rename(temporary, path) == 0 else {
            throw Failure(description: "cannot replace \(path): \(FileFailure.words(errno))")
        }
    }

    /// Whether a delivery with this directory is running. Tests the lock if this process may open it. Otherwise looks for the process that the report
    /// names.
    package static func isHeld(inDirectory directory: String, by report: DeliveryReport?) -> Bool {
        let descriptor = open(directory + "/lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            guard errno == EACCES, let report else { return false }
            return kill(report.pid, 0) == 0 || errno == EPERM
        }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
        return false
    }
}

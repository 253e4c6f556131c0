import FoundationEssentials
import Glibc
import Spool

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
        do throws(SpoolError) {
            try PosixFileSystem().makeDirectories(directory, below: "/", thorough: false)
        } catch {
            throw Failure(description: "the runtime directory can't be made: \(error)")
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
        // An earlier daemon's report would name a process that is another one by now.
        unlink(path)
    }

    deinit {
        close(lock)
    }

    /// Replaces the file. It lives on a tmpfs and says nothing that must outlive the daemon: nothing is synced. Everybody may read it,
    /// whatever the umask: it holds no secret, and on-call people are not the service's user.
    package func write(_ report: StatusReport) throws(Failure) {
        let temporary = path + ".new"
        let content: Data
        do {
            content = try report.encoded()
        } catch {
            throw Failure(description: "the status can't be put into JSON: \(error)")
        }
        guard Self.write(content, to: temporary) else {
            throw Failure(description: "cannot write \(temporary): \(String(cString: strerror(errno)))")
        }
        guard chmod(temporary, 0o644) == 0, rename(temporary, path) == 0 else {
            throw Failure(description: "cannot replace \(path): \(String(cString: strerror(errno)))")
        }
    }

    private static func write(_ content: Data, to path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { return false }
        let isWritten = content.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(file, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            return true
        }
        // close(2) may tell of a write that failed late; errno of the write that failed before it is kept.
        let code = errno
        let isClosed = close(file) == 0
        if !isWritten { errno = code }
        return isWritten && isClosed
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

import Credentials
import Glibc

/// A lock that a command holds while it checks that its new names are unused, and saves its change. If two commands run at the same time, each sees
/// the other's change completely or not at all.
///
/// The lock is on the directory of the configuration (flock(2)), so it needs no lock file, and is released when the process ends.
struct ConfigurationLock: ~Copyable {
    /// -1 after the release, or if the directory can't be opened.
    private var descriptor: Int32

    /// Takes the lock. If another run holds it, waits for up to 30 s, and then throws. If the directory can't be opened or its file system has no
    /// locks, returns at once without a lock.
    ///
    /// - Parameter path: the absolute path of the configuration.
    static func take(_ path: String, _ interruption: Interruption = Interruption()) async throws -> ConfigurationLock {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        let opened = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { return ConfigurationLock(descriptor: -1) }
        do {
            for _ in 0..<600 {
                let isTaken = flock(opened, LOCK_EX | LOCK_NB) == 0
                guard !isTaken, errno == EWOULDBLOCK || errno == EINTR else {
                    return ConfigurationLock(descriptor: opened)
                }
                try interruption.check()
                try await Task.sleep(for: .milliseconds(50))
            }
            throw CredentialFileError(
                "another tributary command is changing the files of \(directory): try again when it has ended")
        } catch {
            close(opened)
            throw error
        }
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Releases the lock, so that the next run can continue.
    mutating func release() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}

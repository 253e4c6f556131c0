import Credentials
import Glibc

/// Held while a command chooses free names and saves: if two runs overlap, the second one sees everything that the first one has saved, or nothing.
///
/// It is a lock on the directory of the configuration (flock(2)), so it leaves no file, and ends with the process.
struct ConfigurationLock: ~Copyable {
    /// -1 after the release, or if the file system has no locks.
    private var descriptor: Int32

    /// Waits until no other run holds it, for up to 30 s. On a file system without locks it returns at once.
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
            throw CredentialFileError("another run is changing the files of \(directory): try again when it has ended")
        } catch {
            close(opened)
            throw error
        }
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Lets the next run continue.
    mutating func release() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}

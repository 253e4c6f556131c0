import Glibc
import Synchronization

/// When each credential was last accepted by Okta, kept across restarts: the time of change of an empty file, `STATE/credential-uses/NAME`.
/// Nothing relies on it but `tributary credential list` and a warning.
package final class CredentialUses: Sendable {
    /// A file is touched at most so often. Milliseconds.
    private static let interval: Int64 = 3_600_000

    private let directory: String
    private let noted = Mutex<[String: Int64]>([:])

    package init(stateDirectory: String) { directory = "\(stateDirectory)/credential-uses" }

    /// Seconds since 1970 of the last use; nil for none that is known.
    package func lastUse(of name: String) -> Int? {
        var status = stat()
        return lstat("\(directory)/\(name)", &status) == 0 ? status.st_mtim.tv_sec : nil
    }

    /// Okta accepted the credential just now.
    func note(_ name: String, now: Int64 = WallClock.now()) {
        let isDue = noted.withLock { noted in
            if let last = noted[name], (0..<Self.interval).contains(now - last) { return false }
            noted[name] = now
            return true
        }
        guard isDue else { return }
        mkdir(directory, 0o750)
        let file = open("\(directory)/\(name)", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o640)
        guard file >= 0 else { return }
        futimens(file, nil)
        close(file)
    }
}

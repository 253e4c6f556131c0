import Glibc
import Synchronization

/// When Okta last accepted each credential, kept across restarts as the modification time of an empty file, `STATE/credential-uses/NAME`.
/// These times are used only by `tributary credential list` and by a warning.
package final class CredentialUses: Sendable {
    /// The minimum time between two updates of a file, in milliseconds.
    private static let interval: Int64 = 3_600_000

    private let directory: String
    private let noted = Mutex<[String: Int64]>([:])

    package init(stateDirectory: String) { directory = "\(stateDirectory)/credential-uses" }

    /// The time of the last use in seconds since 1970; nil if no use is known.
    package func lastUse(of name: String) -> Int? {
        var status = stat()
        return lstat("\(directory)/\(name)", &status) == 0 ? status.st_mtim.tv_sec : nil
    }

    /// Records that Okta has just accepted the credential.
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

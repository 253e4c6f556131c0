import FoundationEssentials
import Glibc
import Spool

/// A directory of this process for files on the way to a destination. It is removed when it is let go of; one that a killed process has left is removed when the next
/// one with the same prefix is made.
package final class TemporaryDirectory: Sendable {
    package let path: String
    /// The kernel gives it up when the process dies.
    private let lock: DirectoryLock

    /// Where the directories are, as the environment says.
    package static var standard: String { ProcessInfo.processInfo.environment["TMPDIR"] ?? "/var/tmp" }

    private static let lockName = "lock"
    /// Another process may take a new directory for an abandoned one before it is locked. Then another one is made, at most this often.
    private static let attempts = 5

    /// Makes it, and removes abandoned ones.
    ///
    /// - Parameters:
    ///   - prefix: of its name; the rest is random.
    ///   - above: an existing directory.
    package init(prefix: String, above: String = standard) throws(DeliveryTrouble) {
        Self.removeAbandoned(prefix, in: above)
        var code: Int32 = 0
        for _ in 0..<Self.attempts {
            var template = Array("\(above)/\(prefix)XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                code = errno
                break
            }
            let made = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
            do throws(SpoolError) {
                let lock = try DirectoryLock(made, name: Self.lockName, PosixFileSystem())
                guard access("\(made)/\(Self.lockName)", F_OK) == 0 else { continue }
                self.lock = lock
                path = made
                return
            } catch {
                if case .file(let cause) = error { code = cause.code }
                try? FileManager.default.removeItem(atPath: made)
            }
        }
        throw DeliveryTrouble(
            "no directory can be made in \(above): \(FileFailure.words(code))",
            remedy: "Free space there, or name another directory by TMPDIR")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Whether it is still there: a cleaner of old files may have removed it.
    package var exists: Bool { access("\(path)/\(Self.lockName)", F_OK) == 0 }

    /// Removes those of this user whose process has ended.
    private static func removeAbandoned(_ prefix: String, in above: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: above)) ?? [] where name.hasPrefix(prefix) {
            let path = "\(above)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, status.st_uid == geteuid(), status.st_mode & S_IFMT == S_IFDIR,
                let lock = try? DirectoryLock(path, name: lockName, PosixFileSystem())
            else { continue }
            withExtendedLifetime(lock) { try? FileManager.default.removeItem(atPath: path) }
        }
    }
}

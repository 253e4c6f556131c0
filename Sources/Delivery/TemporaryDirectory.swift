import FoundationEssentials
import Glibc
import Spool

/// A directory for temporary files of this process. It is removed together with this object. If the process is killed, its directory is removed when
/// the next directory with the same prefix is made.
package final class TemporaryDirectory: Sendable {
    package let path: String
    /// The kernel releases the lock when the process dies.
    private let lock: DirectoryLock

    /// The directory in which temporary directories are made: `$TMPDIR` if it is set, otherwise `/var/tmp`.
    package static var standard: String { ProcessInfo.processInfo.environment["TMPDIR"] ?? "/var/tmp" }

    private static let lockName = "lock"
    /// The maximum number of attempts to make a directory. Until a new directory is locked, another process may remove it, because it looks
    /// abandoned. Then another directory is made.
    private static let attempts = 5

    /// Makes the directory, and removes the directories of processes that were killed.
    ///
    /// - Parameters:
    ///   - prefix: the beginning of the name; the rest is random.
    ///   - above: the existing directory in which to make the new one.
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
                guard access("\(made)/\(Self.lockName)", F_OK) == 0 else {
                    code = ENOENT
                    continue
                }
                self.lock = lock
                path = made
                return
            } catch {
                if case .file(let cause) = error { code = cause.code }
                try? FileManager.default.removeItem(atPath: made)
            }
        }
        throw DeliveryTrouble(
            "can't make a directory in \(above): \(FileFailure.words(code))",
            remedy: "Make that directory writable for the service's user, free up space there, "
                + "or set TMPDIR to another directory")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Whether the directory still exists. A program that cleans up old files may have removed it.
    package var exists: Bool { access("\(path)/\(Self.lockName)", F_OK) == 0 }

    /// Removes this user's directories whose process has ended.
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

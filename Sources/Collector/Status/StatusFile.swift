import FoundationEssentials
import Glibc
import Spool
import Time

/// `status.json` in the runtime directory. It is replaced as a whole, so that a reader never sees half of it. As long as the daemon lives, it holds a
/// lock on a file next to the status.
///
/// Everyone may read the status. Only the service's user may open the lock file. Any other user who could open the lock file could lock it, and so
/// prevent the next start of the daemon.
package final class StatusFile: Sendable {
    /// An error about the file.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The number of attempts to take the lock, 20 ms apart. If all fail, another daemon is assumed to hold the lock. One attempt is not enough,
    /// because `tributary status` also holds the lock for a moment if root or the service's user runs it.
    private static let attempts = 5

    private let path: String
    private let directory: Int32
    private let lock: Int32

    /// Creates the directory if it is missing, and takes its lock.
    ///
    /// - Throws: `Failure` if the directory can't be written, if others may write in it, or if another daemon holds the lock.
    package init(directory path: String) throws(Failure) {
        do throws(SpoolError) {
            try PosixFileSystem().makeDirectories(path, below: "/", thorough: false)
        } catch {
            throw Failure(description: "the runtime directory can't be created: \(error)")
        }
        self.path = path + "/" + StatusReport.fileName
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            throw Failure(description: "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        let lock = openat(directory, Self.lockName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        let code = errno
        self.directory = directory
        self.lock = lock
        // From here on, `deinit` closes the directory and the lock.
        guard lock >= 0 else {
            throw Failure(description: "cannot open \(path)/\(Self.lockName): \(String(cString: strerror(code)))")
        }
        var status = stat()
        guard fstat(directory, &status) == 0, status.st_mode & 0o022 == 0 else {
            throw Failure(
                description:
                    "other users may write in the runtime directory \(path): make it writable for the service's user alone "
                    + "(chmod go-w), or set runtime_directory to such a directory")
        }
        fchmod(lock, 0o600)
        guard Self.take(lock) else {
            throw Failure(
                description: "another tributary is running with the runtime directory \(path); stop it first, or give "
                    + "this one its own runtime_directory, state_directory and spool")
        }
        // The report of an earlier daemon is removed, because the process id in it may belong to another process by now.
        unlinkat(directory, StatusReport.fileName, 0)
    }

    private static func take(_ lock: Int32) -> Bool {
        for attempt in 1...attempts {
            if flock(lock, LOCK_EX | LOCK_NB) == 0 { return true }
            if errno != EWOULDBLOCK || attempt == attempts { break }
            usleep(20_000)
        }
        return false
    }

    deinit {
        if lock >= 0 { close(lock) }
        close(directory)
    }

    /// Replaces the file. It is not synchronized, because it is on a tmpfs and need not survive the daemon. It is readable for all users,
    /// whatever the umask, because it contains no secret and on-call people are not the service's user.
    package func write(_ report: StatusReport) throws(Failure) {
        let temporary = StatusReport.fileName + ".new"
        let content: Data
        do {
            content = try report.encoded()
        } catch {
            throw Failure(description: "the status can't be encoded as JSON: \(error)")
        }
        guard write(content, to: temporary) else {
            throw Failure(description: "cannot write \(path).new: \(String(cString: strerror(errno)))")
        }
        guard renameat(directory, temporary, directory, StatusReport.fileName) == 0 else {
            throw Failure(description: "cannot replace \(path): \(String(cString: strerror(errno)))")
        }
    }

    private func write(_ content: Data, to name: String) -> Bool {
        // A killed daemon may have left this file. No other program writes here.
        unlinkat(directory, name, 0)
        let file = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard file >= 0 else { return false }
        let isWritten = content.withUnsafeBytes { bytes in
            guard fchmod(file, 0o644) == 0 else { return false }
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(file, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            return true
        }
        // If write(2) has failed, its errno is reported, and not that of close(2). The file also counts as not written if only close(2) fails.
        let code = errno
        let isClosed = close(file) == 0
        if !isWritten { errno = code }
        return isWritten && isClosed
    }

    /// Whether the daemon that wrote a report is still running.
    ///
    /// If this user may open the lock, the lock decides. Otherwise the process named in the report decides: a process with that id must exist and be
    /// older than the report.
    package static func isHeld(inDirectory directory: String, by report: StatusReport) -> Bool {
        isLocked(directory) ?? isRunning(report.pid, before: report.updatedAt)
    }

    /// Whether a daemon holds this runtime directory now. Also true if this user may not open the lock.
    package static func isHeld(inDirectory directory: String) -> Bool { isLocked(directory) ?? true }

    /// Whether a process holds the lock; nil if this user may not open the lock.
    private static func isLocked(_ directory: String) -> Bool? {
        let descriptor = open("\(directory)/\(lockName)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return errno == EACCES ? nil : false }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
        return false
    }

    private static func isRunning(_ pid: Int32, before time: String) -> Bool {
        // EPERM means that the process exists but belongs to another user.
        guard pid > 0, kill(pid, 0) == 0 || errno == EPERM else { return false }
        // With hidepid= (proc(5)) the start of another user's process can't be read, so the process counts as running.
        guard let began = ProcessStart(pid) else { return true }
        guard !began.isZombie else { return false }
        guard let written = CivilTime.milliseconds(rfc3339: time) else { return true }
        return began.secondsSince1970 <= Double(written) / 1000 + 2
    }

    private static let lockName = "lock"
}

/// When a process started, from /proc/PID/stat and the kernel's boot time (proc(5)).
private struct ProcessStart {
    let secondsSince1970: Double
    let isZombie: Bool

    init?(_ pid: Int32) {
        guard let stat = Self.text("/proc/\(pid)/stat"), let name = stat.lastIndex(of: ")"),
            let boot = Self.text("/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let bootSeconds = Double(boot.dropFirst(6))
        else { return nil }
        // The fields are split only from field 3 on, because field 2, the process's name, may contain blanks.
        let fields = stat[stat.index(after: name)...].split(separator: " ")
        guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
        secondsSince1970 = bootSeconds + ticks / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        isZombie = fields[0] == "Z"
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}

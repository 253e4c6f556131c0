import Glibc

/// The real file system. Its methods call the system calls of the same name, and handle EINTR and short writes.
///
/// Files are created with mode 0640 and directories with 0750, less the umask, so that loaders can read through their group. Lock files have mode
/// 0600.
package struct PosixFileSystem: FileSystem {
    /// The number of file descriptors that the spool leaves free for the rest of the process. libdispatch needs a few to read its threads' state in
    /// /proc, and ends the process if it can't open them (see `_dispatch_workq_monitor_pools`). Writing `status.json`, which reports the problem,
    /// takes one, too.
    private static let reserve = 16

    package init() {}

    package func open(_ path: String, _ access: FileAccess) throws(SpoolError) -> OpenFile {
        try open(path, at: AT_FDCWD, shown: path, access)
    }

    private func open(
        _ path: String, at directory: Int32, shown: String, _ access: FileAccess
    ) throws(SpoolError) -> OpenFile {
        let flags =
            switch access {
            // Opening a FIFO must not block the daemon. On regular files O_NONBLOCK does nothing (open(2)).
            case .read: O_RDONLY | O_NONBLOCK
            case .update: O_RDWR
            case .create: O_RDWR | O_CREAT
            case .replace: O_RDWR | O_CREAT | O_TRUNC
            case .new: O_RDWR | O_CREAT | O_EXCL
            case .lock: O_RDWR | O_CREAT | O_NONBLOCK
            }
        let mode: mode_t = access == .lock ? 0o600 : 0o640
        let descriptor = try retry(.open, shown) {
            openat(directory, path, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, mode)
        }
        try keepReserve(descriptor, .open, shown)
        // An earlier version of Tributary created lock files that the group could read, so the mode is corrected.
        if access == .lock { _ = fchmod(descriptor, mode) }
        return OpenFile(descriptor: descriptor, path: shown)
    }

    package func close(_ file: OpenFile) {
        _ = Glibc.close(file.descriptor)
    }

    package func read(
        _ file: OpenFile, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SpoolError) -> Int {
        try retry(.read, file.path) { pread(file.descriptor, buffer.baseAddress, buffer.count, Int(offset)) }
    }

    package func write(_ file: OpenFile, at offset: Int64, _ bytes: UnsafeRawBufferPointer) throws(SpoolError) {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = try retry(.write, file.path) {
                pwrite(file.descriptor, rest.baseAddress, rest.count, Int(offset) + written)
            }
            // If pwrite(2) writes nothing, it sets no errno. This is treated as a full disk, so that the write is not retried endlessly.
            guard count > 0 else { throw .file(FileError(.write, file.path, code: ENOSPC)) }
            written += count
        }
    }

    package func truncate(_ file: OpenFile, to length: Int64) throws(SpoolError) {
        _ = try retry(.truncate, file.path) { ftruncate(file.descriptor, Int(length)) }
    }

    package func synchronize(_ file: OpenFile) throws(SpoolError) {
        _ = try retry(.synchronize, file.path) { fdatasync(file.descriptor) }
    }

    package func size(_ file: OpenFile) throws(SpoolError) -> Int64 {
        var result = stat()
        _ = try retry(.size, file.path) { fstat(file.descriptor, &result) }
        return Int64(result.st_size)
    }

    package func isAtPath(_ file: OpenFile) throws(SpoolError) -> Bool {
        var own = stat()
        _ = try retry(.size, file.path) { fstat(file.descriptor, &own) }
        var found = stat()
        do {
            _ = try retry(.size, file.path) { fstatat(AT_FDCWD, file.path, &found, 0) }
        } catch .file(let error) where error.code == ENOENT || error.code == ENOTDIR {
            return false
        }
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)
    }

    package func lock(_ file: OpenFile) throws(SpoolError) -> Bool {
        do {
            _ = try retry(.lock, file.path) { flock(file.descriptor, LOCK_EX | LOCK_NB) }
            return true
        } catch .file(let error) where error.code == EWOULDBLOCK {
            return false
        }
    }

    package func rename(_ source: String, to target: String) throws(SpoolError) {
        _ = try retry(.rename, source) { Glibc.rename(source, target) }
    }

    package func link(_ source: String, to target: String) throws(SpoolError) -> Bool {
        do {
            _ = try retry(.link, target) { Glibc.link(source, target) }
            return true
        } catch .file(let error) where error.code == EEXIST {
            return false
        }
    }

    package func unlink(_ path: String) throws(SpoolError) {
        _ = try retry(.unlink, path) { Glibc.unlink(path) }
    }

    package func makeDirectory(_ path: String) throws(SpoolError) -> Bool {
        do {
            _ = try retry(.makeDirectory, path) { mkdir(path, 0o750) }
            return true
        } catch .file(let error) where error.code == EEXIST {
            return false
        }
    }

    package func removeDirectory(_ path: String) throws(SpoolError) {
        _ = try retry(.removeDirectory, path) { rmdir(path) }
    }

    package func synchronizeDirectory(_ path: String) throws(SpoolError) {
        let descriptor = try retry(.synchronizeDirectory, path) { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        try keepReserve(descriptor, .synchronizeDirectory, path)
        defer { _ = Glibc.close(descriptor) }
        _ = try retry(.synchronizeDirectory, path) { fsync(descriptor) }
    }

    package func list(_ path: String) throws(SpoolError) -> [DirectoryEntry] {
        guard let directory = opendir(path) else { throw .file(FileError(.list, path, code: errno)) }
        defer { _ = closedir(directory) }
        return try entries(of: directory, path, limit: .max) { (name) throws(SpoolError) in
            try status("\(path)/\(name)")
        } ?? []
    }

    /// The entries of a directory; nil if there are more than `limit`.
    private func entries(
        of directory: OpaquePointer, _ path: String, limit: Int,
        status: (String) throws(SpoolError) -> FileStatus?
    ) throws(SpoolError) -> [DirectoryEntry]? {
        var entries: [DirectoryEntry] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                if errno != 0 { throw .file(FileError(.list, path, code: errno)) }
                return entries
            }
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            guard entries.count < limit else { return nil }
            let isDirectory =
                switch Int(entry.pointee.d_type) {
                case Int(DT_DIR): true
                case Int(DT_UNKNOWN): try status(name)?.isDirectory ?? false
                default: false
                }
            entries.append(DirectoryEntry(name: name, isDirectory: isDirectory))
        }
    }

    package func status(_ path: String) throws(SpoolError) -> FileStatus? {
        try status(path, at: AT_FDCWD, shown: path)
    }

    private func status(_ path: String, at directory: Int32, shown: String) throws(SpoolError) -> FileStatus? {
        var result = stat()
        do {
            _ = try retry(.status, shown) { fstatat(directory, path, &result, AT_SYMLINK_NOFOLLOW) }
        } catch .file(let error) where error.code == ENOENT || error.code == ENOTDIR {
            return nil
        }
        return FileStatus(result)
    }

    // MARK: In directories where other users write

    package func openDirectory(_ path: String) throws(SpoolError) -> OpenFile {
        let descriptor = try retry(.open, path) {
            Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        try keepReserve(descriptor, .open, path)
        return OpenFile(descriptor: descriptor, path: path)
    }

    package func open(_ name: String, in directory: OpenFile, _ access: FileAccess) throws(SpoolError) -> OpenFile {
        try open(name, at: directory.descriptor, shown: "\(directory.path)/\(name)", access)
    }

    package func status(of file: OpenFile) throws(SpoolError) -> FileStatus {
        var result = stat()
        _ = try retry(.status, file.path) { fstat(file.descriptor, &result) }
        return FileStatus(result)
    }

    package func status(_ name: String, in directory: OpenFile) throws(SpoolError) -> FileStatus? {
        try status(name, at: directory.descriptor, shown: "\(directory.path)/\(name)")
    }

    package func rename(_ name: String, to target: String, in directory: OpenFile) throws(SpoolError) {
        _ = try retry(.rename, "\(directory.path)/\(name)") {
            renameat(directory.descriptor, name, directory.descriptor, target)
        }
    }

    package func unlink(_ name: String, in directory: OpenFile) throws(SpoolError) {
        _ = try retry(.unlink, "\(directory.path)/\(name)") { unlinkat(directory.descriptor, name, 0) }
    }

    package func list(_ directory: OpenFile, limit: Int) throws(SpoolError) -> [DirectoryEntry]? {
        // The directory is opened a second time, because the listing needs a separate read position.
        let descriptor = try retry(.list, directory.path) {
            openat(directory.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard let stream = fdopendir(descriptor) else {
            let code = errno
            _ = Glibc.close(descriptor)
            throw .file(FileError(.list, directory.path, code: code))
        }
        defer { _ = closedir(stream) }
        return try entries(of: stream, directory.path, limit: limit) { (name) throws(SpoolError) in
            try status(name, in: directory)
        }
    }

    package func synchronizeDirectory(_ directory: OpenFile) throws(SpoolError) {
        _ = try retry(.synchronizeDirectory, directory.path) { fsync(directory.descriptor) }
    }

    /// If too few descriptors are left, closes this descriptor and throws as if open had failed. The number of the descriptor shows how many are in
    /// use, because the kernel always assigns the lowest free number.
    private func keepReserve(_ descriptor: Int32, _ operation: FileOperation, _ path: String) throws(SpoolError) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
            UInt64(descriptor) + UInt64(Self.reserve) >= UInt64(limit.rlim_cur)
        else { return }
        _ = Glibc.close(descriptor)
        throw .file(FileError(operation, path, code: EMFILE))
    }

    private func retry<Result: FixedWidthInteger>(
        _ operation: FileOperation, _ path: String, _ call: () -> Result
    ) throws(SpoolError) -> Result {
        while true {
            let result = call()
            if result != -1 { return result }
            let code = errno
            if code != EINTR { throw .file(FileError(operation, path, code: code)) }
        }
    }
}

extension FileStatus {
    fileprivate init(_ status: stat) {
        self.init(
            size: Int64(status.st_size), isDirectory: status.st_mode & S_IFMT == S_IFDIR,
            isRegular: status.st_mode & S_IFMT == S_IFREG, owner: status.st_uid,
            modifiedAt: Int64(status.st_mtim.tv_sec))
    }
}

import Glibc

/// The real file system, by the calls of the same name. EINTR and short writes are dealt with here.
///
/// Files are made with mode 0640 and directories with 0750, less the umask: a loader reads by group.
package struct PosixFileSystem: FileSystem {
    /// Descriptors that the spool leaves to others. libdispatch ends the process when it can't open the few that it needs (it looks at
    /// its threads in /proc, see `_dispatch_workq_monitor_pools`), and the status has to be written to say what is wrong.
    private static let reserve = 16

    package init() {}

    package func open(_ path: String, _ access: FileAccess) throws(SpoolError) -> OpenFile {
        let flags =
            switch access {
            // Loaders write in `_acks`: a FIFO there must not hold the daemon. On files O_NONBLOCK does nothing (open(2)).
            case .read: O_RDONLY | O_NONBLOCK
            case .update: O_RDWR
            case .create: O_RDWR | O_CREAT
            case .replace: O_RDWR | O_CREAT | O_TRUNC
            }
        let descriptor = try retry(.open, path) { Glibc.open(path, flags | O_CLOEXEC, 0o640) }
        try keepReserve(descriptor, .open, path)
        return OpenFile(descriptor: descriptor, path: path)
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
            // pwrite(2) gives no reason when it writes nothing; taken for a full disk rather than tried for ever.
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

    package func hasName(_ file: OpenFile) throws(SpoolError) -> Bool {
        var result = stat()
        _ = try retry(.size, file.path) { fstat(file.descriptor, &result) }
        return result.st_nlink > 0
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
            let isDirectory =
                switch Int(entry.pointee.d_type) {
                case Int(DT_DIR): true
                case Int(DT_UNKNOWN): try status("\(path)/\(name)")?.isDirectory ?? false
                default: false
                }
            entries.append(DirectoryEntry(name: name, isDirectory: isDirectory))
        }
    }

    package func status(_ path: String) throws(SpoolError) -> FileStatus? {
        var result = stat()
        do {
            _ = try retry(.status, path) { lstat(path, &result) }
        } catch .file(let error) where error.code == ENOENT || error.code == ENOTDIR {
            return nil
        }
        return FileStatus(size: Int64(result.st_size), isDirectory: result.st_mode & S_IFMT == S_IFDIR)
    }

    /// Gives a descriptor back, as if there had been none, where too few are left: the kernel gives out the lowest that is free.
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

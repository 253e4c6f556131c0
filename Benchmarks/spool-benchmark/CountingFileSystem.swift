import Spool
import Synchronization

/// The real file system, with each operation counted. Synchronizations can be omitted: a test spool is then made quickly, but would not survive a
/// power cut.
final class CountingFileSystem: FileSystem {
    struct Counts {
        var operations: [FileOperation: Int] = [:]
        var bytesRead = 0
        var bytesWritten = 0
    }

    private let real = PosixFileSystem()
    private let synchronizes: Bool
    private let state = Mutex(Counts())

    init(synchronizes: Bool = true) { self.synchronizes = synchronizes }

    var counts: Counts { state.withLock { $0 } }

    private func note(_ operation: FileOperation, read: Int = 0, written: Int = 0) {
        state.withLock { counts in
            counts.operations[operation, default: 0] += 1
            counts.bytesRead += read
            counts.bytesWritten += written
        }
    }

    func open(_ path: String, _ access: FileAccess) throws(SpoolError) -> OpenFile {
        note(.open)
        return try real.open(path, access)
    }

    func close(_ file: OpenFile) { real.close(file) }

    func read(_ file: OpenFile, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SpoolError) -> Int
    {
        let count = try real.read(file, at: offset, into: buffer)
        note(.read, read: count)
        return count
    }

    func write(_ file: OpenFile, at offset: Int64, _ bytes: UnsafeRawBufferPointer) throws(SpoolError) {
        note(.write, written: bytes.count)
        try real.write(file, at: offset, bytes)
    }

    func truncate(_ file: OpenFile, to length: Int64) throws(SpoolError) {
        note(.truncate)
        try real.truncate(file, to: length)
    }

    func synchronize(_ file: OpenFile) throws(SpoolError) {
        note(.synchronize)
        if synchronizes { try real.synchronize(file) }
    }

    func size(_ file: OpenFile) throws(SpoolError) -> Int64 {
        note(.size)
        return try real.size(file)
    }

    func isAtPath(_ file: OpenFile) throws(SpoolError) -> Bool {
        note(.size)
        return try real.isAtPath(file)
    }

    func lock(_ file: OpenFile) throws(SpoolError) -> Bool {
        note(.lock)
        return try real.lock(file)
    }

    func rename(_ source: String, to target: String) throws(SpoolError) {
        note(.rename)
        try real.rename(source, to: target)
    }

    func link(_ source: String, to target: String) throws(SpoolError) -> Bool {
        note(.link)
        return try real.link(source, to: target)
    }

    func unlink(_ path: String) throws(SpoolError) {
        note(.unlink)
        try real.unlink(path)
    }

    func makeDirectory(_ path: String) throws(SpoolError) -> Bool {
        note(.makeDirectory)
        return try real.makeDirectory(path)
    }

    func removeDirectory(_ path: String) throws(SpoolError) {
        note(.removeDirectory)
        try real.removeDirectory(path)
    }

    func synchronizeDirectory(_ path: String) throws(SpoolError) {
        note(.synchronizeDirectory)
        if synchronizes { try real.synchronizeDirectory(path) }
    }

    func list(_ path: String) throws(SpoolError) -> [DirectoryEntry] {
        note(.list)
        return try real.list(path)
    }

    func status(_ path: String) throws(SpoolError) -> FileStatus? {
        note(.status)
        return try real.status(path)
    }
}

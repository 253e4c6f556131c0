import Glibc
import Synchronization

@testable import Spool

/// The real file system with faults at chosen operations. It counts synchronizations without performing them, because only a power cut would
/// show the difference.
final class ScriptedFileSystem: FileSystem {
    enum Fault: Sendable {
        /// The process dies: before the operation, after half of a write, or after the operation. Every later operation fails.
        case crashBefore, crashPartly, crashAfter
        /// The operation fails with this errno(3) and has no effect. A write fails after half of its bytes.
        case fail(Int32)
        /// The operation takes effect, but fails with this errno(3).
        case failAfter(Int32)
    }

    private struct State {
        var count = 0
        var isDead = false
        var log: [(FileOperation, String)] = []
        var script: @Sendable (Int, FileOperation, String) -> Fault? = { _, _, _ in nil }
    }
    private let state = Mutex(State())
    private let real = PosixFileSystem()

    init(_ script: @escaping @Sendable (Int, FileOperation, String) -> Fault? = { _, _, _ in nil }) {
        state.withLock { $0.script = script }
    }

    /// How many operations that change something were called so far.
    var count: Int { state.withLock { $0.count } }
    var isDead: Bool { state.withLock { $0.isDead } }
    var log: [(FileOperation, String)] { state.withLock { $0.log } }

    func script(_ script: @escaping @Sendable (Int, FileOperation, String) -> Fault?) {
        state.withLock { $0.script = script }
    }

    private func perform<Result>(
        _ operation: FileOperation, _ path: String,
        partly: () throws(SpoolError) -> Void = { () throws(SpoolError) in },
        _ body: () throws(SpoolError) -> Result
    ) throws(SpoolError) -> Result {
        let fault: Fault? = try state.withLock { (state) throws(SpoolError) in
            if state.isDead { throw SpoolError.file(FileError(operation, path, code: ECANCELED)) }
            state.count += 1
            state.log.append((operation, path))
            let fault = state.script(state.count, operation, path)
            switch fault {
            case .crashBefore, .crashPartly, .crashAfter: state.isDead = true
            default: break
            }
            return fault
        }
        let crashed = SpoolError.file(FileError(operation, path, code: ECANCELED))
        switch fault {
        case nil: return try body()
        case .crashBefore: throw crashed
        case .crashPartly:
            try partly()
            throw crashed
        case .crashAfter:
            _ = try body()
            throw crashed
        case .fail(let code):
            try partly()
            throw .file(FileError(operation, path, code: code))
        case .failAfter(let code):
            _ = try body()
            throw .file(FileError(operation, path, code: code))
        }
    }

    private func alive(_ operation: FileOperation, _ path: String) throws(SpoolError) {
        if isDead { throw .file(FileError(operation, path, code: ECANCELED)) }
    }

    func open(_ path: String, _ access: FileAccess) throws(SpoolError) -> OpenFile {
        switch access {
        case .read, .update:
            try alive(.open, path)
            return try real.open(path, access)
        case .create, .replace, .new, .lock:
            var opened: OpenFile?
            do throws(SpoolError) {
                return try perform(.open, path) { () throws(SpoolError) in
                    let file = try real.open(path, access)
                    opened = file
                    return file
                }
            } catch {
                if let opened { real.close(opened) }
                throw error
            }
        }
    }

    func close(_ file: OpenFile) { real.close(file) }

    func read(
        _ file: OpenFile, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SpoolError) -> Int {
        try alive(.read, file.path)
        return try real.read(file, at: offset, into: buffer)
    }

    func write(_ file: OpenFile, at offset: Int64, _ bytes: UnsafeRawBufferPointer) throws(SpoolError) {
        try perform(.write, file.path) { () throws(SpoolError) in
            try real.write(file, at: offset, UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count / 2)))
        } _: { () throws(SpoolError) in
            try real.write(file, at: offset, bytes)
        }
    }

    func truncate(_ file: OpenFile, to length: Int64) throws(SpoolError) {
        try perform(.truncate, file.path) { () throws(SpoolError) in try real.truncate(file, to: length) }
    }

    func synchronize(_ file: OpenFile) throws(SpoolError) {
        try perform(.synchronize, file.path) { () throws(SpoolError) in }
    }

    func size(_ file: OpenFile) throws(SpoolError) -> Int64 {
        try alive(.size, file.path)
        return try real.size(file)
    }

    func isAtPath(_ file: OpenFile) throws(SpoolError) -> Bool {
        try alive(.size, file.path)
        return try real.isAtPath(file)
    }

    func lock(_ file: OpenFile) throws(SpoolError) -> Bool {
        try alive(.lock, file.path)
        return try real.lock(file)
    }

    func rename(_ source: String, to target: String) throws(SpoolError) {
        try perform(.rename, source) { () throws(SpoolError) in try real.rename(source, to: target) }
    }

    func link(_ source: String, to target: String) throws(SpoolError) -> Bool {
        try perform(.link, target) { () throws(SpoolError) in try real.link(source, to: target) }
    }

    func unlink(_ path: String) throws(SpoolError) {
        try perform(.unlink, path) { () throws(SpoolError) in try real.unlink(path) }
    }

    func makeDirectory(_ path: String) throws(SpoolError) -> Bool {
        try perform(.makeDirectory, path) { () throws(SpoolError) in try real.makeDirectory(path) }
    }

    func removeDirectory(_ path: String) throws(SpoolError) {
        try perform(.removeDirectory, path) { () throws(SpoolError) in try real.removeDirectory(path) }
    }

    func synchronizeDirectory(_ path: String) throws(SpoolError) {
        try perform(.synchronizeDirectory, path) { () throws(SpoolError) in }
    }

    func list(_ path: String) throws(SpoolError) -> [DirectoryEntry] {
        try alive(.list, path)
        return try real.list(path)
    }

    func status(_ path: String) throws(SpoolError) -> FileStatus? {
        try alive(.status, path)
        return try real.status(path)
    }
}

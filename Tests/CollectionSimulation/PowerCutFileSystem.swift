import Glibc
import Spool
import Synchronization

/// A file system in memory that can lose changes in a power cut. It can lose any change that is not synchronized, as a disk may.
///
/// Contents: each write since the last synchronization is kept, is lost, or loses its second half. The file ends with the last kept write, and
/// a gap before it contains zeros.
///
/// Names: each creation, renaming or removal since the directory was synchronized is kept or lost. The two names of a renaming are kept or
/// lost independently, so both may be left, or neither.
package final class PowerCutFileSystem: FileSystem {
    private enum Change {
        case write(Int, [UInt8])
        case truncate(Int)
    }

    private struct File {
        var durable: [UInt8] = []
        var current: [UInt8] = []
        var changes: [Change] = []

        /// Applies the changes to the durable bytes instead of copying all current bytes, because a journal is long and is synchronized after each
        /// page.
        mutating func synchronize() {
            for change in changes {
                switch change {
                case .write(let offset, let written): PowerCutFileSystem.apply(written[...], at: offset, &durable)
                case .truncate(let length): PowerCutFileSystem.resize(&durable, length)
                }
            }
            changes = []
        }
    }

    private struct Directory {
        var durable: [String: Int] = [:]
        var current: [String: Int] = [:]
    }

    private struct State {
        var files: [Int: File] = [:]
        var directories: [Int: Directory] = [0: Directory()]
        var open: [Int32: Int] = [:]
        var locked: Set<Int> = []
        var next = 1
        var nextDescriptor: Int32 = 100
        var count = 0
        var cutAt = Int.max
        var copyAt = Int.max
        var copied: (path: String, Copy)?
        var fault: (@Sendable (FileOperation, String) -> Int32)?
    }

    /// A file, or a directory with everything in it, as it was at some moment.
    package indirect enum Copy: Sendable {
        case file([UInt8])
        case directory([String: Copy])
    }
    private let state = Mutex(State())

    package init() {}

    package var count: Int { state.withLock { $0.count } }

    package func cut(at count: Int) { state.withLock { $0.cutAt = count } }

    /// Whether the power cut has happened.
    package var isCut: Bool { state.withLock { $0.count >= $0.cutAt } }

    /// Sets a closure that is called before each change. It returns the errno(3) with which the change fails, or 0.
    package func fail(_ fault: (@Sendable (FileOperation, String) -> Int32)?) { state.withLock { $0.fault = fault } }

    /// Changes the bytes of a file on the disk, as a failing disk does.
    package func damage(_ path: String, _ body: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard let id = Self.find(path, state), var bytes = state.files[id]?.current else { return }
            body(&bytes)
            state.files[id] = File(durable: bytes, current: bytes)
        }
    }

    /// A copy of the file or directory at the path; nil if there is none.
    package func copy(_ path: String) -> Copy? {
        state.withLock { state in Self.find(path, state).flatMap { Self.copy($0, state) } }
    }

    /// Requests a copy of what is at the path after `count` operations. ``takeCopy()`` returns the copy.
    package func copy(_ path: String, at count: Int) {
        state.withLock { state in
            state.copied = (path, .directory([:]))
            state.copyAt = count
        }
    }

    /// Returns the requested copy; nil if none was requested. If there were too few operations for the copy, makes it now.
    package func takeCopy() -> Copy? {
        state.withLock { state in
            defer { (state.copied, state.copyAt) = (nil, .max) }
            guard let (path, copy) = state.copied else { return nil }
            return state.copyAt == .max ? copy : Self.find(path, state).flatMap { Self.copy($0, state) }
        }
    }

    /// Replaces what is at the path with a copy. The change is durable. If `copy` is nil, removes what is at the path.
    package func replace(_ path: String, with copy: Copy?) {
        let (parent, name) = split(path)
        state.withLock { state in
            guard let directory = Self.find(parent, state) else { return }
            let id = copy.map { Self.make($0, &state) }
            state.directories[directory]?.current[name] = id
            state.directories[directory]?.durable[name] = id
        }
    }

    private static func copy(_ id: Int, _ state: State) -> Copy? {
        if let file = state.files[id] { return .file(file.current) }
        return state.directories[id].map { .directory($0.current.compactMapValues { copy($0, state) }) }
    }

    private static func make(_ copy: Copy, _ state: inout State) -> Int {
        let id = state.next
        state.next += 1
        switch copy {
        case .file(let bytes): state.files[id] = File(durable: bytes, current: bytes)
        case .directory(let entries):
            let names = entries.mapValues { make($0, &state) }
            state.directories[id] = Directory(durable: names, current: names)
        }
        return id
    }

    /// Ends the process that uses the files. The power stays on, so no change is lost.
    package func killed() {
        state.withLock { state in
            state.cutAt = .max
            state.count = 0
            state.open = [:]
            state.locked = []
        }
    }

    /// Turns the power on again after a power cut. Each change that was not synchronized is kept or lost at random.
    package func reboot(_ generator: inout some RandomNumberGenerator) {
        var seed = SeededGenerator(seed: generator.next())
        state.withLock { state in
            state.cutAt = .max
            state.count = 0
            state.open = [:]
            state.locked = []
            for id in state.files.keys.sorted() {
                guard var file = state.files[id] else { continue }
                var bytes = file.durable
                for change in file.changes {
                    switch change {
                    case .write(let offset, let written):
                        let share = Int.random(in: 0...2, using: &seed)
                        if share > 0 {
                            Self.apply(
                                written.prefix(share == 1 ? written.count / 2 : written.count), at: offset, &bytes)
                        }
                    case .truncate(let length):
                        if Bool.random(using: &seed) { Self.resize(&bytes, length) }
                    }
                }
                file.durable = bytes
                file.current = bytes
                file.changes = []
                state.files[id] = file
            }
            for id in state.directories.keys.sorted() {
                guard var directory = state.directories[id] else { continue }
                for name in Set(directory.durable.keys).union(directory.current.keys).sorted()
                where directory.durable[name] != directory.current[name] && Bool.random(using: &seed) {
                    directory.durable[name] = directory.current[name]
                }
                directory.current = directory.durable
                state.directories[id] = directory
            }
        }
    }

    private static func resize(_ bytes: inout [UInt8], _ length: Int) {
        if bytes.count > length { bytes.removeLast(bytes.count - length) }
        if bytes.count < length { bytes += [UInt8](repeating: 0, count: length - bytes.count) }
    }

    private static func apply(_ written: ArraySlice<UInt8>, at offset: Int, _ bytes: inout [UInt8]) {
        if bytes.count < offset + written.count { resize(&bytes, offset + written.count) }
        bytes.replaceSubrange(offset..<offset + written.count, with: written)
    }

    private static func find(_ path: String, _ state: State) -> Int? {
        var id = 0
        for component in path.utf8.split(separator: UInt8(ascii: "/")) {
            guard let next = state.directories[id]?.current[String(Substring(component))] else { return nil }
            id = next
        }
        return id
    }

    private func change<Result>(
        _ operation: FileOperation, _ path: String, _ body: (inout State) -> (Result, Int32)
    ) throws(SpoolError) -> Result where Result: Sendable {
        if let fault = state.withLock(\.fault), case let code = fault(operation, path), code != 0 {
            throw .file(FileError(operation, path, code: code))
        }
        return try state.withLock { (state) throws(SpoolError) in
            guard state.count < state.cutAt else { throw .file(FileError(operation, path, code: ECANCELED)) }
            if state.count >= state.copyAt, let (path, _) = state.copied {
                state.copied = Self.find(path, state).flatMap { Self.copy($0, state) }.map { (path, $0) }
                state.copyAt = .max
            }
            state.count += 1
            let (result, code) = body(&state)
            if code != 0 { throw .file(FileError(operation, path, code: code)) }
            return result
        }
    }

    private func split(_ path: String) -> (String, String) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
        return (String(path[..<slash]), String(path[slash...].dropFirst()))
    }

    package func open(_ path: String, _ access: FileAccess) throws(SpoolError) -> OpenFile {
        let (parent, name) = split(path)
        let descriptor: Int32 = try change(.open, path) { state in
            guard let directory = Self.find(parent, state) else { return (0, ENOENT) }
            var id = state.directories[directory]?.current[name]
            if id == nil {
                switch access {
                case .read, .update: return (0, ENOENT)
                case .create, .replace, .new, .lock: break
                }
                id = state.next
                state.files[state.next] = File()
                state.directories[directory]?.current[name] = state.next
                state.next += 1
            } else if case .replace = access, let id {
                state.files[id]?.current = []
                state.files[id]?.changes.append(.truncate(0))
            }
            state.nextDescriptor += 1
            state.open[state.nextDescriptor] = id
            return (state.nextDescriptor, 0)
        }
        return OpenFile(descriptor: descriptor, path: path)
    }

    package func close(_ file: OpenFile) {
        state.withLock { state in
            if let id = state.open.removeValue(forKey: file.descriptor) { state.locked.remove(id) }
        }
    }

    package func read(_ file: OpenFile, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SpoolError)
        -> Int
    {
        let bytes = state.withLock { state in state.open[file.descriptor].flatMap { state.files[$0]?.current } ?? [] }
        let rest = bytes.dropFirst(Int(offset)).prefix(buffer.count)
        buffer.copyBytes(from: rest)
        return rest.count
    }

    package func write(_ file: OpenFile, at offset: Int64, _ bytes: UnsafeRawBufferPointer) throws(SpoolError) {
        let written = Array(bytes)
        try change(.write, file.path) { state in
            guard let id = state.open[file.descriptor], state.files[id] != nil else { return ((), EBADF) }
            Self.apply(written[...], at: Int(offset), &state.files[id, default: File()].current)
            state.files[id, default: File()].changes.append(.write(Int(offset), written))
            return ((), 0)
        }
    }

    package func truncate(_ file: OpenFile, to length: Int64) throws(SpoolError) {
        try change(.truncate, file.path) { state in
            guard let id = state.open[file.descriptor], state.files[id] != nil else { return ((), EBADF) }
            Self.resize(&state.files[id, default: File()].current, Int(length))
            state.files[id, default: File()].changes.append(.truncate(Int(length)))
            return ((), 0)
        }
    }

    package func synchronize(_ file: OpenFile) throws(SpoolError) {
        try change(.synchronize, file.path) { state in
            guard let id = state.open[file.descriptor], state.files[id] != nil else { return ((), EBADF) }
            state.files[id, default: File()].synchronize()
            return ((), 0)
        }
    }

    package func size(_ file: OpenFile) throws(SpoolError) -> Int64 {
        state.withLock { state in Int64(state.open[file.descriptor].flatMap { state.files[$0]?.current.count } ?? 0) }
    }

    package func isAtPath(_ file: OpenFile) throws(SpoolError) -> Bool {
        state.withLock { state in
            guard let id = state.open[file.descriptor] else { return false }
            return Self.find(file.path, state) == id
        }
    }

    package func lock(_ file: OpenFile) throws(SpoolError) -> Bool {
        state.withLock { state in
            guard let id = state.open[file.descriptor] else { return false }
            return state.locked.insert(id).inserted
        }
    }

    package func rename(_ source: String, to target: String) throws(SpoolError) {
        let (from, oldName) = split(source)
        let (to, newName) = split(target)
        try change(.rename, source) { state in
            guard let old = Self.find(from, state), let new = Self.find(to, state),
                let id = state.directories[old]?.current[oldName]
            else { return ((), ENOENT) }
            state.directories[old]?.current[oldName] = nil
            state.directories[new]?.current[newName] = id
            return ((), 0)
        }
    }

    package func link(_ source: String, to target: String) throws(SpoolError) -> Bool {
        let (to, name) = split(target)
        return try change(.link, target) { state in
            guard let directory = Self.find(to, state), let id = Self.find(source, state) else {
                return (false, ENOENT)
            }
            if state.directories[directory]?.current[name] != nil { return (false, 0) }
            state.directories[directory]?.current[name] = id
            return (true, 0)
        }
    }

    package func unlink(_ path: String) throws(SpoolError) {
        let (parent, name) = split(path)
        try change(.unlink, path) { state in
            guard let directory = Self.find(parent, state), state.directories[directory]?.current[name] != nil else {
                return ((), ENOENT)
            }
            state.directories[directory]?.current[name] = nil
            return ((), 0)
        }
    }

    package func makeDirectory(_ path: String) throws(SpoolError) -> Bool {
        let (parent, name) = split(path)
        return try change(.makeDirectory, path) { state in
            guard let directory = Self.find(parent, state) else { return (false, ENOENT) }
            if state.directories[directory]?.current[name] != nil { return (false, 0) }
            state.directories[state.next] = Directory()
            state.directories[directory]?.current[name] = state.next
            state.next += 1
            return (true, 0)
        }
    }

    package func removeDirectory(_ path: String) throws(SpoolError) { try unlink(path) }

    package func synchronizeDirectory(_ path: String) throws(SpoolError) {
        try change(.synchronizeDirectory, path) { state in
            guard let id = path == "/" ? 0 : Self.find(path, state), let current = state.directories[id]?.current else {
                return ((), ENOENT)
            }
            state.directories[id]?.durable = current
            return ((), 0)
        }
    }

    package func list(_ path: String) throws(SpoolError) -> [DirectoryEntry] {
        let entries: [DirectoryEntry]? = state.withLock { state in
            guard let id = Self.find(path, state), let directory = state.directories[id] else { return nil }
            return directory.current.sorted { $0.key < $1.key }.map {
                DirectoryEntry(name: $0.key, isDirectory: state.directories[$0.value] != nil)
            }
        }
        guard let entries else { throw .file(FileError(.list, path, code: ENOENT)) }
        return entries
    }

    package func status(_ path: String) throws(SpoolError) -> FileStatus? {
        state.withLock { state in
            guard let id = path == "/" ? 0 : Self.find(path, state) else { return nil }
            return FileStatus(
                size: Int64(state.files[id]?.current.count ?? 0), isDirectory: state.directories[id] != nil)
        }
    }
}

import Spool
import Synchronization

/// Appends entries to the response log. An entry is durable when ``append(_:isUnsent:)`` returns. Only one process at a time can open the log.
package final class ResponseLogWriter: Sendable {
    /// The largest size of all files together in bytes. At this size, new actions are refused until the oldest file is old enough (``life``) to be
    /// deleted.
    package static let sizeLimit: Int64 = 256 << 20
    /// The part of ``sizeLimit``, in bytes, that only actions sent to Okta may use, so that refusals and dry runs do not use up the log.
    package static let reserve: Int64 = 64 << 20
    /// The minimum time for which a file is kept after its last entry, in milliseconds.
    package static let life: Int64 = 30 * 86_400_000

    private struct State {
        var log: DurableLog
        var number: Int64
        /// The size of the earlier files in bytes.
        var earlier: Int64
        /// Whether the next entry goes into a new file with a larger number, because readers may have a position after the end of the present file:
        /// an earlier process wrote the file, and the log may have been restored from a copy since; or a reader may have read an entry that was
        /// then cut off, because it could not be made durable.
        var needsNewFile = false
    }

    private let directory: String
    private let fileSystem: any FileSystem
    private let lock: DirectoryLock
    /// When this writer opened the log, in milliseconds since 1970.
    private let openedAt: Int64
    private let state: Mutex<State>

    /// Opens the log, creates it if it is missing, and removes an incomplete last line that a stopped process left.
    ///
    /// - Parameters:
    ///   - directory: an existing directory.
    ///   - now: milliseconds since 1970.
    /// - Throws: if a file can't be read or written, or another process has the log open.
    package init(
        directory: String, now: Int64, fileSystem: any FileSystem = PosixFileSystem()
    ) throws(SpoolError) {
        self.directory = directory
        self.fileSystem = fileSystem
        openedAt = now
        lock = try DirectoryLock(directory, name: ".lock", fileSystem)
        let numbers = try ResponseLogFile.numbers(in: directory, fileSystem)
        if let number = numbers.last {
            state = Mutex(
                State(
                    log: try Self.openLast(directory, number, fileSystem), number: number,
                    earlier: try Self.files(directory, fileSystem, before: number).reduce(0) { $0 + $1.size },
                    needsNewFile: true))
        } else {
            state = Mutex(State(log: try Self.start(directory, now, fileSystem), number: now, earlier: 0))
        }
    }

    deinit { state.withLock { fileSystem.close($0.log.file) } }

    /// The end of the log. The next entry follows at this position, or at the beginning of a new file.
    package var end: ResponseLogPosition {
        state.withLock { ResponseLogPosition(number: $0.number, offset: $0.log.length) }
    }

    /// - Parameter isUnsent: true if nothing was or will be sent to Okta for this entry. Such an entry may not use the ``reserve``.
    /// - Throws: if the entry is not durable. An action whose entry is not durable must not be tried.
    package func append(_ entry: ResponseEntry, isUnsent: Bool = false) throws(SpoolError) {
        guard let line = try? ResponseLogFile.encode(entry), line.count < ResponseLogFile.lineLimit else {
            throw .tooMuch(what: "bytes of an entry of the response log", limit: ResponseLogFile.lineLimit)
        }
        try state.withLock { state throws(SpoolError) in
            if isUnsent, state.earlier + state.log.length >= Self.sizeLimit - Self.reserve {
                try makeRoom(&state, limit: Self.sizeLimit - Self.reserve, now: entry.time)
            }
            if state.needsNewFile || state.log.length >= ResponseLogFile.sizeLimit {
                // The result of a call is recorded even at the limit. There is only one result for each entry that was accepted before, so the log
                // exceeds the limit only a little.
                let isResult = entry.result != nil && !isUnsent
                if !isResult { try makeRoom(&state, limit: Self.sizeLimit, now: entry.time) }
                try roll(&state, now: entry.time)
            }
            let result = line.withUnsafeBytes { bytes in
                Result { () throws(SpoolError) in try state.log.append(bytes, fileSystem) }
            }
            if case .failure = result { state.needsNewFile = true }
            try result.get()
        }
    }

    private func roll(_ state: inout State, now: Int64) throws(SpoolError) {
        try state.log.cutIfNeeded(fileSystem)
        let number = max(now, openedAt, state.number + 1)
        let next = try Self.start(directory, number, fileSystem)
        fileSystem.close(state.log.file)
        state = State(log: next, number: number, earlier: state.earlier + state.log.length)
    }

    /// Deletes the oldest files that are old enough, until the log is below the limit. Throws if the log is still not below it.
    private func makeRoom(_ state: inout State, limit: Int64, now: Int64) throws(SpoolError) {
        let files = try Self.files(directory, fileSystem, before: state.number)
        state.earlier = files.reduce(0) { $0 + $1.size }
        for file in files where state.earlier + state.log.length >= limit {
            guard file.modified < now - Self.life else { break }
            try fileSystem.unlink(file.path)
            state.earlier -= file.size
        }
        guard state.earlier + state.log.length < limit else {
            throw .tooMuch(what: "bytes in the response log \(directory)", limit: Int(limit))
        }
    }

    /// The files before the one with the number `last`, oldest first. `modified` is in milliseconds since 1970.
    private static func files(
        _ directory: String, _ fileSystem: any FileSystem, before last: Int64
    ) throws(SpoolError) -> [(path: String, size: Int64, modified: Int64)] {
        var files: [(path: String, size: Int64, modified: Int64)] = []
        for number in try ResponseLogFile.numbers(in: directory, fileSystem) where number < last {
            let path = "\(directory)/\(ResponseLogFile.name(number))"
            guard let status = try fileSystem.status(path) else { continue }
            files.append((path, status.size, status.modifiedAt * 1_000))
        }
        return files
    }

    private static func start(
        _ directory: String, _ number: Int64, _ fileSystem: any FileSystem
    ) throws(SpoolError) -> DurableLog {
        let file = try fileSystem.open("\(directory)/\(ResponseLogFile.name(number))", .new)
        try fileSystem.synchronizeDirectory(directory)
        return DurableLog(file: file, length: 0)
    }

    private static func openLast(
        _ directory: String, _ number: Int64, _ fileSystem: any FileSystem
    ) throws(SpoolError) -> DurableLog {
        let file = try fileSystem.open("\(directory)/\(ResponseLogFile.name(number))", .update)
        let size = try fileSystem.size(file)
        // Every line is shorter than `lineLimit` bytes, so the last newline is within that many bytes of the end of the file.
        let start = max(0, size - Int64(ResponseLogFile.lineLimit))
        let bytes = try fileSystem.bytes(file, from: start, to: size)
        let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { start + Int64($0) + 1 } ?? start
        if end < size {
            try fileSystem.truncate(file, to: end)
        }
        // The file is synced, because a reader may already have read lines that a stopped process wrote but did not sync.
        try fileSystem.synchronize(file)
        return DurableLog(file: file, length: end)
    }
}

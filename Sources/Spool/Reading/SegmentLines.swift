import Glibc

/// A segment's lines, decompressed on demand: the file is read only as far as necessary.
///
/// An instance belongs to one task at a time.
package final class SegmentLines {
    private let fileSystem = PosixFileSystem()
    private let path: String
    private let file: OpenFile
    private let decoder: any SegmentDecoder
    private let input = ByteStore(capacity: 16 << 10)
    private let output = ByteStore(capacity: 64 << 10)
    private var offset: Int64 = 0
    private var isAtEnd = false
    /// Decompressed bytes. Those from `start` on have not been returned yet. Between `start` and `searched`, there is no newline.
    private var pending: [UInt8] = []
    private var start = 0
    private var searched = 0

    /// Opens a segment.
    ///
    /// - Parameter path: an absolute path, whose suffix determines the compression.
    /// - Throws: ``SpoolError`` if the file can't be opened, or its name is not that of a segment.
    package init(path: String) throws(SpoolError) {
        guard let compression = Compression(fileName: path) else {
            let suffixes = Compression.allCases.map(\.suffix).joined(separator: " or ")
            throw .refused("\(path) is not a segment: its name does not end in \(suffixes)")
        }
        self.path = path
        decoder = try SegmentReader.decoder(compression)
        file = try fileSystem.open(path, .read)
    }

    deinit { fileSystem.close(file) }

    /// Calls `body` with the next line, without its newline, and returns the result. Returns nil at the end.
    ///
    /// - Throws: ``SpoolError/damaged(path:reason:)`` if the file can't be decompressed or ends too early.
    package func next<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws(SpoolError) -> Result? {
        while true {
            let newline = pending.withUnsafeBytes { bytes -> Int? in
                guard let base = bytes.baseAddress, searched < bytes.count,
                    let found = memchr(base + searched, 0x0A, bytes.count - searched)
                else { return nil }
                return UnsafeRawPointer(found) - base
            }
            if let newline {
                defer {
                    start = newline + 1
                    searched = start
                }
                return pending.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<newline])) }
            }
            searched = pending.count
            guard searched - start <= LineSplitter.limit else {
                throw .tooMuch(what: "bytes in a line", limit: LineSplitter.limit)
            }
            if isAtEnd {
                guard start == pending.count else { throw .damaged(path: path, reason: "the file ends inside a line") }
                return nil
            }
            try read()
        }
    }

    private func read() throws(SpoolError) {
        pending.removeFirst(start)
        searched -= start
        start = 0
        let space = input.space(atLeast: 0)
        let count = try fileSystem.read(file, at: offset, into: space)
        guard count > 0 else {
            isAtEnd = true
            guard decoder.isBetweenFrames else { throw .damaged(path: path, reason: "the file ends inside a frame") }
            return
        }
        offset += Int64(count)
        var pending = pending
        self.pending = []
        defer { self.pending = pending }
        let problem = try decoder.decode(
            UnsafeRawBufferPointer(rebasing: space.prefix(count)), room: output.space(atLeast: 0)
        ) { (piece) throws(SpoolError) in pending += piece }
        if let problem { throw .damaged(path: path, reason: "before byte \(offset): \(problem)") }
    }
}

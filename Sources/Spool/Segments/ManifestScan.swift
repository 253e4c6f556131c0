/// The first two fields of a manifest line. From them, a reader decides whether the line matters. The rest of the line is not parsed.
///
/// The checksum is not verified here. Before a reader acts on a line, it makes a `ManifestLine` from it.
struct ManifestHead: Equatable {
    let sequence: Int64
    let path: String

    init?(_ line: UnsafeRawBufferPointer) {
        let opening: StaticString = "{\"sequence\":"
        let middle: StaticString = ",\"path\":\""
        guard Self.matches(opening, line, at: 0) else { return nil }
        var at = opening.utf8CodeUnitCount
        var number: Int64 = 0
        let digits = at
        while at < line.count, at - digits < 18, (48...57).contains(line[at]) {
            number = number * 10 + Int64(line[at] - 48)
            at += 1
        }
        guard at > digits, Self.matches(middle, line, at: at) else { return nil }
        at += middle.utf8CodeUnitCount
        guard let end = line[at...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        sequence = number
        path = String(decoding: line[at..<end], as: UTF8.self)
    }

    private static func matches(_ text: StaticString, _ line: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        let size = text.utf8CodeUnitCount
        guard line.count >= offset + size else { return false }
        for index in 0..<size where line[offset + index] != text.utf8Start[index] { return false }
        return true
    }
}

/// Reads a manifest by byte offsets, so that resuming in a long manifest reads only its end.
struct ManifestScan {
    let fileSystem: any FileSystem
    let path: String

    init(_ fileSystem: any FileSystem, directory: String) {
        self.fileSystem = fileSystem
        path = "\(directory)/_manifest.ndjson"
    }

    /// Bytes read at a time.
    private static let pieceBytes = 256 << 10

    /// Calls `body` for each complete line from the offset `start` on, until `body` returns false. A line must begin at `start`. `body` also gets the
    /// offset after the line. A last line without a newline is still being written, and is left out. A missing manifest counts as empty.
    func lines(
        from start: Int64, _ body: (UnsafeRawBufferPointer, Int64) throws(SpoolError) -> Bool
    ) throws(SpoolError) {
        guard try fileSystem.status(path) != nil else { return }
        let file = try fileSystem.open(path, .read)
        defer { fileSystem.close(file) }
        try lines(of: file, from: start, body)
    }

    /// Makes the manifest's present contents durable. If a loader relied on a position that is not durable, another segment could get the same
    /// position after a power cut.
    func synchronize() throws(SpoolError) {
        guard try fileSystem.status(path) != nil else { return }
        let file = try fileSystem.open(path, .read)
        defer { fileSystem.close(file) }
        try fileSystem.synchronize(file)
    }

    /// The offset of the first line after a position; the manifest's length if there is no such line. Positions increase from line to line, so a
    /// binary search finds it.
    func offset(after sequence: Int64) throws(SpoolError) -> Int64 {
        guard sequence > 0, let size = try fileSystem.status(path)?.size else { return 0 }
        let file = try fileSystem.open(path, .read)
        defer { fileSystem.close(file) }
        // `low` and `high` are offsets. Lines that begin before `low` have positions up to `sequence`. `high` is the end of the range still to be
        // searched.
        var low: Int64 = 0
        var high = size
        while high - low > Int64(Self.pieceBytes) {
            let middle = low + (high - low) / 2
            var found: (begin: Int64, end: Int64, isBehind: Bool)?
            var begin = middle
            var isFirst = true
            try lines(of: file, from: middle) { (line, end) throws(SpoolError) in
                defer {
                    begin = end
                    isFirst = false
                }
                // The first line read here may be only the end of a line that began earlier.
                guard !isFirst, let head = ManifestHead(line) else { return true }
                found = (begin, end, head.sequence > sequence)
                return false
            }
            guard let found, found.begin < high else {
                high = middle
                continue
            }
            if found.isBehind { high = middle } else { low = found.end }
        }
        var result = size
        var begin = low
        try lines(of: file, from: low) { (line, end) throws(SpoolError) in
            defer { begin = end }
            guard let head = ManifestHead(line), head.sequence > sequence else { return true }
            result = begin
            return false
        }
        return result
    }

    /// The line at a position; nil if there is none or it is damaged.
    func line(at sequence: Int64) throws(SpoolError) -> ManifestLine? {
        var found: ManifestLine?
        try lines(from: try offset(after: sequence - 1)) { (line, _) throws(SpoolError) in
            guard let head = ManifestHead(line) else { return true }
            if head.sequence == sequence { found = ManifestLine(line) }
            return head.sequence < sequence
        }
        return found
    }

    /// The smallest and the largest position; nil if the manifest has no lines.
    func bounds() throws(SpoolError) -> ClosedRange<Int64>? {
        guard let size = try fileSystem.status(path)?.size else { return nil }
        var first: Int64?
        try lines(from: 0) { (line, _) throws(SpoolError) in
            first = ManifestHead(line)?.sequence
            return first == nil
        }
        guard let first else { return nil }
        var last = first
        // This piece is far longer than a line. Its first line may be incomplete, and is then not parsed.
        try lines(from: max(0, size - Int64(Self.pieceBytes))) { (line, _) throws(SpoolError) in
            if let head = ManifestHead(line) { last = max(last, head.sequence) }
            return true
        }
        return first...last
    }

    private func lines(
        of file: OpenFile, from start: Int64, _ body: (UnsafeRawBufferPointer, Int64) throws(SpoolError) -> Bool
    ) throws(SpoolError) {
        var splitter = LineSplitter()
        let piece = ByteStore(capacity: Self.pieceBytes)
        var offset = start
        var end = start
        var goesOn = true
        while goesOn {
            let room = piece.space(atLeast: 0)
            let count = try fileSystem.read(file, at: offset, into: room)
            if count == 0 { return }
            offset += Int64(count)
            try splitter.feed(UnsafeRawBufferPointer(rebasing: room.prefix(count))) { (line) throws(SpoolError) in
                guard goesOn else { return }
                end += Int64(line.count) + 1
                goesOn = try body(line, end)
            }
        }
    }
}

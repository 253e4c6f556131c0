/// Writes one staged segment in pieces of bounded size. Lines are compressed; complete frames are copied unchanged.
struct SegmentWriter {
    private let fileSystem: any FileSystem
    private let file: OpenFile
    private let output: ByteStore
    private let digest: SegmentDigest
    private let compressor: (any SegmentCompressor)?
    private var frameIsOpen = false
    private(set) var length: Int64 = 0

    init(
        _ path: String, compression: Compression, _ scratch: SpoolScratch, _ fileSystem: any FileSystem
    ) throws(SpoolError) {
        compressor = try scratch.compressor(compression)
        compressor?.reset()
        digest = try scratch.startDigest()
        output = scratch.output
        output.removeAll(keeping: 2 * SpoolScratch.pieceBytes)
        self.fileSystem = fileSystem
        file = try fileSystem.open(path, .replace)
    }

    /// Writes one or more plain lines, or a part of a line.
    mutating func write(lines: UnsafeRawBufferPointer) throws(SpoolError) {
        if let compressor {
            frameIsOpen = true
            try compressor.pack(lines, end: false, into: output)
        } else {
            output.append(lines)
        }
        try flush(above: SpoolScratch.pieceBytes)
    }

    /// Writes a part of a frame that is already compressed. If a frame of lines is still open, that frame is ended first.
    mutating func write(packed: UnsafeRawBufferPointer) throws(SpoolError) {
        try endFrame()
        output.append(packed)
        try flush(above: SpoolScratch.pieceBytes)
    }

    /// Makes the segment durable under its staging name. Returns its SHA-256.
    mutating func finish() throws(SpoolError) -> String {
        try endFrame()
        try flush(above: 0)
        try fileSystem.synchronize(file)
        fileSystem.close(file)
        return try digest.finish()
    }

    /// Closes a segment that is abandoned.
    func abandon() {
        compressor?.reset()
        fileSystem.close(file)
    }

    private mutating func endFrame() throws(SpoolError) {
        guard frameIsOpen, let compressor else { return }
        frameIsOpen = false
        try compressor.pack(UnsafeRawBufferPointer(start: nil, count: 0), end: true, into: output)
    }

    private mutating func flush(above limit: Int) throws(SpoolError) {
        guard output.count > limit else { return }
        try digest.update(output.bytes)
        try fileSystem.write(file, at: length, output.bytes)
        length += Int64(output.count)
        output.removeAll(keeping: 2 * SpoolScratch.pieceBytes)
    }
}

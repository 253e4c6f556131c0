/// Decompresses a segment whose bytes come in pieces, from a file or from elsewhere.
///
/// An instance belongs to one task at a time.
package final class SegmentStream {
    private let path: String
    private let decoder: any SegmentDecoder
    private let output = ByteStore(capacity: 256 << 10)
    private var offset: Int64 = 0

    /// - Parameter path: its suffix determines the compression; also used in messages.
    /// - Throws: `invalidName` if the path is not that of a segment.
    package convenience init(path: String) throws(SpoolError) {
        guard let compression = Compression(fileName: path) else { throw Compression.notASegment(path) }
        try self.init(path: path, compression)
    }

    init(path: String, _ compression: Compression) throws(SpoolError) {
        self.path = path
        decoder = try SegmentReader.decoder(compression)
    }

    /// Calls `lines` with pieces of the contents. Throws `damaged` if the bytes can't be unpacked.
    package func feed(
        _ piece: UnsafeRawBufferPointer, _ lines: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        offset += Int64(piece.count)
        let problem = try decoder.decode(piece, room: output.space(atLeast: 0), lines)
        if let problem { throw .damaged(path: path, reason: "before byte \(offset): \(problem)") }
    }

    /// Must be called after the last piece. Throws `damaged` if the segment ends too early.
    package func finish() throws(SpoolError) {
        guard decoder.isBetweenFrames else { throw .damaged(path: path, reason: "the file ends inside a frame") }
    }
}

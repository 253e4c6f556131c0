import CZlib
import CZstd

/// Reads a segment's lines as they were appended, in pieces: zstd files of many frames, gzip files of many members, and plain ones.
struct SegmentReader {
    let fileSystem: any FileSystem
    private let input = ByteStore(capacity: 256 << 10)
    private let output = ByteStore(capacity: 256 << 10)

    init(_ fileSystem: any FileSystem) { self.fileSystem = fileSystem }

    /// Calls `packed` with each piece of the file and `lines` with each piece of its contents. Throws `damaged` for what doesn't decompress, or ends too early.
    func read(
        _ path: String, _ compression: Compression, packed: (UnsafeRawBufferPointer) throws(SpoolError) -> Void,
        lines: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        let file = try fileSystem.open(path, .read)
        defer { fileSystem.close(file) }
        let decoder: any SegmentDecoder =
            switch compression {
            case .none: PlainDecoder()
            case .zstd: try ZstdDecoder()
            case .gzip: try GzipDecoder()
            }
        var offset: Int64 = 0
        while true {
            let space = input.space(atLeast: 0)
            let count = try fileSystem.read(file, at: offset, into: space)
            if count == 0 { break }
            offset += Int64(count)
            let piece = UnsafeRawBufferPointer(rebasing: space.prefix(count))
            try packed(piece)
            let problem = try decoder.decode(piece, room: output.space(atLeast: 0), lines)
            if let problem { throw .damaged(path: path, reason: "before byte \(offset): \(problem)") }
        }
        guard decoder.isBetweenFrames else { throw .damaged(path: path, reason: "it ends inside a frame") }
    }
}

/// Unpacks a stream of frames.
protocol SegmentDecoder: AnyObject {
    var isBetweenFrames: Bool { get }
    /// What is wrong with the bytes, nil if nothing is.
    func decode(
        _ piece: UnsafeRawBufferPointer, room: UnsafeMutableRawBufferPointer,
        _ lines: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) -> String?
}

final class PlainDecoder: SegmentDecoder {
    let isBetweenFrames = true

    func decode(
        _ piece: UnsafeRawBufferPointer, room: UnsafeMutableRawBufferPointer,
        _ lines: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) -> String? {
        try lines(piece)
        return nil
    }
}

final class ZstdDecoder: SegmentDecoder {
    private let context: OpaquePointer
    private(set) var isBetweenFrames = true

    init() throws(SpoolError) {
        guard let context = ZSTD_createDCtx() else { throw .codec("no memory for zstd") }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    func decode(
        _ piece: UnsafeRawBufferPointer, room: UnsafeMutableRawBufferPointer,
        _ lines: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) -> String? {
        var input = ZSTD_inBuffer(src: piece.baseAddress, size: piece.count, pos: 0)
        var isFull = false
        while input.pos < input.size || isFull {
            var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            let rest = ZSTD_decompressStream(context, &output, &input)
            if ZSTD_isError(rest) != 0 { return "zstd: \(String(cString: ZSTD_getErrorName(rest)))" }
            isBetweenFrames = rest == 0
            isFull = output.pos == output.size && rest != 0
            try lines(UnsafeRawBufferPointer(rebasing: room.prefix(output.pos)))
        }
        return nil
    }
}

final class GzipDecoder: SegmentDecoder {
    private let stream: UnsafeMutablePointer<z_stream>
    private(set) var isBetweenFrames = true

    init() throws(SpoolError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard tributary_gzip_inflate_init(stream) == Z_OK else {
            stream.deallocate()
            throw .codec("no memory for gzip")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func decode(
        _ piece: UnsafeRawBufferPointer, room: UnsafeMutableRawBufferPointer,
        _ lines: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) -> String? {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(piece.count)
        var isFull = false
        while stream.pointee.avail_in > 0 || isFull {
            stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room.count)
            let result = inflate(stream, Z_NO_FLUSH)
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                return "gzip: error \(result)"
            }
            isFull = stream.pointee.avail_out == 0 && result == Z_OK
            try lines(UnsafeRawBufferPointer(rebasing: room.prefix(room.count - Int(stream.pointee.avail_out))))
            isBetweenFrames = result == Z_STREAM_END
            if isBetweenFrames { inflateReset(stream) }
        }
        return nil
    }
}

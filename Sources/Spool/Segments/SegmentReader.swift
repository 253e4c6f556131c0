import CZstd
import Gzip

/// Reads a segment's lines, decompressed, in pieces: zstd files with many frames, gzip files with many members, and plain files.
struct SegmentReader {
    let fileSystem: any FileSystem
    private let input = ByteStore(capacity: 256 << 10)

    init(_ fileSystem: any FileSystem) { self.fileSystem = fileSystem }

    /// Calls `packed` with each piece of the file, and `lines` with each piece of its decompressed contents. Throws `damaged` if the file can't be
    /// decompressed or ends too early.
    func read(
        _ path: String, _ compression: Compression, packed: (UnsafeRawBufferPointer) throws(SpoolError) -> Void,
        lines: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        let file = try fileSystem.open(path, .read)
        defer { fileSystem.close(file) }
        let stream = try SegmentStream(path: path, compression)
        var offset: Int64 = 0
        while true {
            let space = input.space(atLeast: 0)
            let count = try fileSystem.read(file, at: offset, into: space)
            if count == 0 { break }
            offset += Int64(count)
            let piece = UnsafeRawBufferPointer(rebasing: space.prefix(count))
            try packed(piece)
            try stream.feed(piece, lines)
        }
        try stream.finish()
    }

    static func decoder(_ compression: Compression) throws(SpoolError) -> any SegmentDecoder {
        switch compression {
        case .none: PlainDecoder()
        case .zstd: try ZstdDecoder()
        case .gzip: try GzipDecoder()
        }
    }
}

/// Decompresses a stream of frames.
protocol SegmentDecoder: AnyObject {
    var isBetweenFrames: Bool { get }
    /// Returns what is wrong with the bytes; nil if nothing is.
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
    private let inflater: GzipInflater

    init() throws(SpoolError) {
        guard let inflater = GzipInflater() else { throw .codec("no memory for gzip") }
        self.inflater = inflater
    }

    var isBetweenFrames: Bool { !inflater.isInsideMember }

    func decode(
        _ piece: UnsafeRawBufferPointer, room: UnsafeMutableRawBufferPointer,
        _ lines: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) -> String? {
        let outcome = try inflater.inflate(piece, room: room) { (part) throws(SpoolError) in
            try lines(part)
            return true
        }
        if case .broken(let code) = outcome { return "gzip: error \(code)" }
        return nil
    }
}

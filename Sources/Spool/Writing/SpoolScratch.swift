import CZlib
import CZstd

/// Compressors and buffers that all writers of one thread share: a thousand integrations need one set, not a thousand.
///
/// Not `Sendable`, and neither is `SpoolWriter`. Two writers with the same scratch must never run at the same time on different threads.
package final class SpoolScratch {
    /// The maximum memory that each of the few large buffers keeps between two commits. Bytes.
    static let keptBytes = 16 << 20
    /// The maximum size of all free buffers of partitions together, in bytes. Buffers are kept because new memory, which the kernel clears first,
    /// would cost as much time as parsing.
    static let keptBufferBytes = 10 << 20
    /// Size of the pieces in which a seal reads and writes. Bytes.
    static let pieceBytes = 256 << 10

    let frame = ByteStore()
    let description = ByteStore()
    /// `input` is what a seal reads from the journal; `output` is what it writes to a segment.
    let input = ByteStore()
    let output = ByteStore()
    /// Buffers that are free, in the order in which they were given back.
    private var buffers: [ByteStore] = []
    private var bufferBytes = 0
    private var zstd: ZstdCompressor?
    private var gzip: GzipCompressor?
    private var digest: SegmentDigest?

    package init() {}

    /// Returns the smallest kept buffer that has room for `expected` bytes, or a new one if none has.
    func borrowBuffer(for expected: Int) -> ByteStore {
        let fitting = buffers.indices.filter { buffers[$0].capacity >= expected }
        guard let place = fitting.min(by: { buffers[$0].capacity < buffers[$1].capacity }) else {
            return ByteStore(capacity: max(4_096, expected + expected / 8))
        }
        let buffer = buffers.remove(at: place)
        bufferBytes -= buffer.capacity
        return buffer
    }

    /// Keeps the buffer for reuse, unless it alone is larger than `keptBufferBytes`. If more than that would be kept, frees the buffers that were
    /// unused for the longest time.
    func giveBack(_ buffer: ByteStore) {
        guard buffer.capacity <= Self.keptBufferBytes else { return }
        buffer.removeAll()
        bufferBytes += buffer.capacity
        buffers.append(buffer)
        while bufferBytes > Self.keptBufferBytes { bufferBytes -= buffers.removeFirst().capacity }
    }

    /// The compressor for a compression; nil for `none`.
    func compressor(_ compression: Compression) throws(SpoolError) -> (any SegmentCompressor)? {
        switch compression {
        case .none: return nil
        case .zstd:
            if let zstd { return zstd }
            let made = try ZstdCompressor()
            zstd = made
            return made
        case .gzip:
            if let gzip { return gzip }
            let made = try GzipCompressor()
            gzip = made
            return made
        }
    }

    func startDigest() throws(SpoolError) -> SegmentDigest {
        if let digest {
            try digest.start()
            return digest
        }
        let made = try SegmentDigest()
        digest = made
        return made
    }
}

/// Compresses lines into frames (zstd) or members (gzip). Both formats define a concatenation of frames as a valid file.
protocol SegmentCompressor: AnyObject {
    /// Compresses the bytes into a complete frame, and appends it to the store.
    func packWhole(_ bytes: UnsafeRawBufferPointer, into store: ByteStore) throws(SpoolError)
    /// Begins or continues a frame; `end` completes it. Appends to the store the compressed bytes that are ready.
    func pack(_ bytes: UnsafeRawBufferPointer, end: Bool, into store: ByteStore) throws(SpoolError)
    /// Discards a frame that was begun.
    func reset()
}

/// zstd at level 3 with a content checksum, and the content size if it is known. Three parameters differ from the level's defaults. The minimum match
/// is longer, because records repeat long texts. The hash table and the chain table are smaller, so that they fit into the faster caches. This takes
/// less time, and the output is no larger (docs/performance.md).
final class ZstdCompressor: SegmentCompressor {
    private let context: OpaquePointer

    init() throws(SpoolError) {
        guard let context = ZSTD_createCCtx() else { throw .codec("no memory for zstd") }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 3)
        ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 6)
        ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 16)
        ZSTD_CCtx_setParameter(context, ZSTD_c_chainLog, 10)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1)
    }

    deinit { ZSTD_freeCCtx(context) }

    func packWhole(_ bytes: UnsafeRawBufferPointer, into store: ByteStore) throws(SpoolError) {
        let space = store.space(atLeast: ZSTD_compressBound(bytes.count))
        let size = ZSTD_compress2(context, space.baseAddress, space.count, bytes.baseAddress, bytes.count)
        try check(size)
        store.advance(size)
    }

    func pack(_ bytes: UnsafeRawBufferPointer, end: Bool, into store: ByteStore) throws(SpoolError) {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            let space = store.space(atLeast: ZSTD_CStreamOutSize())
            var output = ZSTD_outBuffer(dst: space.baseAddress, size: space.count, pos: 0)
            let rest = ZSTD_compressStream2(context, &output, &input, end ? ZSTD_e_end : ZSTD_e_continue)
            try check(rest)
            store.advance(output.pos)
            if end ? rest == 0 : input.pos == input.size { return }
        }
    }

    func reset() { ZSTD_CCtx_reset(context, ZSTD_reset_session_only) }

    private func check(_ result: Int) throws(SpoolError) {
        guard ZSTD_isError(result) != 0 else { return }
        reset()
        throw .codec("zstd: \(String(cString: ZSTD_getErrorName(result)))")
    }
}

/// gzip at zlib's level 6.
final class GzipCompressor: SegmentCompressor {
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(SpoolError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard tributary_gzip_deflate_init(stream, 6) == Z_OK else {
            stream.deallocate()
            throw .codec("no memory for gzip")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func packWhole(_ bytes: UnsafeRawBufferPointer, into store: ByteStore) throws(SpoolError) {
        try pack(bytes, end: true, into: store)
    }

    func pack(_ bytes: UnsafeRawBufferPointer, end: Bool, into store: ByteStore) throws(SpoolError) {
        // A commit holds at most 256 MiB, and a seal passes small pieces: both fit zlib's 32-bit counts.
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        while true {
            let space = store.space(atLeast: 64 << 10)
            let room = min(space.count, 1 << 30)
            stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room)
            let result = deflate(stream, end ? Z_FINISH : Z_NO_FLUSH)
            store.advance(room - Int(stream.pointee.avail_out))
            if result == Z_STREAM_END {
                reset()
                return
            }
            guard result == Z_OK || result == Z_BUF_ERROR else {
                reset()
                throw .codec("gzip: error \(result)")
            }
            if !end, stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 { return }
        }
    }

    func reset() { deflateReset(stream) }
}

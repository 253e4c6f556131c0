import CZlib

/// Decompresses gzip (RFC 1952) piece by piece. A file or a body may have several members in sequence (section 2.2).
package final class GzipInflater {
    /// The result of decompressing a piece.
    package enum Outcome: Equatable {
        case good
        /// The caller asked to stop, so the remaining bytes of the piece were not decompressed.
        case stopped
        /// The bytes are not gzip, or are damaged. The value is zlib's error code.
        case broken(Int32)
    }

    private let stream: UnsafeMutablePointer<z_stream>
    /// Whether the input so far ends inside a member, and so is incomplete.
    package private(set) var isInsideMember = false
    /// The number of members that have ended.
    package private(set) var members = 0
    /// Whether zero bytes have been read after the last member.
    private var isPadded = false

    /// Nil if there is not enough memory.
    package init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard tributary_gzip_inflate_init(stream) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Decompresses `bytes` piece by piece into `room`, and calls `take` with each piece. `take` returns false to stop.
    package func inflate<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer, room: UnsafeMutableRawBufferPointer,
        _ take: (UnsafeRawBufferPointer) throws(Failure) -> Bool
    ) throws(Failure) -> Outcome {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        var isFull = false
        while stream.pointee.avail_in > 0 || isFull {
            if members > 0, !isInsideMember {
                // Zero bytes after the last member are ignored, as in gzip(1). Nothing may follow these zero bytes.
                while stream.pointee.avail_in > 0, stream.pointee.next_in.pointee == 0 {
                    isPadded = true
                    stream.pointee.next_in += 1
                    stream.pointee.avail_in -= 1
                }
                if stream.pointee.avail_in == 0 { return .good }
                if isPadded { return .broken(Z_DATA_ERROR) }
            }
            stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room.count)
            let result = CZlib.inflate(stream, Z_NO_FLUSH)
            // Z_BUF_ERROR: no progress was possible, because there was no more input (zlib.h).
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { return .broken(result) }
            isFull = stream.pointee.avail_out == 0 && result == Z_OK
            isInsideMember = result != Z_STREAM_END
            if result == Z_STREAM_END {
                members += 1
                inflateReset(stream)
            }
            let count = room.count - Int(stream.pointee.avail_out)
            guard try take(UnsafeRawBufferPointer(rebasing: room.prefix(count))) else { return .stopped }
        }
        return .good
    }
}

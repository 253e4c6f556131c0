import CZlib

/// Unpacks a gzip body (RFC 1952) piece by piece. Done here and not by libcurl, which would unpack a whole buffer into memory
/// for a transfer that was told to wait.
final class GzipDecoder {
    /// What a piece came to.
    enum Outcome {
        case good
        /// The body would grow beyond its bound: it is not unpacked further.
        case tooLarge
        case broken
    }

    private let stream: UnsafeMutablePointer<z_stream>
    /// Whether the last member has ended: a body that stops elsewhere was cut.
    private(set) var isAtEnd = false

    /// Nil without memory for it.
    init?() {
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

    /// Adds what `bytes` stand for to `body`, which may have `limit` bytes at most.
    func decode(_ bytes: UnsafeRawBufferPointer, into body: inout [UInt8], limit: Int) -> Outcome {
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        return withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { piece in
            while true {
                if isAtEnd {
                    guard stream.pointee.avail_in > 0 else { return .good }
                    // Another member follows (RFC 1952, 2.2).
                    guard inflateReset(stream) == Z_OK else { return .broken }
                    isAtEnd = false
                }
                stream.pointee.next_out = piece.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(piece.count)
                let result = inflate(stream, Z_NO_FLUSH)
                // Z_BUF_ERROR: nothing could be done, for want of input (zlib.h).
                guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { return .broken }
                let count = piece.count - Int(stream.pointee.avail_out)
                guard count <= limit - body.count else { return .tooLarge }
                body.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece.prefix(count)))
                isAtEnd = result == Z_STREAM_END
                if !isAtEnd, stream.pointee.avail_out > 0 { return .good }
            }
        }
    }
}

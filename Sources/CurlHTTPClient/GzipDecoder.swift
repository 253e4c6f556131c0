import Gzip

/// Decompresses a gzip body piece by piece. libcurl's own decompression is not used: it would decompress a whole buffer into memory even for a
/// transfer that has to wait.
struct GzipDecoder {
    /// The result of decoding a piece.
    enum Outcome {
        case good
        /// The body would exceed its limit, so it is not decompressed further.
        case tooLarge
        case broken
    }

    private let inflater: GzipInflater

    /// Nil if there is not enough memory.
    init?() {
        guard let inflater = GzipInflater() else { return nil }
        self.inflater = inflater
    }

    /// Whether the last gzip member is complete. If the data ends inside a member, the body is incomplete.
    var isAtEnd: Bool { inflater.members > 0 && !inflater.isInsideMember }

    /// Decompresses `bytes` and appends the result to `body`, up to `limit` bytes in all.
    func decode(_ bytes: UnsafeRawBufferPointer, into body: inout [UInt8], limit: Int) -> Outcome {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { room in
            let outcome = inflater.inflate(bytes, room: room) { piece in
                guard piece.count <= limit - body.count else { return false }
                body.makeRoom(for: piece.count)
                body.append(contentsOf: piece)
                return true
            }
            return switch outcome {
            case .good: .good
            case .stopped: .tooLarge
            case .broken: .broken
            }
        }
    }
}

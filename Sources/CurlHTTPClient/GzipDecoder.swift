import Gzip

/// Unpacks a gzip body piece by piece. Done here and not by libcurl, which would unpack a whole buffer into memory for a transfer
/// that was told to wait.
struct GzipDecoder {
    /// What a piece came to.
    enum Outcome {
        case good
        /// The body would grow beyond its bound: it is not unpacked further.
        case tooLarge
        case broken
    }

    private let inflater: GzipInflater

    /// Nil without memory for it.
    init?() {
        guard let inflater = GzipInflater() else { return nil }
        self.inflater = inflater
    }

    /// Whether the last member has ended: a body that stops elsewhere was cut.
    var isAtEnd: Bool { inflater.members > 0 && !inflater.isInsideMember }

    /// Adds what `bytes` stand for to `body`, which may have `limit` bytes at most.
    func decode(_ bytes: UnsafeRawBufferPointer, into body: inout [UInt8], limit: Int) -> Outcome {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { room in
            let outcome = inflater.inflate(bytes, room: room) { piece in
                guard piece.count <= limit - body.count else { return false }
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

import Delivery
import Spool

/// Reads a segment's object piece by piece, so that memory use does not depend on its size.
package struct SegmentPieces: Sendable {
    /// The number of bytes per request.
    private static let piece: Int64 = 4 << 20

    private let list: SealList
    private let path: String
    private let bytes: Int64
    private var offset: Int64 = 0
    /// Whether the object was deleted meanwhile; then there is no further piece.
    package private(set) var isGone = false

    /// - Parameter bytes: the object's size.
    package init(_ list: SealList, path: String, bytes: Int64) {
        self.list = list
        self.path = path
        self.bytes = bytes
    }

    /// The next piece; nil at the end.
    package mutating func next() async throws(S3Problem) -> [UInt8]? {
        guard offset < bytes, !isGone else { return nil }
        let end = min(bytes, offset + Self.piece)
        guard let read = try await list.log.client.read(path, range: offset..<end, limit: Int(Self.piece) + 1) else {
            isGone = true
            return nil
        }
        guard read.bytes.count == Int(end - offset) else {
            throw S3Problem(
                trouble: DeliveryTrouble(
                    "only a part of \(path) could be read", remedy: "Try again, and check that the store works"))
        }
        offset = end
        return read.bytes
    }
}

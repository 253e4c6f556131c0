import CommandHints
import Delivery
import FoundationEssentials
import Glibc
import Spool

/// Local files of a bucket's segments, in a directory of this process. There is a file only for a segment that is being delivered.
final class SegmentCache: Sendable {
    /// The number of bytes per request. It bounds the memory that a delivery uses.
    private static let piece: Int64 = 1 << 20

    /// The directory; below it, files have the same paths as in the bucket.
    var directory: String { place.path }
    private let place: TemporaryDirectory
    private let log: SealLog

    /// Makes a directory in `above`. Also removes directories that were left by killed deliveries to the same destination.
    init(_ log: SealLog, name: String, above: String) throws(DeliveryTrouble) {
        self.log = log
        place = try TemporaryDirectory(prefix: "tributary-deliver-\(name)-", above: above)
    }

    /// Downloads a segment and checks it against its seal. Does nothing if the segment's file exists already.
    func fetch(_ segment: DeliverySegment, skipping: String) async -> SegmentFetch {
        // Files get their final name only when they are complete.
        if access(segment.file, F_OK) == 0 { return .ready }
        let part = "\(directory)/\(segment.sequence).part"
        defer { unlink(part) }
        do throws(S3Problem) {
            guard try await log.copy(segment.path, 0..<segment.bytes, to: part, piece: Self.piece) else {
                return .failed(
                    .refused(
                        DeliveryTrouble(
                            "\(segment.path) is missing from the fleet's bucket and was not delivered",
                            remedy: "Restore an earlier version of the object, or skip the segment with \(skipping)")))
            }
        } catch {
            if error.isCancelled { return .failed(.cancelled) }
            return .failed(.notYet(error.trouble, retryAfter: error.retryAfter))
        }
        guard (try? FileDigest.sha256(of: part)) == segment.sha256 else {
            return .failed(
                .refused(
                    DeliveryTrouble(
                        "\(segment.path) in the fleet's bucket differs from the segment that was sealed",
                        remedy:
                            "Check it with `\(CommandHint.command("spool verify --bucket"))`, and restore an earlier version of the object"
                    )))
        }
        let above = segment.file.prefix(upTo: segment.file.lastIndex(of: "/") ?? segment.file.endIndex)
        try? FileManager.default.createDirectory(atPath: String(above), withIntermediateDirectories: true)
        guard rename(part, segment.file) == 0 else {
            return .failed(
                .notYet(
                    DeliveryTrouble(
                        "\(segment.file) can't be made: \(String(cString: strerror(errno)))",
                        remedy:
                            "Make its directory writable for the service's user, free some disk space, or set TMPDIR to another directory"
                    ),
                    retryAfter: nil))
        }
        return .ready
    }

    func release(_ segment: DeliverySegment) { unlink(segment.file) }
}

import Delivery
import FoundationEssentials
import Glibc
import Spool

/// Files of a bucket's segments while they are delivered: below a directory of this process, under their paths. There are no more than segments under way.
final class SegmentCache: Sendable {
    /// Bytes of one request: a delivery's memory has a bound.
    private static let piece: Int64 = 1 << 20

    /// Below it, the same paths as in the bucket.
    let directory: String
    private let log: SealLog
    private let files = PosixFileSystem()
    /// The kernel gives it up when the process dies.
    private let lock: DirectoryLock?

    /// Makes a directory in `$TMPDIR`, or in `/var/tmp`, and removes those that killed processes of the same destination have left.
    init(_ log: SealLog, name: String, above: String) throws(DeliveryTrouble) {
        self.log = log
        let prefix = "tributary-deliver-\(name)-"
        Self.removeAbandoned(prefix, in: above)
        var template = Array("\(above)/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw DeliveryTrouble(
                "no directory can be made in \(above): \(String(cString: strerror(errno)))",
                remedy: "Free space there, or name another directory by TMPDIR")
        }
        directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        lock = try? DirectoryLock(directory, name: Self.lockName, files)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private static let lockName = "lock"

    private static func removeAbandoned(_ prefix: String, in above: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: above)) ?? [] where name.hasPrefix(prefix) {
            let path = "\(above)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, status.st_uid == geteuid(), status.st_mode & S_IFMT == S_IFDIR,
                let lock = try? DirectoryLock(path, name: lockName, PosixFileSystem())
            else { continue }
            withExtendedLifetime(lock) { try? FileManager.default.removeItem(atPath: path) }
        }
    }

    /// Brings a segment's file here if it is not, and compares it with its seal.
    func fetch(_ segment: DeliverySegment, skipping: String) async -> SegmentFetch {
        // A name is given to whole files only.
        if access(segment.file, F_OK) == 0 { return .ready }
        let part = "\(directory)/\(segment.sequence).part"
        defer { unlink(part) }
        do throws(S3Problem) {
            guard try await log.copy(segment.path, 0..<segment.bytes, to: part, piece: Self.piece) else {
                return .failed(
                    .refused(
                        DeliveryTrouble(
                            "\(segment.path) is not in the fleet's bucket any more and was not delivered",
                            remedy: "Restore it from a version, or skip it with \(skipping)")))
            }
        } catch {
            if error.isCancelled { return .failed(.cancelled) }
            return .failed(.notYet(error.trouble, retryAfter: error.retryAfter))
        }
        guard (try? FileDigest.sha256(of: part)) == segment.sha256 else {
            return .failed(
                .refused(
                    DeliveryTrouble(
                        "\(segment.path) is not what was sealed: the fleet's bucket has other bytes than its seal names",
                        remedy: "Check it with `tributary spool verify --bucket`, and restore it from a version")))
        }
        let above = segment.file.prefix(upTo: segment.file.lastIndex(of: "/") ?? segment.file.endIndex)
        try? FileManager.default.createDirectory(atPath: String(above), withIntermediateDirectories: true)
        guard rename(part, segment.file) == 0 else {
            return .failed(
                .notYet(
                    DeliveryTrouble(
                        "\(segment.file) can't be made: \(String(cString: strerror(errno)))",
                        remedy: "Free space there, or name another directory by TMPDIR"), retryAfter: nil))
        }
        return .ready
    }

    func release(_ segment: DeliverySegment) { unlink(segment.file) }
}

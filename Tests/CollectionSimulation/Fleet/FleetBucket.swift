import Fleet
import Spool

/// The contents of a fleet's bucket at one moment.
struct FleetBucket {
    /// The objects by their key, without the bucket's prefix.
    private let objects: [String: S3Objects.Object]

    init(_ objects: S3Objects) {
        self.objects = Dictionary(
            uniqueKeysWithValues: objects.byKey.map { (String($0.key.dropFirst("okta/".count)), $0.value) })
    }

    /// The keys of the decided seals, in order.
    var seals: [String] { keys(FleetKey.seals("acme")) }

    /// The keys of segments.
    var segments: [String] { objects.keys.filter { !$0.hasPrefix("_tributary/") }.sorted() }

    func keys(_ prefix: String) -> [String] { objects.keys.filter { $0.hasPrefix(prefix) }.sorted() }
    func object(_ key: String) -> S3Objects.Object? { objects[key] }

    func hasDigest(_ key: String, _ sha256: String) -> Bool {
        objects[key].map { (try? FileDigest.sha256(of: $0.bytes)) == sha256 } ?? false
    }
}

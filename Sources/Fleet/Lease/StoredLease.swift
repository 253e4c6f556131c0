/// The content of the object `_tributary/lease.json`: the lease of a fleet without etcd.
struct StoredLease: Codable {
    struct Holder: Codable {
        var host: String
        var instance: String
        var version: String
        /// Milliseconds since 1970-01-01T00:00:00Z.
        var startedAt: Int64
        var since: Int64
        var previousHost: String?
        var draining: Bool
        var configured: Int
        var digest: String
        var ttlMilliseconds: Int64

        private enum CodingKeys: String, CodingKey {
            case host, instance, version, since, draining, configured, digest
            case startedAt = "started_at"
            case previousHost = "previous_host"
            case ttlMilliseconds = "ttl_ms"
        }

        init(
            host: String, instance: String, since: Int64, previousHost: String?, ttl: Duration, _ record: HostRecord
        ) {
            self.host = host
            self.instance = instance
            self.since = since
            self.previousHost = previousHost
            ttlMilliseconds = ttl.components.seconds * 1000
            version = record.version
            startedAt = record.startedAt
            draining = record.isDraining
            configured = record.configured
            digest = record.digest
        }

        mutating func use(_ record: HostRecord) {
            draining = record.isDraining
            configured = record.configured
            digest = record.digest
        }

        var record: HostRecord {
            HostRecord(
                version: version, startedAt: startedAt, isDraining: draining, configured: configured, digest: digest)
        }
    }

    var format = 1
    var fleet: String
    /// The host that took the lease last; absent if no host has taken it yet, or that host has given it up.
    var holder: Holder?
    var lastHolder: String?
    /// Increases each time that a host takes the lease.
    var term: Int64 = 0
    /// Increases with each write.
    var renewal: Int64 = 0
    /// Hosts that are asked to drain.
    var drain: [String] = []

    private enum CodingKeys: String, CodingKey {
        case format, fleet, holder, term, renewal, drain
        case lastHolder = "last_holder"
    }

    init(fleet: String) { self.fleet = fleet }
}

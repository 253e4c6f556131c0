import Collector
import Configuration
import Fleet

/// The content of `tributary fleet status`, and its form with `--json`.
struct FleetReport: Encodable {
    struct Lease: Encodable {
        /// Where the leases are stored: `etcd` or `s3`.
        var engine: String
        var ttlSeconds: Int
        var answeredInMilliseconds: Int
    }

    struct Host: Encodable {
        var name: String
        var version: String
        var since: String
        var holds: Int
        var draining: Bool
    }

    struct Integration: Encodable {
        var name: String
        /// The host that holds the integration; absent if no host does.
        var host: String?
        var since: String?
        var previousHost: String?
        var token: Int64?
        /// The generation of the newest seal in the bucket; absent if it was not requested or there is no seal.
        var generation: Int?
        var sealedAt: String?
        var sealedBy: String?
    }

    var fleet: String
    var lease: Lease
    var hosts: [Host]
    /// The configured integrations, and other integrations that a host holds, sorted by name.
    var integrations: [Integration]
    /// Hosts that do not run, and for which a request to drain is stored.
    var drainingHosts: [String]

    /// - Parameter integrations: the names of the integrations that are configured on this host and collected.
    init(
        _ fleet: Configuration.Fleet, _ seen: FleetObservation, integrations: Set<String>, answeredIn time: Duration
    ) {
        self.fleet = fleet.name.text
        lease = Lease(
            engine: fleet.lease.type.rawValue, ttlSeconds: fleet.lease.ttl.seconds,
            answeredInMilliseconds: Int(time / .milliseconds(1)))
        hosts = seen.hosts.sorted { $0.key < $1.key }.map { name, host in
            Host(
                name: name.printable, version: host.record.version.printable,
                since: WallClock.text(host.record.startedAt),
                holds: seen.held(by: name), draining: host.record.isDraining || seen.draining.contains(name))
        }
        self.integrations = integrations.union(seen.owners.keys).sorted().map { name in
            let owner = seen.owners[name]
            return Integration(
                name: name.printable, host: owner?.host.printable, since: owner.map { WallClock.text($0.since) },
                previousHost: owner?.previousHost?.printable, token: owner?.token)
        }
        drainingHosts = seen.draining.subtracting(seen.hosts.keys).sorted().map(\.printable)
    }

    /// Adds each integration's newest seal.
    mutating func add(_ seals: [String: SealDecision]) {
        for index in integrations.indices {
            guard let seal = seals[integrations[index].name] else { continue }
            integrations[index].generation = Int(clamping: seal.generation)
            integrations[index].sealedAt = seal.sealedAt.printable
            integrations[index].sealedBy = seal.host.printable
        }
    }

    /// Whether each integration is held by some host.
    var isWell: Bool { integrations.allSatisfy { $0.host != nil } }
}

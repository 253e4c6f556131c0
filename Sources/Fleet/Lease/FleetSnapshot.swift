import Configuration

/// The fleet as one host sees it, for status, metrics and `tributary fleet status`.
package struct FleetSnapshot: Sendable, Equatable, Codable {
    package struct Host: Sendable, Equatable, Codable {
        package var name: String
        package var version: String
        /// When the host's daemon started. Milliseconds since 1970-01-01T00:00:00Z.
        package var since: Int64
        /// The number of integrations that the host holds.
        package var holds: Int
        package var isDraining: Bool
        /// Whether this is the reporting host.
        package var isThis: Bool
    }

    package struct Owner: Sendable, Equatable, Codable {
        package var integration: String
        package var host: String
        /// When the host got the integration. Milliseconds since 1970-01-01T00:00:00Z.
        package var since: Int64
        package var previousHost: String?
        package var token: Int64
    }

    /// Where the leases are stored, and the state of this host's own lease.
    package struct Lease: Sendable, Equatable, Codable {
        /// Where the leases are stored: `etcd` or `s3`.
        package var engine: String
        package var ttlSeconds: Int
        /// Whether this host takes part in the fleet now. A standby host of an `s3` lease takes part, too.
        package var isTakingPart: Bool
        /// When a round of this host last succeeded. In a round, the host renews its lease if that is due, and reads the state of the fleet.
        /// Milliseconds since 1970-01-01T00:00:00Z; nil before the first successful round.
        package var renewedAt: Int64?
        /// The present problem and what to do about it; nil if there is none.
        package var problem: String?
        /// The number of successful renewals since the start.
        package var renewals = 0
        /// The number of failed rounds since the start.
        package var failures = 0
        /// How often since the start this host has stopped taking part: its lease had ended, or it was a standby and could not read the state of the
        /// fleet.
        package var losses = 0
    }

    package var fleet: String
    package var host: String
    package var lease: Lease
    /// The hosts, in the order of their names.
    package var hosts: [Host] = []
    /// The holders, in the order of the integrations' names.
    package var owners: [Owner] = []
    /// Names of the integrations that are configured on the reporting host but held by no host.
    package var unheld: [String] = []
    /// The number of integrations that are configured on the reporting host.
    package var configured: Int

    /// - Parameter seen: nil before the first observation.
    package init(
        fleet: String, host: String, lease: Lease, seen: FleetObservation?, configured: Set<String>
    ) {
        self.fleet = fleet
        self.host = host
        self.lease = lease
        self.configured = configured.count
        guard let seen else { return }
        var held: [String: Int] = [:]
        for owner in seen.owners.values { held[owner.host, default: 0] += 1 }
        hosts = seen.hosts.map { name, other in
            Host(
                name: name, version: other.record.version, since: other.record.startedAt, holds: held[name] ?? 0,
                isDraining: other.record.isDraining || seen.draining.contains(name), isThis: other.isThis)
        }.sorted { $0.name < $1.name }
        owners = seen.owners.map { name, owner in
            Owner(
                integration: name, host: owner.host, since: owner.since, previousHost: owner.previousHost,
                token: owner.token)
        }.sorted { $0.integration < $1.integration }
        unheld = configured.filter { seen.owners[$0] == nil }.sorted()
    }
}

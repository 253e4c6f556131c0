import Configuration
import Fleet

/// What this host knows about its fleet, for the status. A plain value.
struct FleetBoard: Sendable {
    private let fleet: Configuration.Fleet
    /// The state of the leases when they were last read; nil until they have been read once.
    private var snapshot: FleetSnapshot?
    /// The holder of each integration.
    private var owners: [String: FleetSnapshot.Owner] = [:]
    /// For each integration that is open on this host: the number of its generation.
    private var generations: [String: UInt64] = [:]
    private var takeovers = 0
    private var fencedSeals = 0
    private var droppedRecords = 0

    init(_ fleet: Configuration.Fleet) { self.fleet = fleet }

    mutating func update(_ snapshot: FleetSnapshot) {
        self.snapshot = snapshot
        owners = Dictionary(snapshot.owners.map { ($0.integration, $0) }) { first, _ in first }
    }

    mutating func gained(_ holding: Holding) {
        if let previous = holding.previousHost, previous != fleet.host { takeovers += 1 }
    }

    mutating func opened(_ integration: String, _ opening: SharedOpening) {
        generations[integration] = opening.generation
        droppedRecords += opening.dropped
    }

    /// Records the integration's new generation, which began with the latest seal.
    mutating func began(_ integration: String, generation: UInt64) { generations[integration] = generation }

    mutating func closed(_ integration: String) { generations[integration] = nil }

    mutating func fenced(dropped: Int) {
        fencedSeals += 1
        droppedRecords += dropped
    }

    /// The part of `status.json` about the fleet.
    var report: StatusReport.Fleet {
        let own = snapshot?.hosts.first(where: \.isThis)
        return StatusReport.Fleet(
            name: fleet.name.text, host: fleet.host, lease: fleet.lease.type.rawValue,
            ttlSeconds: Int(fleet.lease.ttl.duration.components.seconds),
            renewedAt: (snapshot?.lease.renewedAt).map(WallClock.text),
            problem: snapshot == nil ? "the leases have not been read yet" : snapshot?.lease.problem,
            draining: own?.isDraining ?? false, hosts: snapshot?.hosts.map(\.name) ?? [], holds: own?.holds ?? 0,
            configured: snapshot?.configured ?? 0, takeovers: takeovers, fenced: fencedSeals,
            droppedRecords: droppedRecords)
    }

    func holder(of integration: String) -> StatusReport.Holder {
        let owner = owners[integration]
        return StatusReport.Holder(
            host: owner?.host, since: (owner?.since).map(WallClock.text), previousHost: owner?.previousHost,
            generation: generations[integration].map { Int(clamping: $0) })
    }
}

import Configuration

/// Stores the leases of a fleet: in etcd, or in an object of the fleet's bucket.
///
/// Each request to the store has a time limit of at most half the lease's time to live. Calls do not overlap, except with ``abandon()``.
package protocol LeaseStore: Sendable {
    var engine: LeaseType { get }
    /// The interval at which a host observes the others.
    var pollInterval: Duration { get }

    /// Makes this host's lease, or renews it, and publishes `record`.
    ///
    /// - Returns: the instant before the request was sent, from which the time to live counts; nil if this host is a standby, which needs no
    ///   lease.
    func renew(_ record: HostRecord) async throws(LeaseProblem) -> ContinuousClock.Instant?

    /// Reads the present state of the fleet.
    ///
    /// - Parameter integrations: the integrations that are configured on this host.
    func observe(_ integrations: Set<String>) async throws(LeaseProblem) -> FleetObservation

    /// Takes integrations that have no holder.
    func take(_ claims: [Claim]) async throws(LeaseProblem) -> Taken

    /// Gives up integrations that this host holds, so that other hosts can take them. Each integration comes with its token.
    func giveUp(_ tokens: [String: Int64]) async throws(LeaseProblem)

    /// Ends this host's lease and all its holdings.
    func leave() async throws(LeaseProblem)

    /// Forgets this host's lease, because it has expired.
    func abandon() async

    /// If `isDraining` is true, asks a host to hand over its integrations and to take no others. If it is false, withdraws that request. Works from
    /// any host.
    func setDraining(_ host: String, _ isDraining: Bool) async throws(LeaseProblem)
}

/// A host's description of itself for the other hosts.
package struct HostRecord: Sendable, Equatable {
    package var version: String
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package var startedAt: Int64
    package var isDraining: Bool
    /// The number of integrations that the host is configured to collect.
    package var configured: Int
    /// A digest of the names of the configured integrations. Hosts with the same integrations have the same digest.
    package var digest: String
}

/// An integration that this host wants to take.
package struct Claim: Sendable, Equatable {
    package let integration: String
    /// The last holder of the integration that this host has seen; nil if that was this host, or if this host has seen none.
    package let previousHost: String?
}

/// The result of ``LeaseStore/take(_:)``.
package struct Taken: Sendable {
    /// The integrations that this host now holds: fewer than it claimed if other hosts were faster.
    package var holdings: [Holding] = []
    /// The start of this host's lease (the instant before the request was sent), if taking the integrations began a new lease.
    package var from: ContinuousClock.Instant?
}

/// The fleet at one moment.
package struct FleetObservation: Sendable, Equatable {
    package struct Host: Sendable, Equatable {
        package var record: HostRecord
        /// Whether the host is this process.
        package var isThis: Bool
    }

    package struct Owner: Sendable, Equatable {
        package var host: String
        package var token: Int64
        /// Milliseconds since 1970-01-01T00:00:00Z.
        package var since: Int64
        package var previousHost: String?
        /// Whether this process holds the integration.
        package var isMine: Bool
    }

    /// The hosts with a valid lease, by name. With S3, only the active host.
    package var hosts: [String: Host] = [:]
    /// The holders, by integration.
    package var owners: [String: Owner] = [:]
    /// Hosts that are asked to drain. They need not be running.
    package var draining: Set<String> = []

    package init() {}
}

/// Why a lease could not be made, renewed or read.
package enum LeaseProblem: Error, Sendable, Equatable {
    /// There was no usable answer; the operation is retried.
    case unavailable(String)
    /// The store refuses the operation until a person changes something.
    case refused(String)
    /// The lease has expired, or someone has removed it.
    case ended
    /// Another process has a lease under this host's name.
    case nameTaken(String)
    /// The task was cancelled.
    case cancelled

    /// What happened and what to do, for a person.
    package var words: String {
        switch self {
        case .unavailable(let words), .refused(let words): words
        case .ended: "its lease has expired, or someone has removed it"
        case .nameTaken(let host):
            """
            another process takes part as “\(host)”: either an earlier run of this host, whose lease will expire, or another host with the \
            same fleet.host. Give each host a different fleet.host
            """
        case .cancelled: "cancelled"
        }
    }
}

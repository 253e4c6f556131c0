import Configuration

/// Where the leases of a fleet are: etcd, or an object in the fleet's bucket.
///
/// Every call returns within about half the lease's time to live. The calls come one after the other, except for ``abandon()``.
package protocol LeaseStore: Sendable {
    var engine: LeaseType { get }
    /// How often a host looks at what the others do.
    var pollInterval: Duration { get }

    /// Makes this host's lease, or renews it, and publishes `record`.
    ///
    /// - Returns: the instant before the request was sent, from which the time to live counts; nil if this host has no lease and needs none, since it
    ///   stands by.
    func renew(_ record: HostRecord) async throws(LeaseProblem) -> ContinuousClock.Instant?

    /// What the fleet looks like now.
    ///
    /// - Parameter integrations: those that are configured here.
    func observe(_ integrations: Set<String>) async throws(LeaseProblem) -> FleetObservation

    /// Takes integrations that no host holds.
    func take(_ claims: [Claim]) async throws(LeaseProblem) -> Taken

    /// Lets others take integrations that this host holds, each with its token.
    func giveUp(_ tokens: [String: Int64]) async throws(LeaseProblem)

    /// Ends this host's lease, with everything that it holds.
    func leave() async throws(LeaseProblem)

    /// Forgets this host's lease, because its time is over.
    func abandon() async

    /// Asks a host to hand over what it holds and to take nothing, or takes that back. Works from any host.
    func setDraining(_ host: String, _ isDraining: Bool) async throws(LeaseProblem)
}

/// What a host says of itself to the others.
package struct HostRecord: Sendable, Equatable {
    package var version: String
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package var startedAt: Int64
    package var isDraining: Bool
    /// The number of integrations that it could collect.
    package var configured: Int
    /// Of the names of those; hosts with the same integrations have the same digest.
    package var digest: String
}

/// An integration that this host wants.
package struct Claim: Sendable, Equatable {
    package let integration: String
    /// The last other host that this host has seen holding it.
    package let previousHost: String?
}

/// What ``LeaseStore/take(_:)`` has got.
package struct Taken: Sendable {
    /// Fewer than were claimed if other hosts were faster.
    package var holdings: [Holding] = []
    /// If taking has also begun a lease: the instant before the request was sent.
    package var from: ContinuousClock.Instant?
}

/// The fleet at one moment.
package struct FleetObservation: Sendable, Equatable {
    package struct Host: Sendable, Equatable {
        package var record: HostRecord
        /// Whether it is this process.
        package var isThis: Bool
    }

    package struct Owner: Sendable, Equatable {
        package var host: String
        package var token: Int64
        /// Milliseconds since 1970-01-01T00:00:00Z.
        package var since: Int64
        package var previousHost: String?
        /// Whether this process holds it.
        package var isMine: Bool
    }

    /// By name: the hosts whose lease holds. With S3, the active one.
    package var hosts: [String: Host] = [:]
    /// By integration.
    package var owners: [String: Owner] = [:]
    /// Hosts that are asked to hand over what they hold. They need not be running.
    package var draining: Set<String> = []

    package init() {}
}

/// Why a lease could not be made, renewed or read.
package enum LeaseProblem: Error, Sendable, Equatable {
    /// No usable answer; it is tried again.
    case unavailable(String)
    /// The store does not allow it; a person has to do something.
    case refused(String)
    /// The lease is gone: its time was over, or someone has removed it.
    case ended
    /// Another process has a lease under this host's name.
    case nameTaken(String)
    /// The task was cancelled.
    case cancelled

    /// What happened and what to do, for a person.
    package var words: String {
        switch self {
        case .unavailable(let words), .refused(let words): words
        case .ended: "its lease is gone: its time was over, or someone has removed it"
        case .nameTaken(let host):
            """
            another process takes part as “\(host)”: it is an earlier run of this host, whose lease ends by itself, or another host has the \
            same fleet.host, which has to be changed
            """
        case .cancelled: "cancelled"
        }
    }
}

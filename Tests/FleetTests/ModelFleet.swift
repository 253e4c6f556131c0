@testable import Fleet

/// A model of hosts and a lease store, with a clock that the test moves. Requests take no time, but answers can be lost.
struct ModelFleet {
    static let ttl = Duration.seconds(2)
    static let step = Duration.milliseconds(300)

    struct Host {
        var member: FleetMember
        var lease: Int?
        /// The time at which the lease ends, by the host's own clock; nil without a lease. All clocks run at the same rate.
        var deadline: ContinuousClock.Instant?
        var isRunning = true
        /// Until this time, the host sends no request and makes no decision.
        var pausedUntil: ContinuousClock.Instant?
        var isCutOff = false
        /// The time at which the pending hand-over of each integration will be finished.
        var handingOver: [String: ContinuousClock.Instant] = [:]
        var stopping: [String: ContinuousClock.Instant] = [:]
    }

    struct Key {
        var host: String
        var lease: Int
        var token: Int64
    }

    let start = ContinuousClock.now
    var now: ContinuousClock.Instant
    var hosts: [String: Host] = [:]
    var leases: [Int: ContinuousClock.Instant] = [:]
    var hostKeys: [String: Int] = [:]
    var owners: [String: Key] = [:]
    var draining: Set<String> = []
    var revision: Int64 = 1
    /// On average, one in `lostAnswers` answers is lost. With 0, none is lost.
    var lostAnswers = 0
    /// How often an integration was taken, counted over all integrations and hosts.
    var moves = 0
    var generator: any RandomNumberGenerator

    init(_ generator: any RandomNumberGenerator) {
        now = start
        self.generator = generator
    }

    mutating func add(_ name: String, _ integrations: Set<String>) {
        hosts[name] = Host(member: FleetMember(host: name, isShared: true, configured: integrations))
    }

    /// Moves the clock by a step, ends the leases that are over, and lets every running host do a round.
    mutating func advance() {
        now += Self.step
        for (id, end) in leases where end <= now {
            leases[id] = nil
            hostKeys = hostKeys.filter { $0.value != id }
            owners = owners.filter { $0.value.lease != id }
        }
        for name in hosts.keys.sorted() { round(name) }
    }

    private mutating func round(_ name: String) {
        guard var host = hosts[name], host.isRunning else { return }
        defer { hosts[name] = host }
        if let until = host.pausedUntil {
            guard until <= now else { return }
            host.pausedUntil = nil
        }
        for (integration, end) in host.handingOver where end <= now {
            host.handingOver[integration] = nil
            host.member.handedOver(integration)
        }
        for (integration, end) in host.stopping where end <= now && host.handingOver[integration] == nil {
            host.stopping[integration] = nil
            host.member.settled(integration)
        }
        if let deadline = host.deadline, deadline <= now { end(&host) }
        guard !host.isCutOff else { return }
        if let lease = host.lease, leases[lease] != nil {
            leases[lease] = now + Self.ttl
            host.deadline = now + Self.ttl
        } else {
            if host.deadline != nil { end(&host) }
            guard hostKeys[name] == nil else { return }
            revision += 1
            host.lease = Int(revision)
            leases[Int(revision)] = now + Self.ttl
            hostKeys[name] = Int(revision)
            host.deadline = now + Self.ttl
        }
        carryOut(host.member.observe(observation(name, host), at: now), name, &host)
    }

    private mutating func end(_ host: inout Host) {
        host.deadline = nil
        host.lease = nil
        for case .lost(let integration) in host.member.end() { host.stopping[integration] = later() }
    }

    private mutating func carryOut(_ actions: [FleetMember.Action], _ name: String, _ host: inout Host) {
        for action in actions {
            switch action {
            case .gained: break
            case .lost(let integration): host.stopping[integration] = later()
            case .release(let integration): host.handingOver[integration] = later()
            case .giveUp(let tokens):
                if isLost() { continue }
                for (integration, token) in tokens where owners[integration]?.token == token {
                    owners[integration] = nil
                }
            case .take(let claims):
                guard let lease = host.lease, leases[lease] != nil else { continue }
                revision += 1
                var holdings: [Holding] = []
                for claim in claims where owners[claim.integration] == nil {
                    owners[claim.integration] = Key(host: name, lease: lease, token: revision)
                    moves += 1
                    holdings.append(
                        Holding(
                            integration: claim.integration, token: revision, since: 0,
                            previousHost: claim.previousHost))
                }
                if !isLost() { carryOut(host.member.took(holdings), name, &host) }
            }
        }
    }

    private func observation(_ me: String, _ host: Host) -> FleetObservation {
        var seen = FleetObservation()
        for name in hostKeys.keys {
            guard let other = hosts[name] else { continue }
            seen.hosts[name] = FleetObservation.Host(
                record: HostRecord(
                    version: "1", startedAt: 0, isDraining: other.member.isDraining,
                    configured: other.member.configured.count, digest: other.member.digest), isThis: name == me)
        }
        for (integration, key) in owners {
            seen.owners[integration] = FleetObservation.Owner(
                host: key.host, token: key.token, since: 0, previousHost: nil, isMine: key.lease == host.lease)
        }
        seen.draining = draining
        return seen
    }

    private mutating func isLost() -> Bool {
        lostAnswers > 0 && Int.random(in: 0..<lostAnswers, using: &generator) == 0
    }

    /// A random time at which a call to the observer returns.
    private mutating func later() -> ContinuousClock.Instant {
        now + .milliseconds(Int.random(in: 0...1500, using: &generator))
    }

    /// The integrations that more than one host holds, each with a lease that has not ended by its own clock.
    var heldTwice: [String] {
        var holders: [String: Int] = [:]
        for host in hosts.values where host.isRunning {
            // A paused host counts until its deadline, because its other threads may still collect until then.
            guard let deadline = host.deadline, now < deadline else { continue }
            for integration in host.member.holdings.keys {
                holders[integration, default: 0] += 1
            }
        }
        return holders.filter { $0.value > 1 }.map(\.key)
    }

    /// How many integrations each running host holds.
    var held: [String: Int] {
        hosts.filter { $0.value.isRunning && $0.value.deadline != nil }.mapValues { $0.member.holdings.count }
    }
}

/// Decides what one host of a fleet does next. A plain value: observations go in, actions come out.
///
/// Every host decides for itself, from the contents of the store. Two hosts can't hold the same integration, because the store lets only one of them
/// create the integration's key, or hold the single lease in S3. A host that drains, stops or has too many integrations gives up an integration only
/// after it has handed the integration over.
struct FleetMember: Sendable {
    enum Action: Sendable, Equatable {
        /// Ask the store for integrations that no host holds; the answer goes to ``took(_:)``.
        case take([Claim])
        case gained(Holding)
        /// Stop collecting the integration; then call ``settled(_:)``.
        case lost(String)
        /// Hand the integration over; then call ``handedOver(_:)``.
        case release(String)
        /// Give up these integrations in the store, each with its token, so that other hosts can take them.
        case giveUp([String: Int64])
    }

    /// The state of an integration that this host has, or had a moment ago.
    private enum Place {
        case held(Holding)
        /// The integration is being handed over to another host.
        case handingOver(Holding)
        /// The integration is handed over, but not yet given up in the store.
        case returned(Holding)
        /// The integration is lost, but its collector on this host has not stopped yet.
        case stopping

        var holding: Holding? {
            switch self {
            case .held(let holding), .handingOver(let holding), .returned(let holding): holding
            case .stopping: nil
            }
        }
    }

    /// The maximum number of integrations that a host hands over at the same time.
    static let maximumReleases = 32
    /// The maximum number of integrations that a host takes in one round.
    static let maximumTaken = 512
    /// If an integration has no holder for this time, a host takes it even beyond its fair share, because the other hosts may not have configured the
    /// integration. The time is longer if every host has configured the same integrations: then the host that should take the integration is probably
    /// only slow.
    static let patience = (differing: Duration.seconds(2), same: Duration.seconds(10))
    /// A host takes an integration beyond its fair share only after it has seen the integration without a holder in more than this many rounds.
    static let patientRounds = 5
    /// For this time, a host keeps an integration that it took beyond its fair share, even if the shares are unequal. So the integration does not
    /// move back and forth.
    static let reluctance = Duration.seconds(60)

    let host: String
    /// True if hosts share the integrations; false if one host has all of them.
    let isShared: Bool
    /// Whether this host is about to leave the fleet.
    private(set) var isStopping = false
    /// Whether the last observation asked this host to drain.
    private(set) var isAskedToDrain = false
    private(set) var configured: Set<String>
    private(set) var digest: String
    private var places: [String: Place] = [:]
    /// For each integration without a holder: when this host first noticed that there is no holder, and in how many rounds it has seen this.
    private var freeSince: [String: (instant: ContinuousClock.Instant, rounds: Int)] = [:]
    /// For each integration, the last holder that this host has seen.
    private var lastOwner: [String: String] = [:]
    /// Integrations that this host took beyond its fair share, and when it took them.
    private var takenLate: [String: ContinuousClock.Instant] = [:]
    /// The last observation, if this host has nothing to do until the store changes; otherwise nil. A round that observes the same state again has
    /// nothing to decide. This is the usual case in a quiet fleet.
    private var settledAt: FleetObservation?

    init(host: String, isShared: Bool, configured: Set<String>) {
        self.host = host
        self.isShared = isShared
        self.configured = configured
        digest = HostPreference.digest(of: configured)
    }

    var isDraining: Bool { isStopping || isAskedToDrain }
    /// Whether this host has no integrations any more, and all its collectors have stopped.
    var isIdle: Bool { places.isEmpty }
    /// The integrations that this host holds, by name. An integration that is being handed over is included until the hand-over is complete.
    var holdings: [String: Holding] {
        places.compactMapValues { place in
            if case .returned = place { nil } else { place.holding }
        }
    }

    // MARK: Input

    /// Sets the configured integrations.
    mutating func use(_ integrations: Set<String>) {
        settledAt = nil
        configured = integrations
        digest = HostPreference.digest(of: integrations)
        lastOwner = lastOwner.filter { integrations.contains($0.key) }
    }

    /// Begins to leave the fleet: from now on this host hands over everything and takes nothing.
    mutating func stop() {
        settledAt = nil
        isStopping = true
    }

    /// Takes a new observation of the store. The observation must have been read after all writes of this host.
    mutating func observe(_ seen: FleetObservation, at now: ContinuousClock.Instant) -> [Action] {
        guard seen != settledAt else { return [] }
        isAskedToDrain = seen.draining.contains(host)
        var actions = compare(with: seen)
        let free = remember(seen, at: now)
        let members = Set(
            seen.hosts.filter { !$0.value.record.isDraining && !seen.draining.contains($0.key) && $0.key != host }.keys
        ).union(isDraining ? [] : [host])
        let share = isDraining ? nil : share(seen, members, free)
        let isSame = hasSameIntegrations(seen, members)
        actions += releases(share, mayBalance: isSame)
        if let share {
            actions += takes(share, free, patience: isSame ? Self.patience.same : Self.patience.differing, at: now)
        }
        settledAt = actions.isEmpty && free.isEmpty && takenLate.isEmpty ? seen : nil
        return actions
    }

    /// Notes that the store has given these integrations to this host.
    mutating func took(_ holdings: [Holding]) -> [Action] {
        settledAt = nil
        return holdings.compactMap { holding in
            guard places[holding.integration] == nil else { return nil }
            places[holding.integration] = .held(holding)
            freeSince[holding.integration] = nil
            return .gained(holding)
        }
    }

    /// Notes that the hand-over of an integration is complete.
    mutating func handedOver(_ integration: String) {
        settledAt = nil
        if case .handingOver(let holding) = places[integration] { places[integration] = .returned(holding) }
    }

    /// Notes that the collector of a lost integration has stopped.
    mutating func settled(_ integration: String) {
        settledAt = nil
        if case .stopping = places[integration] { places[integration] = nil }
    }

    /// Notes that the lease has ended: this host holds nothing any more.
    mutating func end() -> [Action] {
        settledAt = nil
        var actions: [Action] = []
        for (name, place) in places.sorted(by: { $0.key < $1.key }) {
            switch place {
            case .held, .handingOver:
                places[name] = .stopping
                actions.append(.lost(name))
            case .returned: places[name] = nil
            case .stopping: break
            }
        }
        freeSince = [:]
        takenLate = [:]
        return actions
    }

    // MARK: Decisions

    /// Compares this host's integrations in the store with those that this host knows of.
    private mutating func compare(with seen: FleetObservation) -> [Action] {
        var actions: [Action] = []
        var tokens: [String: Int64] = [:]
        for (name, place) in places {
            guard let holding = place.holding else { continue }
            let owner = seen.owners[name]
            let isOurs = owner.map { $0.isMine && $0.token == holding.token } ?? false
            switch place {
            case .returned where isOurs: tokens[name] = holding.token
            case .returned: places[name] = nil
            case .held, .handingOver:
                guard !isOurs else { continue }
                places[name] = .stopping
                actions.append(.lost(name))
            case .stopping: break
            }
        }
        // Integrations that this host holds according to the store, but does not know of. Either the answer to the request that took them was lost,
        // or they were newly configured while this host has the single lease in S3, which covers every integration.
        for (name, owner) in seen.owners where owner.isMine && places[name] == nil && tokens[name] == nil {
            if configured.contains(name), !isDraining {
                actions += took([
                    Holding(
                        integration: name, token: owner.token, since: owner.since, previousHost: owner.previousHost)
                ])
            } else {
                tokens[name] = owner.token
            }
        }
        if !tokens.isEmpty { actions.append(.giveUp(tokens)) }
        return actions
    }

    /// Remembers which host holds each integration.
    ///
    /// - Returns: the configured integrations that no host holds.
    private mutating func remember(_ seen: FleetObservation, at now: ContinuousClock.Instant) -> Set<String> {
        for (name, owner) in seen.owners where configured.contains(name) && lastOwner[name] != owner.host {
            lastOwner[name] = owner.host
        }
        let free = configured.filter { seen.owners[$0] == nil }
        freeSince = freeSince.filter { free.contains($0.key) }
        for name in free { freeSince[name, default: (now, 0)].rounds += 1 }
        takenLate = takenLate.filter { $0.value + Self.reluctance > now }
        return free
    }

    private func share(_ seen: FleetObservation, _ members: Set<String>, _ free: Set<String>) -> FairShare {
        var held: [String: Int] = [:]
        for owner in seen.owners.values { held[owner.host, default: 0] += 1 }
        return FairShare(host: host, held: held, members: members, free: free.count)
    }

    /// - Parameter share: nil while this host drains.
    private mutating func releases(_ share: FairShare?, mayBalance: Bool) -> [Action] {
        var room = Self.maximumReleases
        var surplus = share?.toRelease ?? 0
        var held: [String] = []
        for (name, place) in places {
            switch place {
            case .held: held.append(name)
            case .handingOver, .returned:
                room -= 1
                surplus -= 1
            case .stopping: break
            }
        }
        guard room > 0 else { return [] }
        var leaving = held.filter { share == nil || !configured.contains($0) }.sorted()
        if share != nil, isShared, leaving.isEmpty, surplus > 0, mayBalance {
            leaving = ordered(held.filter { takenLate[$0] == nil }).reversed()
            room = min(room, surplus)
        }
        return leaving.prefix(room).compactMap { name in
            guard case .held(let holding) = places[name] else { return nil }
            places[name] = .handingOver(holding)
            return .release(name)
        }
    }

    /// Sorts integrations by this host's preference, the most preferred one first.
    private func ordered(_ names: [String]) -> [String] {
        names.map { (name: $0, weight: HostPreference.weight(of: $0, for: host)) }
            .sorted { ($0.weight, $0.name) > ($1.weight, $1.name) }.map(\.name)
    }

    /// True if all hosts have configured the same integrations. If not, a new configuration is being rolled out. Until it is on all hosts, no host
    /// releases an integration merely to balance the shares.
    private func hasSameIntegrations(_ seen: FleetObservation, _ members: Set<String>) -> Bool {
        members.allSatisfy { $0 == host || seen.hosts[$0]?.record.digest == digest }
    }

    private mutating func takes(
        _ share: FairShare, _ free: Set<String>, patience: Duration, at now: ContinuousClock.Instant
    ) -> [Action] {
        // An integration that was just lost is not taken again before its collector has stopped.
        let open = free.filter { places[$0] == nil }
        guard !open.isEmpty else { return [] }
        let count = isShared ? share.toTake : open.count
        let ordered = ordered(Array(open))
        var chosen = Array(ordered.prefix(min(count, Self.maximumTaken)))
        for name in ordered.dropFirst(chosen.count) where chosen.count < Self.maximumTaken {
            // Rounds are counted in addition to time, because each round takes longer in a large fleet whose integrations are moving.
            guard let since = freeSince[name], since.instant + patience <= now,
                since.rounds > Self.patientRounds
            else { continue }
            chosen.append(name)
            takenLate[name] = now
        }
        guard !chosen.isEmpty else { return [] }
        return [
            .take(
                chosen.map { name in
                    Claim(integration: name, previousHost: lastOwner[name].flatMap { $0 == host ? nil : $0 })
                })
        ]
    }
}

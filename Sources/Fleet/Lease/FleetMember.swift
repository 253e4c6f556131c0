/// What one host of a fleet does next. A plain value: observations go in, actions come out.
///
/// Every host decides for itself, from what it sees in the store. Two hosts can't hold the same integration, because the store lets only one of
/// them make its key; and a host that drains, stops or has too many hands over before it lets go.
struct FleetMember: Sendable {
    enum Action: Sendable, Equatable {
        /// Ask the store for integrations that no host holds; the answer goes to ``took(_:)``.
        case take([Claim])
        case gained(Holding)
        /// Stop collecting it; then ``settled(_:)``.
        case lost(String)
        /// Hand it over; then ``handedOver(_:)``.
        case release(String)
        /// Let others take these in the store, each with its token.
        case giveUp([String: Int64])
    }

    /// Where an integration stands that this host has, or had a moment ago.
    private enum Place {
        case held(Holding)
        /// It is being handed over.
        case handingOver(Holding)
        /// It is handed over; its key is still in the store.
        case returned(Holding)
        /// It is lost; whoever collects it has not stopped yet.
        case stopping

        var holding: Holding? {
            switch self {
            case .held(let holding), .handingOver(let holding), .returned(let holding): holding
            case .stopping: nil
            }
        }
    }

    /// How many integrations a host hands over at the same time.
    static let maximumReleases = 32
    /// How many integrations it takes in one round.
    static let maximumTaken = 512
    /// After this time without a holder, a host takes an integration even if that is more than its share: the one whose turn it is may not have it
    /// configured. Longer where every host has the same integrations, since then that one is only slow.
    static let patience = (differing: Duration.seconds(2), same: Duration.seconds(10))
    /// And not before it has seen it so in so many rounds.
    static let patientRounds = 5
    /// How long it then keeps it, so that it does not go back and forth.
    static let reluctance = Duration.seconds(60)

    let host: String
    /// Whether hosts share the integrations; otherwise one has all.
    let isShared: Bool
    /// Whether this host is about to leave the fleet.
    private(set) var isStopping = false
    /// Whether somebody has asked this host to drain, as last seen.
    private(set) var isAskedToDrain = false
    private(set) var configured: Set<String>
    private(set) var digest: String
    private var places: [String: Place] = [:]
    /// Since when this host has seen an integration without a holder, and how many times.
    private var freeSince: [String: (instant: ContinuousClock.Instant, rounds: Int)] = [:]
    /// The last holder of each integration that this host has seen.
    private var lastOwner: [String: String] = [:]
    /// What was taken beyond the share, and when.
    private var takenLate: [String: ContinuousClock.Instant] = [:]
    /// The last observation, if nothing has happened since and time alone changes nothing: in a quiet fleet, most rounds end here.
    private var settledAt: FleetObservation?

    init(host: String, isShared: Bool, configured: Set<String>) {
        self.host = host
        self.isShared = isShared
        self.configured = configured
        digest = HostPreference.digest(of: configured)
    }

    var isDraining: Bool { isStopping || isAskedToDrain }
    /// Whether this host has nothing any more, and everything about it has stopped.
    var isIdle: Bool { places.isEmpty }
    /// What this host holds, by name. What is being handed over is included until that is done.
    var holdings: [String: Holding] {
        places.compactMapValues { place in
            if case .returned = place { nil } else { place.holding }
        }
    }

    // MARK: Input

    /// Other integrations are configured.
    mutating func use(_ integrations: Set<String>) {
        settledAt = nil
        configured = integrations
        digest = HostPreference.digest(of: integrations)
        lastOwner = lastOwner.filter { integrations.contains($0.key) }
    }

    /// This host is about to leave the fleet: it hands over everything and takes nothing.
    mutating func stop() {
        settledAt = nil
        isStopping = true
    }

    /// The fleet as the store shows it, read after everything that this host has sent.
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

    /// The store has given these to this host.
    mutating func took(_ holdings: [Holding]) -> [Action] {
        settledAt = nil
        return holdings.compactMap { holding in
            guard places[holding.integration] == nil else { return nil }
            places[holding.integration] = .held(holding)
            freeSince[holding.integration] = nil
            return .gained(holding)
        }
    }

    /// The hand-over of an integration is done.
    mutating func handedOver(_ integration: String) {
        settledAt = nil
        if case .handingOver(let holding) = places[integration] { places[integration] = .returned(holding) }
    }

    /// Whoever collected a lost integration has stopped.
    mutating func settled(_ integration: String) {
        settledAt = nil
        if case .stopping = places[integration] { places[integration] = nil }
    }

    /// The lease is over: nothing is held any more.
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

    /// What the store says of this host's integrations, against what this host knows.
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
        // Taken by a request whose answer did not arrive, or newly configured while this host has everything.
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

    /// Updates what this host remembers of holders.
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

    /// What this host wants most comes first.
    private func ordered(_ names: [String]) -> [String] {
        names.map { (name: $0, weight: HostPreference.weight(of: $0, for: host)) }
            .sorted { ($0.weight, $0.name) > ($1.weight, $1.name) }.map(\.name)
    }

    /// Whether every host could take what another releases. While a configuration is being rolled out, nothing is moved for the sake of shares.
    private func hasSameIntegrations(_ seen: FleetObservation, _ members: Set<String>) -> Bool {
        members.allSatisfy { $0 == host || seen.hosts[$0]?.record.digest == digest }
    }

    private mutating func takes(
        _ share: FairShare, _ free: Set<String>, patience: Duration, at now: ContinuousClock.Instant
    ) -> [Action] {
        // What was just lost is not taken again before it has stopped.
        let open = free.filter { places[$0] == nil }
        guard !open.isEmpty else { return [] }
        let count = isShared ? share.toTake : open.count
        let ordered = ordered(Array(open))
        var chosen = Array(ordered.prefix(min(count, Self.maximumTaken)))
        for name in ordered.dropFirst(chosen.count) where chosen.count < Self.maximumTaken {
            // In a large fleet whose moves take long, the others' rounds are as long as this host's.
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

import Logging
import Systemd
import Time

/// Keeps this host's lease, and takes and releases integrations as ``FleetMember`` decides.
///
/// ```swift
/// let keeper = LeaseKeeper(store: store, fleet: "prod", host: "collector-1", …)
/// async let end: Void = keeper.run()
/// …
/// await keeper.stop()     // hands over everything; then run() returns
/// ```
///
/// One round: renew the lease if that is due, observe the fleet, act. A round begins every ``LeaseStore/pollInterval``. A separate timer ends the
/// holdings when the lease has expired by this host's clock, even if a round is waiting for the store.
package actor LeaseKeeper {
    private static let gathering = Duration.milliseconds(20)

    /// The time until which this host may query Okta.
    package nonisolated let term = LeaseTerm()

    private let store: any LeaseStore
    private let fleet: String
    private let ttl: Duration
    private let observer: any HoldingObserver
    private let voice: LeaseVoice

    private var member: FleetMember
    private var record: HostRecord
    /// When this host stops taking part: at the end of its lease or, if it is a standby, ``ttl`` after its last observation. Each renewal or, for a
    /// standby, each observation moves this instant. Nil while this host does not take part.
    private var deadline: ContinuousClock.Instant?
    private var nextRenewal = ContinuousClock.now
    /// Increases each time that this host stops taking part in the fleet. The result of a request that was sent in an earlier epoch is ignored.
    private var epoch = 0
    private var seen: FleetObservation?
    private var figures: FleetSnapshot.Lease

    /// For each integration, the last pending call to the observer, and how many are pending.
    private var calls: [String: (task: Task<Void, Never>, count: Int)] = [:]
    private var isStopping = false
    private var isRunning = false
    private var stopWaiters: [CheckedContinuation<Void, Never>] = []
    private var sleeper: Task<Void, Never>?
    private var isWoken = false

    /// - Parameters:
    ///   - integrations: the names of the integrations that this host is configured to collect.
    ///   - ttl: the lease's time to live.
    package init(
        store: any LeaseStore, fleet: String, host: String, version: String, integrations: Set<String>, ttl: Duration,
        observer: any HoldingObserver, logger: Logger
    ) {
        self.store = store
        self.fleet = fleet
        self.ttl = ttl
        self.observer = observer
        voice = LeaseVoice(fleet: fleet, host: host, engine: store.engine, ttl: ttl, logger: logger)
        member = FleetMember(host: host, isShared: store.engine.isShared, configured: integrations)
        record = HostRecord(
            version: version, startedAt: UTCTime.now().milliseconds, isDraining: false,
            configured: integrations.count, digest: member.digest)
        figures = FleetSnapshot.Lease(
            engine: store.engine.rawValue, ttlSeconds: Int(ttl.components.seconds), isTakingPart: false)
    }

    // MARK: Interface

    /// Sets the configured integrations. Those that are no longer configured are handed over.
    package func use(integrations: Set<String>) {
        member.use(integrations)
        wake()
    }

    /// The fleet as this host sees it.
    package func snapshot() -> FleetSnapshot {
        FleetSnapshot(fleet: fleet, host: member.host, lease: figures, seen: seen, configured: member.configured)
    }

    /// The integrations that this host holds, by name.
    package var holdings: [String: Holding] { member.holdings }

    /// Hands over everything and leaves the fleet. Returns when that is done or the lease has ended; then ``run()`` returns, too.
    package func stop() async {
        isStopping = true
        member.stop()
        guard isRunning else { return }
        wake()
        await withCheckedContinuation { stopWaiters.append($0) }
    }

    /// Takes part in the fleet until ``stop()``. If the task is cancelled, this method returns without handing over, and the lease expires.
    package func run() async {
        guard !isStopping else { return }
        isRunning = true
        await withTaskGroup { group in
            group.addTask { await self.watchDeadline() }
            await rounds()
            group.cancelAll()
        }
        term.finish()
        isRunning = false
        for waiter in stopWaiters { waiter.resume() }
        stopWaiters = []
    }

    // MARK: Rounds

    private func rounds() async {
        while !Task.isCancelled {
            let began = ContinuousClock.now
            await round()
            if isStopping, deadline == nil || member.isIdle {
                try? await store.leave()
                return
            }
            // A host without a lease polls less often, unless it waits for its name, which may become free at any time.
            let isWaiting = deadline == nil && figures.problem != nil && !voice.isWaitingForName
            await pause(until: began + (isWaiting ? max(store.pollInterval, .seconds(1)) : store.pollInterval))
        }
    }

    private func round() async {
        let epoch = epoch
        do throws(LeaseProblem) {
            try await renewIfDue()
            guard epoch == self.epoch else { return }
            let asked = ContinuousClock.now
            let seen = try await store.observe(member.configured)
            guard epoch == self.epoch else { return }
            // A standby host has no lease to renew; it takes part while it can see the fleet.
            if term.deadline == nil { deadline = asked + ttl }
            self.seen = seen
            succeeded()
            try await carryOut(member.observe(seen, at: ContinuousClock.now), epoch)
            voice.isDraining(member.isAskedToDrain, holdings: member.holdings.count)
        } catch {
            await failed(error, epoch)
        }
    }

    private func renewIfDue() async throws(LeaseProblem) {
        var wanted = record
        wanted.isDraining = member.isDraining
        wanted.configured = member.configured.count
        wanted.digest = member.digest
        if wanted != record {
            record = wanted
            nextRenewal = ContinuousClock.now
        }
        guard ContinuousClock.now >= nextRenewal else { return }
        let epoch = epoch
        let from = try await store.renew(record)
        guard epoch == self.epoch else { return }
        guard let from else { return term.finish() }
        figures.renewals += 1
        begin(from)
    }

    /// Notes that this host has a lease whose time to live counts from the given instant.
    private func begin(_ from: ContinuousClock.Instant) {
        nextRenewal = from + ttl / 3
        term.extend(to: from + ttl)
        deadline = term.deadline
    }

    private func carryOut(_ actions: [FleetMember.Action], _ epoch: Int) async throws(LeaseProblem) {
        var problem: LeaseProblem?
        for action in actions {
            guard epoch == self.epoch else { return }
            switch action {
            case .gained(let holding): call(holding.integration) { await $0.gained(holding) }
            case .lost(let name):
                call(name) {
                    await $0.lost(name)
                } then: {
                    $0.settled(name)
                }
            case .release(let name):
                call(name) {
                    await $0.release(name)
                } then: {
                    $0.handedOver(name)
                }
            case .giveUp(let tokens):
                do throws(LeaseProblem) { try await store.giveUp(tokens) } catch { problem = error }
            case .take(let claims):
                do throws(LeaseProblem) {
                    let taken = try await store.take(claims)
                    guard epoch == self.epoch else { return }
                    if let from = taken.from { begin(from) }
                    try await carryOut(member.took(taken.holdings), epoch)
                } catch { problem = error }
            }
        }
        if let problem { throw problem }
    }

    /// Calls the observer, after all earlier calls for the same integration have returned.
    private func call(
        _ integration: String, _ body: @escaping @Sendable (any HoldingObserver) async -> Void,
        then end: @escaping @Sendable (inout FleetMember) -> Void = { _ in }
    ) {
        let earlier = calls[integration]
        let task = Task { [observer] in
            await earlier?.task.value
            await body(observer)
            self.returned(integration, end)
        }
        calls[integration] = (task, (earlier?.count ?? 0) + 1)
    }

    private func returned(_ integration: String, _ end: (inout FleetMember) -> Void) {
        if let call = calls[integration] {
            calls[integration] = call.count > 1 ? (call.task, call.count - 1) : nil
        }
        end(&member)
        wake()
    }

    // MARK: Success and failure

    private func succeeded() {
        figures.renewedAt = UTCTime.now().milliseconds
        figures.problem = nil
        if !figures.isTakingPart {
            figures.isTakingPart = true
            voice.takesPart()
        }
    }

    private func failed(_ problem: LeaseProblem, _ epoch: Int) async {
        guard problem != .cancelled, epoch == self.epoch else { return }
        figures.failures += 1
        figures.problem = problem.words
        if problem == .ended {
            await finish()
        } else if deadline == nil {
            voice.keptOut(problem)
        }
    }

    /// Ends the holdings when the lease expires.
    private func watchDeadline() async {
        while !Task.isCancelled {
            let now = ContinuousClock.now
            guard let deadline else {
                try? await Task.sleep(for: min(ttl / 8, .milliseconds(250)))
                continue
            }
            if deadline <= now {
                await finish()
            } else {
                try? await Task.sleep(until: deadline, tolerance: .zero, clock: .continuous)
            }
        }
    }

    /// Ends all holdings, because the lease has ended. In the next round, this host tries to join the fleet again.
    private func finish() async {
        guard deadline != nil else { return }
        epoch += 1
        deadline = nil
        let hadLease = term.deadline != nil
        term.finish()
        nextRenewal = ContinuousClock.now
        figures.isTakingPart = false
        figures.losses += 1
        let actions = member.end()
        voice.lost(holdings: actions.count, hadLease: hadLease, because: figures.problem)
        for case .lost(let name) in actions {
            call(name) {
                await $0.lost(name)
            } then: {
                $0.settled(name)
            }
        }
        await store.abandon()
        wake()
    }

    // MARK: Waiting

    private func wake() {
        isWoken = true
        sleeper?.cancel()
    }

    private func pause(until instant: ContinuousClock.Instant) async {
        if isWoken {
            // A short wait, so that one round handles all hand-overs that end at about the same time.
            try? await Task.sleep(for: Self.gathering)
        } else {
            let task = Task {
                _ = try? await Task.sleep(until: instant, tolerance: .milliseconds(10), clock: .continuous)
            }
            sleeper = task
            await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
            sleeper = nil
        }
        isWoken = false
    }
}

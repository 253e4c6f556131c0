@testable import Collector

/// A run of a fleet. It carries out the turns of a plan, lets one host collect the remaining events, and checks the contents of the bucket.
///
/// A host continues to collect until it learns that it has lost the integration. So several hosts may believe that they hold the integration.
final class FleetRun {
    /// A delayed message that tells a host that it has lost the integration.
    private struct Hearing {
        var at: Int64
        var host: Int
        /// The number of the period in which the host held the integration. If the host is in a newer period when the message arrives, the message
        /// has no effect.
        var number: Int
    }

    private let world: FleetWorld
    private let time: SimulatedTime
    private let org: ScriptedOrg
    private let bucket: ScriptedBucket
    private var hosts: [SimulatedHost]
    private var hearings: [Hearing] = []
    private var wanted: WantedEvents
    private var random: SeededGenerator
    private var verdict = Verdict()
    /// The time from which on the org and the bucket have no more faults; nil before that time.
    private var behavesSince: Int64?

    /// How long a host may take to collect the remaining events, in milliseconds, in addition to 200 poll intervals.
    private static let patience: Int64 = 2 * 86_400_000

    init(_ scenario: Scenario, _ plan: FleetPlan, _ lane: SimulationLane) {
        time = SimulatedTime(on: lane.thread)
        org = ScriptedOrg(scenario, time)
        bucket = ScriptedBucket(scenario, time)
        world = FleetWorld(scenario: scenario, plan: plan, lane: lane, time: time, org: org, bucket: bucket)
        hosts = (0..<plan.hosts).map { [world] in SimulatedHost("host-\($0)", world) }
        wanted = WantedEvents(from: Scenario.origin - scenario.start)
        random = scenario.generator(.powerCuts)
    }

    func result() async -> Verdict {
        for (number, turn) in world.plan.turns.enumerated() {
            world.lane.logger.notice("turn \(number): \(turn)")
            await play(turn)
        }
        await collectTheRest()
        verdict.events = world.scenario.events.count
        verdict.requests = org.requests
        verdict.collectedAfter = org.lastEventAnswer - Scenario.origin
        verdict.fenced = bucket.refusedDecisions
        for host in hosts {
            verdict.unproven += host.unproven
            verdict.requeries += host.requeries
            verdict.problems += host.problems
        }
        verdict.check(FleetBucket(bucket.objects), wanted, of: world.scenario)
        return verdict
    }

    // MARK: Turns

    private func play(_ turn: FleetPlan.Turn) async {
        await pass(turn.settings.pause)
        let host = hosts[turn.host]
        guard await isReady(host, turn) else { return }
        if host.held == nil { gain(host, turn.settings) } else { host.renewLease() }
        guard let process = host.running?.process else { return }
        var isPowerCut = false
        if case .death(let death, let withPower) = turn.end {
            process.dies(at: death)
            isPowerCut = withPower
        }
        await pass(turn.length, for: process.death)
        if process.isDead {
            await end(host, isPowerCut: isPowerCut)
        } else {
            await end(turn, host)
        }
        if host.running == nil, turn.copiesState { host.copyState() }
    }

    /// Prepares a host for a turn, and starts its daemon if it does not run. Returns false if the start fails.
    private func isReady(_ host: SimulatedHost, _ turn: FleetPlan.Turn) async -> Bool {
        // The host may have lost the integration without learning of it. It has to learn of the loss before it can gain the integration again.
        if host.held != nil, turn.patience > 0 { lose(host) }
        if let move = host.move { await pass(600_000, for: move.end) }
        if let running = host.running, running.process.isDead || host.move?.isOver == false {
            await end(host, isPowerCut: false)
        }
        guard host.running == nil else { return true }
        host.change(turn.disk)
        return await host.start(turn.settings)
    }

    private func end(_ turn: FleetPlan.Turn, _ host: SimulatedHost) async {
        if turn.endsLease, turn.end != .release, turn.end != .stop { host.endLease() }
        switch turn.end {
        case .lost: lose(host)
        case .release:
            host.release()
            if let move = host.move { await pass(turn.patience, for: move.end) }
        case .stop:
            host.release(stops: true)
            if let move = host.move { await pass(max(turn.patience, 30_000), for: move.end) }
            await end(host, isPowerCut: false)
        case .unaware(let still, let hearsAfter):
            if still > 0 { host.running?.process.standStill(until: time.server + still) }
            if let hearsAfter, let held = host.held {
                hearings.append(Hearing(at: time.server + still + hearsAfter, host: turn.host, number: held.number))
            }
        case .death(_, let isPowerCut): await end(host, isPowerCut: isPowerCut)
        }
    }

    private func gain(_ host: SimulatedHost, _ session: Scenario.Session) {
        verdict.starts += 1
        // Until the first seal, a host without a journal begins at the configured start. If the start is relative to now, each new
        // gain moves it, and earlier events are no longer wanted.
        if world.scenario.countsFromNow, FleetBucket(bucket.objects).seals.isEmpty {
            wanted.from = time.server - world.scenario.start
        }
        host.gain(session, filter: wanted.begin(session, at: time.server))
    }

    private func lose(_ host: SimulatedHost) {
        if let held = host.held { wanted.end(held.filter, at: time.server) }
        host.lose()
    }

    private func end(_ host: SimulatedHost, isPowerCut: Bool) async {
        if let held = host.held { wanted.end(held.filter, at: time.server) }
        await host.end(isPowerCut: isPowerCut, &random)
    }

    /// Waits, and meanwhile delivers the messages that are due. They tell hosts that they have lost the integration.
    private func pass(_ milliseconds: Int64, for moment: SimulatedTime.Moment? = nil) async {
        let until = time.server + milliseconds
        while moment?.hasHappened != true, time.server < until {
            let next = hearings.min { $0.at < $1.at }
            await time.wait(until: min(until, next?.at ?? until), for: moment)
            for hearing in hearings where hearing.at <= time.server {
                if hosts[hearing.host].held?.number == hearing.number { lose(hosts[hearing.host]) }
            }
            hearings.removeAll { $0.at <= time.server }
        }
    }

    // MARK: The end

    /// Lets one host collect the remaining events, twice. Then hosts with empty disks collect until nothing changes any more.
    private func collectTheRest() async {
        for host in hosts where host.running != nil {
            if Bool.random(using: &random) {
                lose(host)
                if let move = host.move { await pass(600_000, for: move.end) }
            }
            await end(host, isPowerCut: false)
        }
        guard var session = world.plan.turns.last?.settings else { return }
        session.pause = 0
        var host = hosts[Int.random(in: 0..<hosts.count, using: &random)]
        var decisions = 0
        for round in 0..<8 {
            guard await drain(host, session) else { return verdict.isStuck = true }
            await pass(max(1, bucket.settledAt - time.server))
            // In the first round, another host's decision may still reach the bucket, and fence this host. Later, no other host decides a seal.
            if round > 0, host.sealing?.fenced != nil {
                verdict.problems.append("\(host.name) is alone, but its seal was refused")
            }
            // The run is over when a round has decided no new seal.
            let now = FleetBucket(bucket.objects).seals.count
            guard round < 2 || now != decisions else { return }
            decisions = now
            guard round > 0 else { continue }
            host = SimulatedHost("auditor-\(round)", world)
            hosts.append(host)
        }
        verdict.problems.append("after eight rounds, a host still decides a new seal")
    }

    /// Lets a host collect everything and hand the integration over. Returns false if this takes too long.
    private func drain(_ host: SimulatedHost, _ session: Scenario.Session) async -> Bool {
        let lastStored = max(world.scenario.events.map(\.stored).max() ?? 0, Scenario.origin)
        let limit = max(time.server, lastStored) + Self.patience + 200_000 * Int64(world.scenario.pollSeconds)
        while await !host.start(session) {
            guard time.server < limit else { return false }
            await pass(60_000)
            behave(after: lastStored)
        }
        org.startBegins()
        gain(host, session)
        if Int.random(in: 0..<4, using: &random) == 0 {
            // Ends the lease, waits for longer than a poll interval, and renews the lease.
            await pass(Int64.random(in: 0...10_000, using: &random))
            host.endLease()
            await pass(Int64(world.scenario.pollSeconds) * 1200)
            host.renewLease()
        }
        while time.server <= lastStored + 1_200_000 || org.emptyAnswers < 12 {
            guard time.server < limit, !isStopped(host) else { return false }
            await pass(Int64(world.scenario.pollSeconds) * 1000)
            behave(after: lastStored)
        }
        host.release(stops: true)
        if let move = host.move { await pass(Self.patience, for: move.end) }
        if let failure = host.sealing?.failure { verdict.problems.append("the last seal has failed: \(failure)") }
        let isOver = host.move?.isOver == true
        await end(host, isPowerCut: false)
        return isOver
    }

    /// Whether a host can't open the integration although the bucket has answered every request for an hour. Then it never will.
    private func isStopped(_ host: SimulatedHost) -> Bool {
        guard let behavesSince else { return false }
        return time.server > max(behavesSince, bucket.settledAt) + 3_600_000
            && host.running?.daemon.health?.trouble?.kind == .spool
    }

    private func behave(after lastStored: Int64) {
        guard time.server > lastStored + 600_000 else { return }
        behavesSince = behavesSince ?? time.server
        org.behave()
        bucket.behave()
    }
}

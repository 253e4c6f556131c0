import Testing

@testable import CollectionSimulation
@testable import Collector

/// Several hosts of a fleet share a bucket. A seed determines each run. `make simulate FLEET=1` runs random seeds.
@Suite("The connected daemons of a fleet", .serialized)
struct FleetSimulationTests {
    @Test(
        "every event is in the bucket exactly once, whichever hosts collect, crash or seal too late", arguments: 0..<2)
    func exactlyOnce(_ block: UInt64) async throws {
        let lane = try SimulationLane()
        for seed in block * 4..<block * 4 + 4 {
            let verdict = await lane.run(Scenario(seed: seed, isFleet: true))
            #expect(verdict.isGood, "seed \(seed): \(verdict)")
        }
    }

    @Test("no event is lost or repeated with the random seeds that once exposed a bug", arguments: [40_001_915])
    func mended(_ seed: UInt64) async throws {
        let scenario = Scenario(seed: seed, isFleet: true, without: Scenario.Feature.later)
        let verdict = try await SimulationLane().run(scenario)
        #expect(verdict.isGood, "seed \(seed): \(verdict)")
    }

    @Test("the same random seed always gives the same run, however the machine schedules the tasks")
    func sameAgain() async throws {
        let lane = try SimulationLane()
        let first = await lane.run(Scenario(seed: 3, isFleet: true))
        let second = await lane.run(Scenario(seed: 3, isFleet: true))
        #expect(first.seals > 0 && first.takeovers > 0)
        #expect(first.description == second.description)
    }

    /// A host of a fleet whose bucket is unavailable for a day from `outage` milliseconds after the start, without any other fault.
    private func world(outage: Int64) throws -> (FleetWorld, SimulatedHost, Scenario.Session) {
        let lane = try SimulationLane()
        var scenario = Scenario(seed: 1, isFleet: true, without: Set(Scenario.Feature.allCases))
        scenario.fleet?.outages = [Scenario.origin + outage..<Scenario.origin + outage + 86_400_000]
        scenario.fleet?.opensSpool = false
        scenario.fleet?.segmentMaxBytes = 1
        let (plan, time) = (try #require(scenario.fleet), SimulatedTime(on: lane.thread))
        let world = FleetWorld(
            scenario: scenario, plan: plan, lane: lane, time: time, org: ScriptedOrg(scenario, time),
            bucket: ScriptedBucket(scenario, time))
        return (world, SimulatedHost("host-0", world), try #require(plan.turns.first?.settings))
    }

    private func end(_ host: SimulatedHost, _ world: FleetWorld) async {
        var random = world.scenario.generator(.powerCuts)
        await host.end(isPowerCut: false, &random)
        #expect(host.problems.isEmpty)
    }

    @Test("a host that can't open an integration because the bucket is unavailable soon tries only every few seconds")
    func unavailable() async throws {
        let (world, host, session) = try world(outage: 0)
        #expect(await host.start(session))
        host.gain(session, filter: 0)
        await world.time.pass(3_600_000)
        // An attempt sends one request. Its answer, if any, takes up to 20 s.
        #expect((100...420).contains(world.bucket.requests), "\(world.bucket.requests) requests")
        await end(host, world)
    }

    @Test(
        "a collector that waits for the seal of an earlier one sends the org at most one request, and says why it waits"
    )
    func undecided() async throws {
        var (world, host, session) = try world(outage: 60_000)
        #expect(await host.start(session))
        host.gain(session, filter: 0)
        await world.time.pass(1_800_000)
        // As a reload does when a setting has changed: the next collector opens the integration, whose journal stays open.
        let earlier = try #require(host.held?.collector)
        earlier.cancel()
        _ = await world.time.join(earlier)
        session.pageSize += 1
        let before = world.org.requests
        host.gain(session, filter: 0)
        await world.time.pass(600_000)
        #expect(before > 0)
        #expect(world.org.requests - before <= 1)
        #expect(host.running?.daemon.health?.trouble?.message.contains("waits until its seal is decided") == true)
        await end(host, world)
    }

    @Test("the waits for a bucket grow, differ between integrations, and follow Retry-After up to a minute")
    func waits() {
        func wait(_ failures: Int, _ integration: String = "acme", retryAfter: Duration? = nil) -> Duration {
            BucketRetry.wait(after: failures, .bucket("unavailable", retryAfter: retryAfter), of: integration)
        }
        for (failures, longest) in [(1, 1), (2, 2), (10, 2), (11, 8), (100_000, 8)] {
            let waits = Set((0..<50).map { wait(failures, "org-\($0)") })
            #expect(waits.count > 25)
            #expect(waits.allSatisfy { $0 > .seconds(longest) / 2 && $0 <= .seconds(longest) })
        }
        #expect(wait(1, retryAfter: .seconds(30)) == .seconds(30))
        #expect(wait(1, retryAfter: .seconds(3_600)) == .seconds(60))
        #expect(wait(20, retryAfter: .zero) > .seconds(4))
    }
}

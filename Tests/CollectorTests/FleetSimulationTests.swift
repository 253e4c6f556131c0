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

    @Test("a host that can't open an integration because the bucket is unavailable soon tries only every eight seconds")
    func unavailable() async throws {
        let lane = try SimulationLane()
        var scenario = Scenario(seed: 1, isFleet: true)
        scenario.fleet?.outages = [Scenario.origin..<Scenario.origin + 86_400_000]
        scenario.fleet?.opensSpool = false
        let (plan, time) = (try #require(scenario.fleet), SimulatedTime(on: lane.thread))
        let session = try #require(plan.turns.first?.settings)
        let bucket = ScriptedBucket(scenario, time)
        let host = SimulatedHost(
            "host-0",
            FleetWorld(
                scenario: scenario, plan: plan, lane: lane, time: time, org: ScriptedOrg(scenario, time), bucket: bucket
            ))
        #expect(await host.start(session))
        host.gain(session, filter: 0)
        await time.pass(3_600_000)
        // An attempt sends one request. Its answer, if any, takes up to 20 s.
        #expect((100...3600 / 8 + 12).contains(bucket.requests), "\(bucket.requests) requests")
        #expect(BucketRetry.wait(after: 1) == .seconds(1) && BucketRetry.wait(after: 10) == .seconds(2))
        var random = scenario.generator(.powerCuts)
        await host.end(isPowerCut: false, &random)
        #expect(host.problems.isEmpty)
    }
}

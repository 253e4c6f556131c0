import Testing

@testable import CollectionSimulation

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
}

import Testing

@testable import CollectionSimulation

/// The connected parts of the daemon, with a simulated org, disk and clock. A seed determines each run. `make simulate` runs random seeds.
@Suite("The connected daemon", .serialized)
struct SimulationTests {
    @Test(
        "every event is in the spool exactly once, even if processes are killed, requests fail and settings change",
        arguments: 0..<6)
    func exactlyOnce(_ block: UInt64) async throws {
        let lane = try SimulationLane()
        for seed in block * 20..<block * 20 + 20 {
            let verdict = await lane.run(Scenario(seed: seed))
            #expect(verdict.isGood, "seed \(seed): \(verdict)")
        }
    }

    /// These seeds exposed a bug in an earlier version.
    @Test(
        "no event is lost or repeated with the random seeds that once exposed a bug",
        arguments: [3_000_165, 10_005_002, 10_019_435, 10_026_504, 10_028_680, 20_091_880])
    func regression(_ seed: UInt64) async throws {
        let verdict = await (try SimulationLane()).run(Scenario(seed: seed, without: Scenario.Feature.later))
        #expect(verdict.isGood, "\(verdict)")
    }

    /// Okta deletes most of a tail's head, and refuses the tail's links often, so that the history overtakes the tail.
    @Test("if a backfill does not notice its end, the events that are collected a second time are announced")
    func deletedHead() async throws {
        let verdict = await (try SimulationLane()).run(Scenario(seed: 6_610_313_568_964_945_566, without: [.longHead]))
        #expect(verdict.isGood, "\(verdict)")
        #expect(!verdict.twice.isEmpty && verdict.twice.count <= verdict.unproven, "\(verdict)")
    }

    @Test("an idle org costs one request per poll")
    func idle() async throws {
        var scenario = Self.plain()
        scenario.events = [
            Scenario.Event(
                stored: Scenario.origin + 36_000_000, published: Scenario.origin + 36_000_000, number: 0, bucket: 0)
        ]
        scenario.pollSeconds = 15
        let verdict = await (try SimulationLane()).run(scenario)
        #expect(verdict.isGood, "\(verdict)")
        // The org is polled for ten hours, and then for the 20 minutes until the run ends. There are two other requests: a probe of the org, and a
        // request immediately after the only event.
        let polls = (36_000 + 1_200) / 15
        #expect((polls - 2...polls + 16).contains(verdict.requests), "\(verdict)")
    }

    @Test(
        "a backlog costs one request per full page, even if the server sends smaller pages than requested",
        arguments: [nil, 10])
    func backlog(cap: Int?) async throws {
        var scenario = Self.plain()
        scenario.start = 7_200_000
        scenario.events = (0..<5_000).map { number in
            let time = Scenario.origin - 3_000_000 + Int64(number) * 500
            return Scenario.Event(stored: time, published: time, number: number, bucket: 0)
        }
        scenario.cap = cap
        scenario.pollSeconds = 600
        let verdict = await (try SimulationLane()).run(scenario)
        #expect(verdict.isGood, "\(verdict)")
        let pages = 5_000 / (cap ?? 50)
        #expect((pages...pages + 30).contains(verdict.requests), "\(verdict)")
        // No request waited for the next poll, so the run takes only as long as its requests.
        #expect(verdict.collectedAfter < Int64(pages) * 400 + 60_000, "\(verdict.collectedAfter) ms")
    }

    @Test("an org that stores all its events hours after they were published is polled like any other")
    func storedLate() async throws {
        var scenario = Self.plain()
        scenario.events = (0..<6_000).map { number in
            let time = Scenario.origin + Int64(number) * 100
            return Scenario.Event(stored: time, published: time - 7_200_000, number: number, bucket: 0)
        }
        scenario.pollSeconds = 15
        let verdict = await (try SimulationLane()).run(scenario)
        #expect(verdict.isGood, "\(verdict)")
        // 120 pages are full. Each poll during the ten minutes of events, and then until the run ends, may need up to three more requests.
        let polls = (600 + 1_200) / 15
        #expect(verdict.requests <= 120 + 3 * polls, "\(verdict)")
    }

    /// A run without faults and with one start.
    private static func plain() -> Scenario {
        var scenario = Scenario(seed: 1, without: Set(Scenario.Feature.allCases))
        scenario.sessions = [
            Scenario.Session(end: .drained, pageSize: 50, filter: nil, address: 0, hostOffset: 0, pause: 0)
        ]
        return scenario
    }
}

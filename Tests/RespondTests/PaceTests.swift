import OktaSimulator
import ResponseLog
import Testing

@testable import Respond

@Suite("the pace of many actions")
struct PaceTests {
    /// The requests for 150 users need more than one window of each of Okta's rate limits, so 150 users are enough. With 500 users, the test would
    /// take six simulated minutes.
    @Test("150 users are contained within three minutes, each once, and the org never answers 429")
    func many() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { settings in
            settings.clock = clock.wall
            settings.extraUsers = 150
            settings.managementLimit = nil
        }
        let engine = try rig.engine(clock: clock.clock)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for number in stride(from: worker + 1, through: 150, by: 4) {
                        let digits = String(number)
                        let user = "user\(String(repeating: "0", count: 4 - digits.count))\(digits)@corp.example"
                        let report = await engine.act(.contain, user, key: "batch \(number)")
                        #expect(report.outcomes == [.done, .done])
                    }
                }
            }
        }
        let users = rig.org.users.filter { $0.login.hasPrefix("user0") }
        #expect(users.count == 150)
        #expect(users.allSatisfy { $0.done == ["suspend": 1, "clear-sessions": 1] })
        #expect(rig.org.stats.rateLimited == 0)
        print("150 users were contained in \(clock.elapsed) of the org's time")
        #expect(clock.elapsed < .seconds(180))
    }

    @Test("concurrent requests for the same user act one after the other, so the action is sent once")
    func oneAtATime() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let reports = await withTaskGroup(of: ResponseReport.self) { group in
            for _ in 0..<10 { group.addTask { await engine.act(.suspend, "alice.active") } }
            return await group.reduce(into: [ResponseReport]()) { $0.append($1) }
        }
        #expect(reports.filter { $0.outcomes == [.done] }.count == 1)
        #expect(reports.filter { $0.outcomes == [.alreadyDone] }.count == 9)
        #expect(rig.calls("alice.active")["suspend"] == 1)
    }

    @Test("an action continues to its end if the task that requested it is cancelled")
    func cancelled() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let task = Task { await engine.act(.contain, "alice.active") }
        task.cancel()
        #expect(await task.value.outcomes == [.done, .done])
    }
}

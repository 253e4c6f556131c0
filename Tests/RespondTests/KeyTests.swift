import OktaSimulator
import ResponseLog
import Testing

@testable import Respond

@Suite("idempotency keys")
struct KeyTests {
    @Test("a second request with the same key does nothing and returns the earlier entries, also after a restart")
    func again() async throws {
        let rig = try await EngineRig()
        let first: ResponseReport
        do {
            let engine = try rig.engine()
            first = await engine.act(.contain, "alice.active", key: "batch-1 line 7")
            let second = await engine.act(.contain, "ALICE.active", key: "batch-1 line 7")
            #expect(second.isRepeat && second.entries == first.entries)
        }
        let engine = try rig.engine()
        let third = await engine.act(.contain, "alice.active", key: "batch-1 line 7")
        #expect(third.isRepeat && third.entries == first.entries)
        #expect(rig.done("alice.active") == ["suspend": 1, "clear-sessions": 1])
        #expect(try rig.entries().count == 4)
    }

    @Test("if several requests with the same key come at once, only one is carried out")
    func atOnce() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let reports = await withTaskGroup(of: ResponseReport.self) { group in
            for _ in 0..<8 { group.addTask { await engine.act(.resetFactors, "alice.active", key: "k") } }
            return await group.reduce(into: [ResponseReport]()) { $0.append($1) }
        }
        #expect(reports.filter { !$0.isRepeat }.count == 1)
        #expect(Set(reports.compactMap { $0.entries.first?.id }).count == 1)
        #expect(rig.done("alice.active")["reset-factors"] == 1)
    }

    @Test("if a key was already used for another request, the new request is refused")
    func reused() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        _ = await engine.act(.suspend, "alice.active", key: "k")
        #expect(await engine.act(.suspend, "adam.active", key: "k").codes == ["key-reused"])
        #expect(await engine.act(.unsuspend, "alice.active", key: "k").codes == ["key-reused"])
        #expect(rig.org.user("adam.active")?.status == .active)
        #expect(await engine.act(.suspend, "alice.active", key: "k") { $0.caseID = "case-2" }.codes == ["key-reused"])
        _ = await engine.act(.addToGroup, "adam.active", key: "group")
        #expect(await engine.act(.addToGroup, "adam.active", key: "group").isRepeat)
        let other = await engine.act(.addToGroup, "adam.active", key: "group") { $0.options.groupName = "Contractors" }
        #expect(other.codes == ["key-reused"])
        _ = await engine.act(.clearSessions, "adam.active", key: "sessions")
        let tokens = await engine.act(.clearSessions, "adam.active", key: "sessions") { $0.options.oauthTokens = true }
        #expect(tokens.codes == ["key-reused"])
    }

    @Test(
        "if an action was undone, a second request with its key is refused instead of reported as done",
        arguments: [true, false])
    func undoneSince(_ isRelease: Bool) async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let first = await engine.act(.contain, "alice.active", key: "k")
        if isRelease {
            _ = await engine.act(.release, "alice.active")
        } else {
            rig.org.setStatus(.active, of: "alice.active")
        }
        let again = await engine.act(.contain, "alice.active", key: "k")
        #expect(again.outcomes == [.refused, .done])
        #expect(again.codes == ["undone-since", nil])
        #expect(again.entries.last == first.entries.last)
        #expect(again.result?.message.contains("undone later: the status is ACTIVE") == true)
        #expect(rig.done("alice.active")["suspend"] == 1)
        #expect(await engine.act(.contain, "alice.active", key: "k2").outcomes.first == .done)
        #expect(rig.done("alice.active")["suspend"] == 2)
    }

    @Test("a changed membership or risk counts as undone, but a new password does not undo a reset")
    func undoneElsewhere() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        _ = await engine.act(.addToGroup, "alice.active", key: "group")
        _ = await engine.act(.removeFromGroup, "alice.active")
        #expect(await engine.act(.addToGroup, "alice.active", key: "group").codes == ["undone-since"])
        _ = await engine.act(.setRisk, "alice.active", key: "risk")
        _ = await engine.act(.setRisk, "alice.active") { $0.options.riskLevel = "LOW" }
        #expect(await engine.act(.setRisk, "alice.active", key: "risk").codes == ["undone-since"])
        _ = await engine.act(.resetPassword, "adam.active", key: "password")
        rig.org.setStatus(.active, of: "adam.active")
        #expect(await engine.act(.resetPassword, "adam.active", key: "password").outcomes == [.done])
        #expect(rig.done("adam.active")["reset-password"] == 1)
    }

    @Test("if the user's state can't be read, a second request with the same key is not reported as done")
    func unreadable() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(clock: clock.clock)
        _ = await engine.act(.suspend, "alice.active", key: "k")
        rig.org.setFaults([FaultRule(.status, status: 500, at: "get-user")])
        #expect(await engine.act(.suspend, "alice.active", key: "k").codes == ["unavailable"])
    }

    @Test("if an action was refused or has failed, a second request with the same key tries it again")
    func retried() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(response: ["users_per_hour: 1"], clock: clock.clock)
        _ = await engine.act(.suspend, "alice.active", key: "a", dryRun: true)
        #expect(await engine.act(.suspend, "alice.active", key: "a").outcomes == [.done])
        #expect(await engine.act(.suspend, "adam.active", key: "b").codes == ["hourly-limit"])
        clock.advance(.seconds(3601))
        rig.org.setFaults([FaultRule(.status, status: 500, at: "suspend")])
        #expect(await engine.act(.suspend, "adam.active", key: "b").outcomes == [.failed])
        rig.org.setFaults([])
        let done = await engine.act(.suspend, "adam.active", key: "b")
        #expect(done.outcomes == [.done] && !done.isRepeat)
        #expect(await engine.act(.suspend, "adam.active", key: "b").isRepeat)
    }

    @Test("if one step of contain has failed, a second request with the same key carries out only that step")
    func halfDone() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(clock: clock.clock)
        rig.org.setFaults([FaultRule(.forbidden, at: "clear-sessions")])
        let first = await engine.act(.contain, "alice.active", key: "k")
        #expect(first.outcomes == [.done, .refusedByOkta])
        rig.org.setFaults([])
        let second = await engine.act(.contain, "alice.active", key: "k")
        #expect(second.outcomes == [.done, .done] && !second.isRepeat)
        #expect(second.entries.first == first.entries.first)
        #expect(Set((first.entries + second.entries).map(\.request)).count == 1)
        #expect(rig.done("alice.active") == ["suspend": 1, "clear-sessions": 1])
    }

    @Test("keys are forgotten after 30 days, or earlier, the oldest first, if there are too many")
    func bounds() throws {
        var index = KeyIndex(limit: 3)
        let end = try #require(ResponseLogPosition("1:1"))
        func entry(_ key: String, _ time: Int64) -> ResponseEntry {
            var request = ResponseRequest(integration: "acme", action: .suspend, user: "u", caseID: "c")
            request.key = key
            return ResponseEntry(
                ResponseStep(action: .suspend, options: ResponseOptions()), of: request,
                by: ResponseActor(uid: 1, user: "r"), at: nil, request: time > 20 ? "late" : "r\(key)", time: time,
                ResponseResult(outcome: .done, message: ""))
        }
        for number in 1...20 { index.note(entry("k\(number)", Int64(number)), from: nil, to: end) }
        #expect((1...20).filter { index.record("k\($0)", now: 20) != nil } == [18, 19, 20])
        #expect(index.record("k20", now: 20 + KeyIndex.life) == nil)
        let late = 20 + KeyIndex.life
        index.note(entry("k20", late), from: nil, to: end)
        #expect(index.record("k20", now: late + 1) != nil)
        index = KeyIndex(limit: 3)
        index.note(entry("k20", 20), from: nil, to: end)
        #expect(index.record("k20", now: 19 + KeyIndex.life)?.request == "rk20")
    }
}

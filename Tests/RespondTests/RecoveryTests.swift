import OktaSimulator
import ResponseLog
import Testing

@testable import Respond

@Suite("recovery of actions during which the helper stopped")
struct RecoveryTests {
    /// Writes the log entry that remains if the helper is killed during an action: it was written before the call, and has no result.
    private func leave(
        _ rig: EngineRig, _ action: ResponseAction, _ user: String, command: ResponseAction? = nil, key: String? = nil,
        _ change: (inout ResponseEntry) -> Void = { _ in }
    ) throws {
        let found = try #require(rig.org.user(user))
        var request = ResponseRequest(integration: "acme", action: command ?? action, user: user, caseID: "case-1")
        request.key = key
        switch action {
        case .addToGroup, .removeFromGroup: request.options.groupName = "Quarantine"
        case .setRisk: request.options.riskLevel = "HIGH"
        default: break
        }
        let step = try #require(ResponseStep.steps(of: request).first { $0.action == action })
        var entry = ResponseEntry(
            step, of: request, by: rig.responder, at: nil, request: ResponseJob.newID(),
            time: TestClock().wall(), nil)
        entry.org = "127.0.0.1"
        entry.user = ResponseUser(asked: user, id: found.id, login: found.login)
        change(&entry)
        try ResponseLogWriter(directory: "\(rig.directory)/log", now: 1).append(entry)
    }

    @Test(
        "after the helper has stopped during an action, the user's state decides the action's result, and the action is not repeated",
        arguments: [
            (ResponseAction.suspend, UserStatus.suspended, ResponseResult.Outcome.done),
            (.suspend, .active, .failed), (.unsuspend, .active, .done), (.unsuspend, .suspended, .failed),
            (.deactivate, .deprovisioned, .done), (.deactivate, .active, .failed), (.activate, .active, .done),
            (.activate, .staged, .failed), (.expirePassword, .passwordExpired, .done),
            (.expirePassword, .active, .failed), (.resetPassword, .recovery, .done),
            (.resetPassword, .active, .failed), (.unlock, .active, .done), (.unlock, .lockedOut, .failed),
            (.clearSessions, .active, .unknown), (.resetFactors, .active, .unknown),
            (.universalLogout, .active, .unknown), (.setRisk, .active, .failed),
        ])
    func settled(_ action: ResponseAction, _ status: UserStatus, _ outcome: ResponseResult.Outcome) async throws {
        let rig = try await EngineRig()
        rig.org.setStatus(status, of: "alice.active")
        try leave(rig, action, "alice.active")
        let engine = try rig.engine()
        await engine.recover()
        let entries = try rig.entries()
        #expect(entries.count == 2)
        #expect(entries.first?.id == entries.last?.id)
        #expect(entries.last?.result?.outcome == outcome)
        #expect(entries.last?.result?.code == "helper-stopped")
        #expect(entries.last?.result?.message.hasPrefix("The helper stopped while it tried to ") == true)
        #expect(rig.calls("alice.active")[action.rawValue] == nil)
        await engine.recover()
        #expect(try rig.entries().count == 2)
    }

    @Test("before the recovery, history shows the action without a result")
    func open() async throws {
        let rig = try await EngineRig()
        try leave(rig, .suspend, "alice.active")
        let history = ResponseHistory(directory: "\(rig.directory)/log")
        #expect(try history.actions(.init()).map { $0.result == nil } == [true])
        let engine = try rig.engine()
        await engine.recover()
        #expect(try history.actions(.init()).map { $0.result == nil } == [false])
    }

    @Test(
        "if the org can't be reached during the recovery, all results are unknown, and the recovery does not wait for each action"
    )
    func unreachable() async throws {
        let clock = TestClock()
        let rig = try await EngineRig()
        for user in ["alice.active", "adam.active", "lou.locked"] { try leave(rig, .suspend, user) }
        let engine = try rig.engine(clock: clock.clock)
        await rig.org.stop()
        await engine.recover()
        let results = try rig.entries().compactMap(\.result)
        #expect(results.map(\.outcome) == [.unknown, .unknown, .unknown])
        #expect(clock.elapsed < .seconds(10))
    }

    @Test("if the user of an action was deleted, the actions of other users are still recovered")
    func deleted() async throws {
        let rig = try await EngineRig()
        try leave(rig, .suspend, "alice.active") { $0.user.id = "00udeleted0000000000" }
        try leave(rig, .unsuspend, "adam.active")
        let engine = try rig.engine()
        await engine.recover()
        #expect(try rig.entries().compactMap(\.result?.outcome).map(\.rawValue).sorted() == ["done", "unknown"])
    }

    @Test(
        "after the recovery, a request with the same key carries out only the steps that were not done"
    )
    func resumed() async throws {
        let rig = try await EngineRig()
        // The helper was killed after Okta had suspended the user, and before the sessions were cleared.
        rig.org.setStatus(.suspended, of: "alice.active")
        try leave(rig, .suspend, "alice.active", command: .contain, key: "k")
        let engine = try rig.engine()
        let report = await engine.act(.contain, "alice.active", key: "k")
        #expect(report.outcomes == [.done, .done] && !report.isRepeat)
        #expect(rig.done("alice.active") == ["clear-sessions": 1])
        #expect(try rig.entries().map(\.action) == [.suspend, .suspend, .clearSessions, .clearSessions])
        #expect(Set(try rig.entries().map(\.request)).count == 1)
    }

    @Test("if the result of a step is unknown, a request with the same key repeats the step only if that does no harm")
    func unknown() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        try leave(rig, .clearSessions, "alice.active", key: "sessions")
        try leave(rig, .resetPassword, "adam.active", key: "password")
        let engine = try rig.engine(clock: clock.clock)
        rig.org.setFaults([FaultRule(.status, status: 500, at: "get-user")])
        await engine.recover()
        rig.org.setFaults([])
        #expect(try rig.entries().compactMap(\.result?.outcome) == [.unknown, .unknown])
        let sessions = await engine.act(.clearSessions, "alice.active", key: "sessions")
        #expect(sessions.outcomes == [.done] && !sessions.isRepeat)
        let password = await engine.act(.resetPassword, "adam.active", key: "password")
        #expect(password.outcomes == [.unknown] && password.isRepeat)
        #expect(rig.done("adam.active").isEmpty)
    }
}

import OktaSimulator
import ResponseLog
import Testing

@testable import Respond

@Suite("undo and history")
struct UndoTests {
    @Test(
        "undo carries out the opposite of an action, and only once",
        arguments: [
            (ResponseAction.suspend, "alice.active", ResponseAction.unsuspend), (.unsuspend, "sue.suspended", .suspend),
            (.contain, "alice.active", .release), (.release, "sue.suspended", .suspend),
            (.addToGroup, "alice.active", .removeFromGroup), (.deactivate, "alice.active", .activate),
            (.activate, "dan.deprovisioned", .deactivate),
        ])
    func undone(_ action: ResponseAction, _ user: String, _ opposite: ResponseAction) async throws {
        let rig = try await EngineRig { $0.transitionSpan = 0 }
        let engine = try rig.engine()
        let before = rig.org.user(user)
        let done = await engine.act(action, user)
        let id = try #require(done.entries.first?.id)
        guard case .request(let request) = engine.undo(of: id) else {
            Issue.record("\(action) can't be undone")
            return
        }
        #expect(request.action == opposite)
        #expect(request.undoes == id)
        #expect(request.user == before?.id)
        #expect(request.caseID == "case-1")
        let undone = await engine.act(request, for: rig.responder) { _ in }
        #expect(undone.outcomes.first == .done)
        #expect(undone.entries.first?.undoes == id)
        let after = rig.org.user(user)
        #expect(after?.groups == before?.groups)
        if action != .deactivate { #expect(after?.status == before?.status) }
        guard case .none(let reason) = engine.undo(of: id) else {
            Issue.record("a second undo was possible")
            return
        }
        #expect(reason == "The action was already undone by the action \(undone.entries.first?.id ?? "?").")
    }

    @Test(
        "if an action can't be undone, the message says why",
        arguments: [
            (ResponseAction.clearSessions, "alice.active", "Ended sessions and tokens can't be restored"),
            (.expirePassword, "alice.active", "A password can't be restored"),
            (.resetPassword, "alice.active", "A password can't be restored"),
            (.resetFactors, "alice.active", "Factors can't be restored"),
            (.unlock, "lou.locked", "No action locks a user out"),
            (.deactivate, "lou.locked", "lou.locked@corp.example was LOCKED_OUT before"),
            (.activate, "ana.staged", "No action gives an account the status STAGED again"),
            (.setRisk, "alice.active", "The risk was NONE before"),
            (.suspend, "sue.suspended", "was already in the state that the action asked for"),
            (.suspend, "root.admin", "changed nothing"),
            (.addToGroup, "nobody", "changed nothing"),
        ])
    func none(_ action: ResponseAction, _ user: String, _ words: String) async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let id = try #require(await engine.act(action, user).entries.first?.id)
        guard case .none(let reason) = engine.undo(of: id) else {
            Issue.record("an undo of \(action) was possible")
            return
        }
        #expect(reason.contains(words))
    }

    @Test("undo restores a user's risk to its earlier level")
    func risk() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        _ = await engine.act(.setRisk, "alice.active") { $0.options.riskLevel = "low" }
        let high = await engine.act(.setRisk, "alice.active")
        #expect(high.result?.riskLevelBefore == "LOW")
        guard case .request(let request) = engine.undo(of: high.entries[0].id) else {
            Issue.record("the change of the risk can't be undone")
            return
        }
        _ = await engine.act(request, for: rig.responder) { _ in }
        #expect(rig.org.user("alice.active")?.riskLevel == "LOW")
    }

    @Test("adding a user to a group can be undone only if it is known that the user was not a member before")
    func membership() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(clock: clock.clock)
        _ = await engine.act(.addToGroup, "alice.active")
        let again = await engine.act(.addToGroup, "alice.active")
        #expect(again.outcomes == [.alreadyDone])
        rig.org.setFaults([FaultRule(.status, status: 500, at: "list-user-groups")])
        let blind = await engine.act(.addToGroup, "adam.active")
        #expect(blind.outcomes == [.done])
        #expect(blind.codes == ["membership-not-read"])
        for report in [again, blind] {
            guard case .none = engine.undo(of: report.entries[0].id) else {
                Issue.record("an undo was possible")
                return
            }
        }
    }

    @Test("if no action has the id, undo says so")
    func unknown() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        #expect(engine.undo(of: "nothing") == .notFound(reason: "There is no action nothing in the response log."))
    }

    @Test("history lists each action once, the newest first, and can be filtered by case, user and integration")
    func history() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        _ = await engine.act(.contain, "alice.active")
        _ = await engine.act(.suspend, "adam.active") { $0.caseID = "case-2" }
        _ = await engine.act(.release, "ALICE.active@corp.example") { $0.caseID = "case-2" }
        let all = try engine.history(ResponseHistory.Filter())
        #expect(all.map(\.action) == [.unsuspend, .suspend, .clearSessions, .suspend])
        #expect(all.allSatisfy { $0.result != nil })
        #expect(try engine.history(.init(caseID: "case-2")).map(\.action) == [.unsuspend, .suspend])
        let alice = try #require(rig.org.user("alice.active"))
        for name in [alice.id, alice.login, alice.login.uppercased(), "Alice.Active"] {
            #expect(try engine.history(.init(user: name)).count >= 2)
        }
        #expect(try engine.history(.init(user: alice.id)).map(\.action) == [.unsuspend, .clearSessions, .suspend])
        #expect(try engine.history(.init(integration: "other")).isEmpty)
        #expect(try engine.history(.init(limit: 2)).map(\.action) == [.unsuspend, .suspend])
        #expect(try engine.history(.init(limit: 0)).count == 1)
    }
}

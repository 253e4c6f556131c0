import OktaAPI
import OktaSimulator
import ResponseLog
import Testing

@testable import Respond

/// Causes faults before, during and after a call. Checks how often the org carries out the call, and what the response log's entry says.
@Suite("faults during an action")
struct FaultTests {
    /// Actions that consist of one call, each with a user whose status allows it.
    static let actions: [(ResponseAction, String)] = [
        (.suspend, "alice.active"), (.unsuspend, "sue.suspended"), (.clearSessions, "alice.active"),
        (.expirePassword, "alice.active"), (.resetPassword, "alice.active"), (.resetFactors, "alice.active"),
        (.unlock, "lou.locked"), (.deactivate, "alice.active"), (.activate, "dan.deprovisioned"),
        (.addToGroup, "alice.active"), (.setRisk, "alice.active"), (.universalLogout, "alice.active"),
    ]
    static let neverTwice: Set<ResponseAction> = [.resetPassword, .expirePassword, .activate, .deactivate]

    private func run(_ action: ResponseAction, _ user: String, _ fault: FaultRule) async throws -> (
        EngineRig, ResponseReport
    ) {
        let clock = TestClock()
        let rig = try await EngineRig {
            $0.clock = clock.wall; $0.transitionSpan = 0
        }
        let engine = try rig.engine(clock: clock.clock)
        rig.org.setFaults([fault])
        let report = await engine.act(action, user)
        let entries = try rig.entries()
        #expect(entries.count == 2)
        #expect(entries.first?.result == nil)
        #expect(entries.last == report.entries.last)
        #expect(Set(entries.map(\.id)).count == 1)
        return (rig, report)
    }

    @Test(
        "if Okta carries out an action and the answer is lost, the action is reported as done, and is not repeated if that could do harm",
        arguments: actions, [FaultRule.Kind.disconnect, .status, .truncateBody])
    func lostAfter(_ what: (ResponseAction, String), _ kind: FaultRule.Kind) async throws {
        let (action, user) = what
        // The fault truncateBody has no effect on answers with the status 204, because these answers have no body.
        let fault = FaultRule(kind, count: 1, status: 500, at: action.rawValue, done: true)
        let (rig, report) = try await run(action, user, fault)
        #expect(report.outcomes == [.done])
        if Self.neverTwice.contains(action) {
            #expect(rig.done(user)[action.rawValue] == 1)
            #expect(rig.calls(user)[action.rawValue] == 1)
        }
        if kind == .disconnect, ![.clearSessions, .resetFactors, .universalLogout].contains(action) {
            #expect(rig.done(user)[action.rawValue] == 1)
            #expect(report.result?.message.contains("the user's state shows that the action was done") == true)
        }
    }

    @Test(
        "a call that fails before Okta carries it out is repeated if that does no harm; otherwise the log says that it was not done",
        arguments: actions, [FaultRule.Kind.disconnect, .status, .html])
    func brokenBefore(_ what: (ResponseAction, String), _ kind: FaultRule.Kind) async throws {
        let (action, user) = what
        let (rig, report) = try await run(
            action, user, FaultRule(kind, count: 1, status: 503, at: action.rawValue))
        if Self.neverTwice.contains(action) {
            #expect(report.outcomes == [.failed])
            #expect(report.codes == ["answer-lost"])
            #expect(report.result?.message.contains("so Okta has not carried out the request") == true)
            #expect(rig.done(user)[action.rawValue] == nil)
        } else {
            #expect(report.outcomes == [.done])
            #expect(rig.done(user)[action.rawValue] == 1)
        }
    }

    @Test(
        "if Okta always fails, a call that can be repeated without harm is sent three times, and the action is reported as failed or unknown",
        arguments: actions)
    func brokenForGood(_ action: ResponseAction, _ user: String) async throws {
        let (rig, report) = try await run(action, user, FaultRule(.status, status: 500, at: action.rawValue))
        let isShown = ![.clearSessions, .resetFactors, .universalLogout].contains(action)
        #expect(report.outcomes == [isShown ? .failed : .unknown])
        #expect(report.codes == ["answer-lost"])
        #expect(report.result?.httpStatus == 500)
        #expect(report.result?.oktaRequestID?.isEmpty == false)
        #expect(rig.org.stats.faults["status"] == (Self.neverTwice.contains(action) ? 1 : 3))
        #expect(rig.done(user)[action.rawValue] == nil)
    }

    @Test(
        "if Okta answers 429, the engine waits for the end of the rate limit's window and then acts once",
        arguments: actions)
    func rateLimit(_ action: ResponseAction, _ user: String) async throws {
        let (rig, report) = try await run(action, user, FaultRule(.rateLimit, count: 1, at: action.rawValue))
        #expect(report.outcomes == [.done])
        #expect(rig.done(user)[action.rawValue] == 1)
    }

    @Test(
        "if Okta always answers 429, the engine gives up within minutes and reports the action as failed")
    func rateLimitForGood() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(clock: clock.clock)
        rig.org.setFaults([FaultRule(.rateLimit, at: "suspend")])
        let report = await engine.act(.suspend, "alice.active")
        #expect(report.outcomes == [.failed])
        #expect(report.codes == ["rate-limited"])
        #expect(clock.elapsed < .seconds(300))
        #expect(rig.org.stats.faults["rate-limit"] ?? 9 <= 3)
        #expect(rig.org.user("alice.active")?.status == .active)
    }

    @Test(
        "if the user or the user's roles can't be read, no action is sent, and the response log says so",
        arguments: ["reads", "list-roles"])
    func lookup(_ place: String) async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(clock: clock.clock)
        rig.org.setFaults([FaultRule(.status, status: 502, body: "html", at: place)])
        let report = await engine.act(.contain, "alice.active")
        #expect(report.outcomes == [.failed, .failed])
        #expect(report.codes == ["unavailable", "unavailable"])
        #expect(report.result?.message.contains("Tributary did nothing") == true)
        #expect(rig.done("alice.active").isEmpty)
        #expect(try rig.entries().count == 2)
    }

    @Test("if a call that only reads fails temporarily, it is repeated, and the action is reported as done")
    func passingLookup() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(clock: clock.clock)
        rig.org.setFaults([
            FaultRule(.disconnect, count: 1, at: "list-users"), FaultRule(.status, count: 2, status: 500, at: "me"),
            FaultRule(.rateLimit, count: 1, at: "list-roles"), FaultRule(.html, count: 1, at: "get-user"),
        ])
        #expect(await engine.act(.contain, "alice.active").outcomes == [.done, .done])
    }

    @Test(
        "if the answer to the first attempt is lost and the next attempt is refused, the result is “unknown” and not “refused”"
    )
    func refusedAfterLost() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(clock: clock.clock)
        rig.org.setFaults([
            FaultRule(.disconnect, count: 1, at: "clear-sessions", done: true),
            FaultRule(.forbidden, count: 1, at: "clear-sessions"),
        ])
        let report = await engine.act(.clearSessions, "alice.active")
        #expect(rig.done("alice.active")["clear-sessions"] == 1)
        #expect(report.outcomes == [.unknown])
        #expect(report.result?.message.contains("and a later attempt was refused (") == true)
    }

    @Test(
        "if a request waits while another one acts on the same user, the user's state is read again before the waiting request acts"
    )
    func staleLookup() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        var slow = FaultRule(.slowBody, count: 1, at: "list-users")
        slow.bytesPerSecond = 500
        rig.org.setFaults([slow])
        async let first = engine.act(.resetPassword, "alice.active")
        async let second = engine.act(.resetPassword, "alice.active")
        let outcomes = await [first, second].flatMap(\.outcomes)
        #expect(outcomes.filter { $0 == .done }.count == 1)
        #expect(outcomes.filter { $0 == .alreadyDone }.count == 1)
        #expect(rig.done("alice.active")["reset-password"] == 1)
    }

    @Test("if Okta confirms an action and the user's new state can't be read, the action is reported as done")
    func readBack() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(clock: clock.clock)
        rig.org.setFaults([FaultRule(.status, status: 500, at: "list-user-groups")])
        let report = await engine.act(.addToGroup, "alice.active@corp.example")
        #expect(report.outcomes == [.done])
        #expect(report.result?.statusAfter == nil)
        #expect(report.result?.message.contains("The user's new state could not be read") == true)
    }

    @Test("if one step of contain fails, the other step is still carried out")
    func contain() async throws {
        let clock = TestClock()
        let rig = try await EngineRig { $0.clock = clock.wall }
        let engine = try rig.engine(clock: clock.clock)
        rig.org.setFaults([FaultRule(.status, status: 500, at: "suspend")])
        let report = await engine.act(.contain, "alice.active")
        #expect(report.outcomes == [.failed, .done])
        let alice = try #require(rig.org.user("alice.active"))
        #expect(alice.sessions.isEmpty && alice.oauthTokens == 0 && alice.rememberedDevices == 0)
    }

    @Test("if the credential is refused or empty, nothing is done; after a correction, the action is possible")
    func credential() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        try rig.write("credentials/act", "00another-token")
        let wrong = await engine.act(.suspend, "alice.active")
        #expect(wrong.codes == ["credential"])
        #expect(wrong.result?.httpStatus == 401)
        try rig.write("credentials/act", "")
        #expect(await engine.act(.suspend, "alice.active").codes == ["credential"])
        try rig.write("credentials/act", EngineRig.token)
        #expect(await engine.act(.suspend, "alice.active").outcomes == [.done])
    }

    @Test("if the org can't be reached, the action is reported as failed, with the code unavailable")
    func unreachable() async throws {
        let clock = TestClock()
        let rig = try await EngineRig()
        let engine = try rig.engine(clock: clock.clock)
        await rig.org.stop()
        let report = await engine.act(.suspend, "alice.active")
        #expect(report.outcomes == [.failed])
        #expect(report.codes == ["unavailable"])
    }
}

import Foundation
import OktaAPI
import OktaSimulator
import Synchronization
import Testing

@testable import Respond
@testable import ResponseLog

@Suite("the entries of the response log")
struct RecordTests {
    @Test(
        "the response log has an entry before the call and one after it, with the request and Okta's answer"
    )
    func entries() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let report = await engine.act(.contain, "Alice.Active", key: "k1") { $0.reason = "phished" }
        let entries = try rig.entries()
        #expect(entries.map(\.action) == [.suspend, .suspend, .clearSessions, .clearSessions])
        #expect(entries.map(\.command) == [.contain, .contain, .contain, .contain])
        #expect(entries.map { $0.result == nil } == [true, false, true, false])
        #expect(Set(entries.map(\.request)).count == 1)
        #expect(Set(entries.map(\.id)).count == 2)
        #expect([entries[1], entries[3]] == report.entries)
        let alice = try #require(rig.org.user("alice.active"))
        for entry in entries {
            #expect(
                entry.user
                    == ResponseUser(
                        asked: "Alice.Active", id: alice.id, login: alice.login, email: alice.email, name: alice.name))
            #expect(entry.caseID == "case-1" && entry.reason == "phished" && entry.key == "k1")
            #expect(entry.actor == ResponseActor(uid: 1001, user: "rhea"))
            #expect(entry.integration == "acme" && entry.org == "127.0.0.1" && entry.credential == "act")
            #expect(!entry.isDryRun && !entry.isForced)
        }
        #expect(entries[2].options.oauthTokens == true && entries[2].options.forgetDevices == true)
        let result = try #require(entries[1].result)
        #expect(result.statusBefore == "ACTIVE" && result.statusAfter == "SUSPENDED" && result.httpStatus == 200)
        // The transaction id in Okta's own event about the action is the request id in the log entry.
        let requestID = try #require(result.oktaRequestID)
        let count = rig.org.eventCount
        let events = (0..<count).map { String(decoding: rig.org.event($0), as: UTF8.self) }
        #expect(events.contains { $0.contains("user.lifecycle.suspend") && $0.contains(requestID) } || count == 10)
    }

    @Test("a dry run changes nothing and is recorded once")
    func dryRun() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let report = await engine.act(.contain, "alice.active", dryRun: true)
        #expect(report.outcomes == [.wouldDo, .wouldDo])
        #expect(
            report.entries.compactMap(\.result?.message) == [
                "Would suspend alice.active@corp.example.",
                "Would end the sessions of alice.active@corp.example (OAuth tokens revoked, remembered devices forgotten).",
            ])
        #expect(rig.done("alice.active").isEmpty)
        #expect(try rig.entries() == report.entries)
        #expect(try rig.entries().allSatisfy { $0.isDryRun })
    }

    @Test("an outlook, the preview of an action, changes nothing and is not recorded")
    func outlook() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let outlook = await engine.outlook(engine.request(.contain, "lou.locked"))
        #expect(outlook.status == "LOCKED_OUT")
        #expect(outlook.steps.map(\.result.outcome) == [.refused, .wouldDo])
        #expect(rig.done("lou.locked").isEmpty)
        #expect(try rig.entries().isEmpty)
    }

    @Test("each step is reported only when its entry is durable")
    func onStep() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let seen = Seen()
        _ = await engine.act(engine.request(.contain, "alice.active"), for: rig.responder) { entry in
            let isDurable = (try? rig.entries().contains(entry)) ?? false
            seen.add(isDurable)
        }
        #expect(seen.all == [true, true])
    }

    @Test("if the response log can't be written, nothing is sent to Okta, and the report says why")
    func noLog() async throws {
        let rig = try await EngineRig()
        // Fills the log file, so that the engine's next entry needs a new file. The directory is removed below, so no file can be created.
        let entry = ResponseEntry(
            ResponseStep(action: .suspend, options: ResponseOptions()), of: rig.request("x"), by: rig.responder,
            at: nil,
            request: "r", time: 1, ResponseResult(outcome: .failed, message: String(repeating: "x", count: 30_000)))
        do {
            let writer = try ResponseLogWriter(directory: "\(rig.directory)/log", now: 1)
            while writer.end.offset < ResponseLogFile.sizeLimit { try writer.append(entry) }
        }
        let engine = try rig.engine()
        try FileManager.default.removeItem(atPath: "\(rig.directory)/log")
        let report = await engine.act(.contain, "alice.active")
        #expect(report.outcomes == [.refused, .refused])
        #expect(report.codes == ["log-unavailable", "log-unavailable"])
        #expect(
            report.result?.message.contains("Tributary did not ask Okta to suspend alice.active@corp.example") == true)
        #expect(rig.done("alice.active").isEmpty)
    }

    @Test("while an engine uses a response log, a second engine with the same log can't start")
    func secondHelper() async throws {
        let rig = try await EngineRig()
        let first = try rig.engine()
        #expect(throws: ResponseEngine.StartError.self) { try rig.engine() }
        #expect(await first.act(.suspend, "alice.active").outcomes == [.done])
    }

    @Test(
        "a link in Okta's answer is in the report to the responder, and in no entry, log message or description",
        arguments: [(ResponseAction.resetPassword, "alice.active"), (.activate, "stig.staged")])
    func secrets(_ action: ResponseAction, _ user: String) async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let report = await engine.act(action, user) { $0.options.sendEmail = false }
        #expect(report.outcomes == [.done])
        let secret = try #require(report.secret)
        #expect(secret.text.hasPrefix(rig.org.url))
        let token = try #require(secret.text.split(separator: "/").last.map(String.init))
        var dumped = ""
        dump(report, to: &dumped)
        for text in [
            try rig.logText(), rig.logged.all.joined(), "\(report)", dumped, String(reflecting: report), "\(secret)",
        ] {
            #expect(!text.contains(token))
        }
        #expect(
            rig.logged.all.contains { $0.contains("\(action.rawValue) \(user)@corp.example, requested by rhea for") })
        // The link is only in the JSON that the helper sends to the responder over the socket.
        #expect(String(decoding: try JSONEncoder().encode(report), as: UTF8.self).contains(token))
    }
}

/// Values that a closure in another task adds, and that the test reads.
final class Seen: Sendable {
    private let values = Mutex<[Bool]>([])

    var all: [Bool] { values.withLock(\.self) }

    func add(_ value: Bool) { values.withLock { $0.append(value) } }
}

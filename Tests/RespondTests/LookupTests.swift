import OktaSimulator
import ResponseLog
import Testing

@testable import Respond

@Suite("finding the user")
struct LookupTests {
    @Test(
        "a user is found by login and short login, in any letter case",
        arguments: [
            ("alice.active@corp.example", "alice.active"), ("Alice.ACTIVE@Corp.Example", "alice.active"),
            ("alice.active", "alice.active"), ("corp/dora.doyle@corp.example", "corp/dora.doyle"),
            ("mia.meyer2@corp.example", "mia.meyer2"),
        ])
    func found(_ asked: String, _ login: String) async throws {
        let rig = try await EngineRig()
        let outlook = await (try rig.engine()).outlook(rig.request(asked))
        #expect(outlook.user.login == login + "@corp.example")
        #expect(outlook.user.asked == asked)
        #expect(outlook.status == "ACTIVE")
        #expect(outlook.steps.map(\.result.outcome) == [.wouldDo])
        #expect(outlook.steps.map(\.result.message) == ["Would suspend \(login)@corp.example."])
    }

    @Test("a user is found by id, without a search in the list of users")
    func id() async throws {
        let rig = try await EngineRig()
        let alice = try #require(rig.org.user("alice.active"))
        let report = await (try rig.engine()).act(.clearSessions, alice.id)
        #expect(report.outcomes == [.done])
        #expect(report.entries.first?.user.login == alice.login)
        #expect(rig.calls(alice.id)["list-users"] == nil)
    }

    @Test(
        "if several users match, the request is refused, and the message lists them",
        arguments: [
            ("mia.meyer@corp.example", ["mia.meyer@corp.example", "mia.meyer2@corp.example"]),
            ("sam.lee@mail.corp.example", ["sam.lee@corp.example", "sam.lee@emea.example"]),
        ])
    func ambiguous(_ asked: String, _ logins: [String]) async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let report = await engine.act(.contain, asked)
        #expect(report.outcomes == [.refused, .refused])
        #expect(report.codes == ["ambiguous", "ambiguous"])
        for login in logins {
            #expect(report.result?.message.contains("\(rig.org.user(login)?.id ?? "?") (\(login), ACTIVE)") == true)
            #expect(rig.calls(login)["suspend"] == nil)
        }
        let outlook = await engine.outlook(engine.request(.contain, asked))
        #expect(outlook.candidates.compactMap(\.login) == logins)
    }

    @Test(
        "if no user has the requested name or id, the action is refused, whatever characters the text contains",
        arguments: [
            "nobody@corp.example", "00u0000000000000000x", "me", "sam.lee", #"a" or profile.login sw "a"#, #"a\"#,
            "a%40b", "ä@bücher.example", "../groups", "x&limit=0", "?",
        ])
    func nobody(_ asked: String) async throws {
        let rig = try await EngineRig()
        let report = await (try rig.engine()).act(.suspend, asked)
        #expect(report.outcomes == [.refused])
        #expect(report.codes == ["not-found"])
        #expect(
            report.result?.message
                == "No user of 127.0.0.1 has the login, e-mail address or id “\(asked)”.")
        #expect(try rig.entries().map(\.user.id) == [nil])
    }

    @Test(
        "a group is found by id, or by name in any letter case; an unknown group or a group of a directory is refused")
    func groups() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let added = await engine.act(.addToGroup, "alice.active") { $0.options.groupName = "quarantine" }
        #expect(added.outcomes == [.done])
        let group = try #require(added.entries.first?.options)
        #expect(group.groupName == "Quarantine")
        #expect(rig.org.user("alice.active")?.groups.contains("Quarantine") == true)
        let removed = await engine.act(.removeFromGroup, "alice.active") {
            ($0.options.groupName, $0.options.groupID) = (nil, group.groupID)
        }
        #expect(removed.outcomes == [.done])
        for (name, code) in [
            ("Domain Users", "fixed-group"), ("Everyone", "fixed-group"), ("Nowhere", "no-such-group"),
        ] {
            let report = await engine.act(.addToGroup, "alice.active") { $0.options.groupName = name }
            #expect(report.outcomes == [.refused])
            #expect(report.codes == [code])
        }
        #expect(rig.done("alice.active")["add-to-group"] == 1)
    }

    @Test("an invalid request is refused, is not recorded, and sends nothing to Okta")
    func invalid() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let long = String(repeating: "x", count: 5000)
        let changes: [(ResponseAction, @Sendable (inout ResponseRequest) -> Void)] = [
            (.suspend, { $0.user = "" }), (.suspend, { $0.user = long }), (.suspend, { $0.user = "a\nb" }),
            (.suspend, { $0.caseID = " " }), (.suspend, { $0.reason = long }), (.suspend, { $0.key = long }),
            (.addToGroup, { $0.options.groupName = nil }), (.setRisk, { $0.options.riskLevel = "MEDIUM" }),
            (.setRisk, { $0.options.riskLevel = nil }),
        ]
        for (action, change) in changes {
            let report = await engine.act(action, "alice.active", change)
            #expect(report.outcomes == [.refused])
            #expect(report.codes == ["invalid-request"])
        }
        for (integration, words) in [
            ("acne", "There is no integration “acne” with a response_action; the integrations with one are: acme."),
            ("watch", "The integration watch has no response_action: add one whose credential has write permission."),
        ] {
            let report = await engine.act(.suspend, "alice.active") { $0.integration = integration }
            #expect(report.codes == ["unknown-integration"])
            #expect(report.result?.message == words)
        }
        #expect(try rig.entries().isEmpty)
        #expect(rig.org.stats.requests == 0)
    }
}

extension EngineRig {
    func request(_ user: String) -> ResponseRequest {
        ResponseRequest(integration: "acme", action: .suspend, user: user, caseID: "case-1")
    }
}

import Foundation
import NetworkFixtures
import OktaSimulator
import Testing

@Suite("check --online")
struct OnlineCheckTests {
    private struct Found: Decodable {
        struct Step: Decodable, Equatable {
            var step: String
            var outcome: String
            var words: String
            var advice: String?
        }

        struct Facts: Decodable {
            var addresses: [String]?
            var tlsVersion, certificateIssuer, organizationId, engine, newestEvent: String?
            var rateLimit, rateLimitRemaining: Int?
            var clockDifferenceSeconds: Double?
        }

        var integration: String
        var verdict: String
        var steps: [Step]
        var facts: Facts

        var outcomes: String { steps.map { "\($0.step):\($0.outcome)" }.joined(separator: " ") }
        var failed: Step? { steps.first { $0.outcome == "failed" } }
    }

    private struct Document: Decodable {
        var online: [Found]
        var files: [String]
    }

    private static let names = [
        "name", "connection", "organization", "credential", "permission", "rate_limit", "clock", "newest_event",
    ]

    /// The expected outcomes if this step fails: the steps before it have passed, and those after it are skipped.
    private static func failing(_ step: String) -> String {
        let index = names.firstIndex(of: step) ?? 0
        return names.enumerated().map { number, name in
            "\(name):\(number < index ? "passed" : number == index ? "failed" : "skipped")"
        }.joined(separator: " ")
    }

    private func check(_ workspace: Workspace) throws -> (status: Int32, found: [Found], errors: String) {
        let outcome = try Programs.tributary(
            ["check", "--online", "--json", "--config", workspace.configuration], in: workspace)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let document = try decoder.decode(Document.self, from: Data(outcome.output.utf8))
        #expect(document.files == [workspace.configuration])
        return (outcome.status, document.online, outcome.errors)
    }

    @Test("a good org passes every step, and the results are shown as text and as JSON")
    func good() async throws {
        var settings = OrgSettings()
        settings.limitPerMinute = 60
        settings.pipeline = "v1"
        let org = try await SimulatedOrg.start(settings)
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url), ("acme-two", org.url)], token: settings.tokens[0])
        let (status, all, _) = try check(workspace)
        #expect(status == 0)
        #expect(all.map(\.integration) == ["acme", "acme-two"], "the results are in the order of the configuration")
        let found = try #require(all.first)
        #expect(found.verdict == "good")
        #expect(found.outcomes == Self.names.map { "\($0):passed" }.joined(separator: " "))
        #expect(found.facts.organizationId == settings.orgId)
        #expect(found.facts.engine == "Classic Engine")
        #expect(found.facts.rateLimit == 60)
        #expect((found.facts.rateLimitRemaining ?? 0) >= 56, "each integration's check uses two log requests")
        #expect(abs(found.facts.clockDifferenceSeconds ?? 99) < 30)
        #expect(found.facts.newestEvent?.hasSuffix("Z") == true)
        let text = try Programs.tributary(["check", "--online", "--config", workspace.configuration], in: workspace)
        #expect(text.status == 0)
        #expect(text.output.contains("ok       credential    read-acme is accepted"))
        #expect(text.output.contains("60 requests per minute for all clients"))
        #expect(text.output.contains("with rate_limit_share 0.5, Tributary uses up to 30 of them"))
        #expect(!text.output.contains("✔"), "symbols are printed only on a terminal")
        await org.stop()
    }

    @Test("if a step fails, `check` says what to do and skips later steps; the exit code is that of the worst problem")
    func failures() async throws {
        let org = try await SimulatedOrg.start(OrgSettings())
        var settings = OrgSettings()
        settings.powerlessTokens = settings.tokens
        settings.tokens = []
        let powerless = try await SimulatedOrg.start(settings)
        settings = OrgSettings()
        settings.limitPerMinute = 1
        let busy = try await SimulatedOrg.start(settings)
        let other = try LoopbackServer { _ in .answer("Content-Type: application/json", "{\"hello\":1}") }
        let port = try LoopbackServer.freePort()
        let workspace = try Workspace()
        try workspace.configure(
            [
                ("gone", "https://no-such-org.invalid"), ("down", "http://127.0.0.1:\(port)"), ("other", other.url),
            ], token: OrgSettings().tokens[0])
        var (status, found, errors) = try check(workspace)
        #expect(status == 69)
        for (answer, step) in zip(found, ["name", "connection", "organization"]) {
            #expect(answer.verdict == "unreachable")
            #expect(answer.outcomes == Self.failing(step))
            #expect(answer.failed?.advice?.isEmpty == false)
        }
        #expect(
            other.requests.allSatisfy { !$0.contains("Authorization") },
            "a token must never be sent to an address that is not an Okta org")

        try workspace.configure(
            [
                ("good", org.url), ("wrong", org.url), ("powerless", powerless.url),
                ("down", "http://127.0.0.1:\(port)"),
            ],
            token: OrgSettings().tokens[0])
        try workspace.setToken("00wrong", of: "wrong")
        (status, found, errors) = try check(workspace)
        #expect(status == 77)
        #expect(found.map(\.verdict) == ["good", "refused", "refused", "unreachable"])
        #expect(found[1].outcomes == Self.failing("credential"))
        #expect(found[1].failed?.words.contains("E0000011") == true)
        #expect(found[2].outcomes == Self.failing("permission"))
        #expect(found[2].failed?.advice?.contains("Read-only Administrator") == true)
        #expect(!"\(found)\(errors)".contains("00wrong"))

        try FileManager.default.removeItem(atPath: workspace.tokenFile("wrong"))
        (status, found, errors) = try check(workspace)
        #expect(status == 78)
        #expect(found[1].verdict == "misconfigured")
        #expect(found[1].outcomes == Self.failing("credential"))

        try workspace.configure([("busy", busy.url)], token: OrgSettings().tokens[0])
        _ = try check(workspace)
        (status, found, errors) = try check(workspace)
        #expect(status == 69)
        #expect(found[0].failed?.step == "rate_limit")
        for org in [org, powerless, busy] { await org.stop() }
    }

    @Test("many integrations are checked concurrently, at most eight at a time", .timeLimit(.minutes(20)))
    func parallel() async throws {
        let asked = Asked()
        let server = try LoopbackServer { _ in
            asked.enter()
            defer { asked.leave() }
            return .answer("Content-Type: application/json", "{}")
        }
        let workspace = try Workspace()
        try workspace.configure((0..<24).map { ("org-\($0)", server.url) }, token: "00t")
        let (status, found, _) = try check(workspace)
        #expect(status == 69)
        #expect(found.map(\.integration) == (0..<24).map { "org-\($0)" })
        #expect(asked.most == 8)
    }

    /// Counts concurrent requests. No request is answered until eight have arrived, so that all concurrent requests are counted.
    private final class Asked: @unchecked Sendable {
        private let condition = NSCondition()
        private var now = 0
        private var mostSoFar = 0

        var most: Int { condition.withLock { mostSoFar } }

        func enter() {
            condition.withLock {
                now += 1
                mostSoFar = max(mostSoFar, now)
                condition.broadcast()
                let deadline = Date() + 15
                while mostSoFar < 8, condition.wait(until: deadline) {}
            }
        }

        func leave() { condition.withLock { now -= 1 } }
    }

    @Test("a wrong clock and a log without events cause warnings, and the check succeeds")
    func warnings() async throws {
        let server = try LoopbackServer { request in
            let type = "Content-Type: application/json"
            guard let host = request.firstMatch(of: /Host: (\S+)/)?.1, !request.contains("okta-organization") else {
                return .answer(
                    type + "\r\nDate: Sun, 22 Nov 2020 10:00:00 GMT", "{\"id\":\"00o1\",\"pipeline\":\"idx\"}")
            }
            return .answer(type + "\r\nLink: <http://\(host)/api/v1/logs?after=1>; rel=\"next\"", "[]")
        }
        let workspace = try Workspace()
        try workspace.configure([("acme", server.url)], token: "00t")
        let (status, all, _) = try check(workspace)
        let found = try #require(all.first)
        #expect(status == 0)
        #expect(found.verdict == "good")
        #expect(found.steps.filter { $0.outcome == "warned" }.map(\.step) == ["rate_limit", "clock", "newest_event"])
        #expect(found.steps.first { $0.step == "clock" }?.words.contains("ahead of Okta's") == true)
    }
}

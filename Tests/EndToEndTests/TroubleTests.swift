import Collector
import Foundation
import OktaSimulator
import Testing

@Suite(
    "Trouble of one org", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct TroubleTests {
    private func settings(_ number: Int, events: Int = 300) -> OrgSettings {
        var settings = OrgSettings()
        settings.eventCount = events
        // Orgs with equal seeds have equal events.
        settings.seed = UInt64(1000 + number)
        settings.limitPerMinute = 1_000_000
        return settings
    }

    @Test(
        "an org in trouble says what to do, the others collect, and it goes on by itself when it is put right",
        .timeLimit(.minutes(3)))
    func recovers() async throws {
        let good = try await SimulatedOrg.start(settings(1))
        let wrong = try await SimulatedOrg.start(settings(2))
        var powerless = settings(3)
        powerless.powerlessTokens = powerless.tokens
        powerless.tokens = []
        let forbidden = try await SimulatedOrg.start(powerless)
        let down = try await SimulatedOrg.start(settings(4))
        let token = good.settings.tokens[0]
        await down.stop()

        let workspace = try Workspace()
        try workspace.configure(
            [("good", good.url), ("wrong", wrong.url), ("forbidden", forbidden.url), ("down", down.url)], token: token,
            pageSize: 100)
        try workspace.setToken("00this-is-not-the-token", of: "wrong")
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "one live, three failing") { report in
            let states = report?.integrations.map(\.state) ?? []
            return states.count { $0 == .live } == 1 && states.count { $0 == .failing } == 3
        }
        let report = try #require(daemon.status)
        func problem(_ name: String) throws -> StatusReport.Problem {
            try #require(report.integrations.first { $0.name == name }?.problem)
        }
        #expect(try problem("wrong").kind == "unauthorized")
        #expect(try problem("wrong").message.contains("E0000011"))
        #expect(try problem("wrong").remedy.contains("put it into the secret file"))
        #expect(try problem("forbidden").message.contains("E0000006"))
        #expect(try problem("forbidden").remedy.contains("Read-only Administrator"))
        #expect(try problem("down").kind == "unreachable")
        #expect(try !problem("down").remedy.isEmpty)
        #expect(report.integrations.first { $0.name == "good" }?.events == 300)
        #expect(report.line.hasPrefix("1 of 4 integrations live"))
        #expect(!workspace.log.contains("00this-is-not-the-token"))

        let shown = try Programs.tributary(["status", "--config", workspace.configuration], in: workspace)
        #expect(shown.status == 69)
        #expect(shown.output.contains("put it into the secret file"))

        // Each is put right where an operator would.
        try workspace.setToken(token, of: "wrong")
        forbidden.setTokens([token])
        let up = try await SimulatedOrg.start(down.settings)
        try await daemon.waitUntilLive(integrations: 4)
        #expect(daemon.stop() == 0)
        for (name, org) in [("good", good), ("wrong", wrong), ("forbidden", forbidden), ("down", up)] {
            try workspace.expectExactly(org, of: name)
        }
        #expect(workspace.log.contains("events arrive again"))
        for org in [good, wrong, forbidden, up] { await org.stop() }
    }

    private struct Struck {
        let name: String
        let rule: FaultRule
        /// Elements that a page had more than the log, and that are set aside or become a record of their own.
        var rejected = 0
        var extra = 0
    }

    /// Every kind with every variant, from the second page on. What an operator has to put right is probed once a minute, so it strikes
    /// once; what passes by itself strikes twice.
    private static let faults: [Struck] = {
        var all: [Struck] = []
        func add(_ name: String, _ rule: FaultRule, rejected: Int = 0, extra: Int = 0) {
            var rule = rule
            rule.after = 1
            all.append(Struck(name: name, rule: rule, rejected: rejected, extra: extra))
        }
        for kind in FaultRule.Kind.allCases {
            switch kind {
            case .status:
                for status in [500, 502, 503, 504, 408] {
                    add("status-\(status)", FaultRule(.status, count: 2, status: status))
                }
                for body in ["html", "empty"] { add("status-\(body)", FaultRule(.status, count: 2, body: body)) }
                for status in [400, 404, 418] { add("status-\(status)", FaultRule(.status, count: 1, status: status)) }
            case .unreadableEvent:
                for body in ["scalar", "broken", "utf8", "deep"] {
                    add("unreadable-\(body)", FaultRule(kind, count: 1, body: body), rejected: 1)
                }
                add("unreadable-bare", FaultRule(kind, count: 1, body: "bare"), extra: 1)
            case .foreignNext:
                // The link of "crlf" leads to the log itself, so it is followed; the org refuses it, and is asked anew.
                for body in ["origin", "port", "scheme", "path", "userinfo", "fragment", "crlf"] {
                    add("next-\(body)", FaultRule(kind, count: 1, body: body))
                }
            case .slowBody: add(kind.rawValue, FaultRule(kind, count: 1, bytesPerSecond: 200_000))
            case .unauthorized, .forbidden, .hang, .noLinks, .selfOnly: add(kind.rawValue, FaultRule(kind, count: 1))
            default: add(kind.rawValue, FaultRule(kind, count: 2))
            }
        }
        return all
    }()

    @Test(
        "every fault that an org, a proxy or a network can have leaves each event in the spool exactly once",
        .timeLimit(.minutes(4)))
    func faults() async throws {
        var orgs: [SimulatedOrg] = []
        for (number, fault) in Self.faults.enumerated() {
            var settings = settings(100 + number)
            settings.faults = [fault.rule]
            settings.rateWindowSeconds = 3
            orgs.append(try await SimulatedOrg.start(settings))
        }
        let workspace = try Workspace()
        try workspace.configure(
            zip(Self.faults, orgs).map { ($0.name, $1.url) }, token: OrgSettings().tokens[0], pageSize: 100)
        let daemon = try RunningDaemon(workspace)
        let clock = ContinuousClock()
        let started = clock.now
        var took: [String: Duration] = [:]
        let names = Set(Self.faults.map(\.name))
        do {
            try await daemon.wait(for: "every org live after its fault", within: .seconds(100)) { report in
                for integration in report?.integrations ?? []
                where integration.state == .live && took[integration.name] == nil {
                    took[integration.name] = clock.now - started
                }
                return took.count == names.count
            }
        } catch {
            Issue.record("not live: \(names.subtracting(took.keys).sorted())")
            throw error
        }
        let report = try #require(daemon.status)
        #expect(daemon.stop() == 0)
        for (fault, org) in zip(Self.faults, orgs) {
            #expect(org.stats.faults[fault.rule.kind.rawValue] == fault.rule.count, "\(fault.name) struck")
            try workspace.expectExactly(org, of: fault.name, extra: fault.extra)
            let rejected = report.integrations.first { $0.name == fault.name }?.rejected
            #expect(rejected == fault.rejected, "\(fault.name): set aside")
            #expect(org.stats.maximumInFlight <= 1 || fault.rule.kind == .hang, "\(fault.name): one request at a time")
        }
        let verified = try Programs.tributary(["spool", "verify", "--config", workspace.configuration], in: workspace)
        #expect(verified.status == 0, "\(verified.output)")
        print(
            "faults: \(Self.faults.count), slowest:",
            took.sorted { $0.value > $1.value }.prefix(8).map { "\($0.key) \($0.value)" })
        for org in orgs { await org.stop() }
    }

    @Test("an org that does not answer is no crash, and a stop does not wait for it")
    func hang() async throws {
        var settings = settings(5)
        settings.faults = [FaultRule(.hang, after: 1)]
        let org = try await SimulatedOrg.start(settings)
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: settings.tokens[0], pageSize: 100)
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "a request without an answer") { report in
            report?.integrations.first?.events == 100 && org.stats.faults["hang"] == 1
        }
        let clock = ContinuousClock()
        let took = clock.measure { #expect(daemon.stop() == 0) }
        #expect(took < .seconds(10))
        #expect(try workspace.sealedUIDs().count.count == 100, "what was durable is sealed")
        await org.stop()
    }
}

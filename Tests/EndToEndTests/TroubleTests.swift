import Collector
import Foundation
import NetworkFixtures
import OktaSimulator
import Testing

@Suite(
    "Problems of one org", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed")
)
struct TroubleTests {
    private func settings(_ number: Int, events: Int = 300) -> OrgSettings {
        var settings = OrgSettings()
        settings.eventCount = events
        // Each org needs its own seed, because orgs with equal seeds have equal events.
        settings.seed = UInt64(1000 + number)
        settings.limitPerMinute = 1_000_000
        return settings
    }

    @Test(
        "if an org has a problem, the status says what to do, other orgs are collected, and the org is collected once the problem is solved",
        .timeLimit(.minutes(20)))
    func recovers() async throws {
        let good = try await SimulatedOrg.start(settings(1))
        let wrong = try await SimulatedOrg.start(settings(2))
        var powerless = settings(3)
        powerless.powerlessTokens = powerless.tokens
        powerless.tokens = []
        let forbidden = try await SimulatedOrg.start(powerless)
        let down = try #require(ReservedPort())
        let token = good.settings.tokens[0]

        let workspace = try Workspace()
        try workspace.configure(
            [
                ("good", good.url), ("wrong", wrong.url), ("forbidden", forbidden.url),
                ("down", "http://127.0.0.1:\(down.port)"),
            ], token: token,
            pageSize: 100)
        try workspace.setToken("00this-is-not-the-token", of: "wrong")
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "one live and three failing integrations") { report in
            let states = report?.integrations.map(\.state) ?? []
            return states.count { $0 == .live } == 1 && states.count { $0 == .failing } == 3
        }
        let report = try #require(daemon.status)
        func problem(_ name: String) throws -> StatusReport.Problem {
            try #require(report.integrations.first { $0.name == name }?.problem)
        }
        #expect(try problem("wrong").kind == "unauthorized")
        #expect(try problem("wrong").message.contains("E0000011"))
        #expect(try problem("wrong").remedy.contains("put it into \(workspace.tokenFile("wrong"))"))
        #expect(try problem("forbidden").message.contains("E0000006"))
        #expect(try problem("forbidden").remedy.contains("Read-only Administrator"))
        #expect(try problem("down").kind == "unreachable")
        #expect(try !problem("down").remedy.isEmpty)
        #expect(report.integrations.first { $0.name == "good" }?.events == 300)
        #expect(report.line.hasPrefix("1 of 4 integrations live"))
        #expect(!workspace.log.contains("00this-is-not-the-token"))

        let shown = try Programs.tributary(["status", "--config", workspace.configuration], in: workspace)
        #expect(shown.status == 69)
        #expect(shown.output.contains("put it into \(workspace.tokenFile("wrong"))"))

        // Corrects the problems: the daemon's token file, the tokens that the org accepts, and the org that did not run.
        try workspace.setToken(token, of: "wrong")
        forbidden.setTokens([token])
        var settings = settings(4)
        settings.port = down.port
        down.release()
        let up = try await SimulatedOrg.start(settings)
        try await daemon.waitUntilLive(integrations: 4)
        #expect(daemon.stop() == 0)
        for (name, org) in [("good", good), ("wrong", wrong), ("forbidden", forbidden), ("down", up)] {
            try workspace.expectExactly(org, of: name)
        }
        #expect(workspace.log.contains("collection works again"))
        for org in [good, wrong, forbidden, up] { await org.stop() }
    }

    @Test("while a request to an org gets no answer, the daemon can be stopped at once")
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
        // If the stopping daemon waited for the org's answer, it would give up only after 25 s.
        #expect(took < .seconds(24))
        #expect(try workspace.sealedUIDs().count.count == 100, "durable records are sealed")
        await org.stop()
    }
}

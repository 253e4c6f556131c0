import Collector
import Foundation
import NetworkFixtures
import OktaSimulator
import Testing

@Suite(
    "Hostile answers",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct HostileAnswerTests {
    @Test(
        "if a next link, a redirect or a split Link header names another host, that host gets no request, and collection continues",
        .timeLimit(.minutes(20)))
    func elsewhere() async throws {
        let trap = try LoopbackServer { _ in .answer("Content-Type: application/json", "[]") }
        var orgs: [(name: String, kind: FaultRule.Kind, org: SimulatedOrg)] = []
        for kind in [FaultRule.Kind.foreignNext, .redirect] {
            for body in ["origin", "port", "scheme", "path", "userinfo", "fragment", "crlf", "split"] {
                var settings = OrgSettings()
                settings.eventCount = 300
                settings.seed = UInt64(4000 + orgs.count)
                settings.limitPerMinute = 1_000_000
                settings.faults = [FaultRule(kind, count: 2, after: 1, body: body, target: trap.authority)]
                orgs.append(("\(kind.rawValue)-\(body)", kind, try await SimulatedOrg.start(settings)))
            }
        }
        let workspace = try Workspace()
        try workspace.configure(orgs.map { ($0.name, $0.org.url) }, token: OrgSettings().tokens[0], pageSize: 100)
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive(integrations: orgs.count)
        #expect(daemon.stop() == 0)
        for (name, kind, org) in orgs {
            #expect(org.stats.faults[kind.rawValue] == 2, "\(name): the fault must have happened twice")
            #expect(
                Set(org.stats.byPath.keys).isSubset(of: ["/api/v1/logs", "/.well-known/okta-organization"]), "\(name)")
            try workspace.expectExactly(org, of: name)
            await org.stop()
        }
        #expect(trap.connections == 0, "\(trap.requests)")
    }

    @Test(
        "compression bombs and endless bodies and headers are cut off and reported, and do not fill the memory",
        .timeLimit(.minutes(20)))
    func bombs() async throws {
        let bomb = try Self.bomb(mebibytes: 512, layers: 1)
        let nested = try Self.bomb(mebibytes: 2048, layers: 2)
        #expect(bomb.count < 1 << 20 && nested.count < 64 << 10)
        func answer(_ encoding: String, _ body: [UInt8]) -> [UInt8] {
            Array(
                """
                HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: \(encoding)\r\n\
                Content-Length: \(body.count)\r\n\r\n
                """.utf8) + body
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        let flood = String(repeating: "X-Flood: \(String(repeating: "x", count: 1000))\r\n", count: 2000)
        let chunk = "100000\r\n" + String(repeating: " ", count: 1 << 20) + "\r\n"
        let answers: [(name: String, bytes: [UInt8])] = [
            ("bomb", answer("gzip", bomb)), ("nested", answer("gzip, gzip", nested)),
            ("headers", Array((head + flood).utf8)),
            (
                "endless",
                Array((head + "Transfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 40)).utf8)
            ),
        ]
        let servers = try answers.map { answer in
            (name: answer.name, server: try LoopbackServer { _ in .bytes(answer.bytes) })
        }
        let workspace = try Workspace()
        try workspace.configure(servers.map { ($0.name, $0.server.url) }, token: OrgSettings().tokens[0])
        let daemon = try RunningDaemon(workspace)
        // Waits for three attempts, so that a leak of memory would show.
        try await daemon.wait(for: "three attempts of each integration") { report in
            report?.integrations.count { ($0.problem?.attempts ?? 0) >= 3 } == servers.count
        }
        let report = try #require(daemon.status)
        for integration in report.integrations {
            let message = integration.problem?.message ?? ""
            // A body that is compressed twice is not decompressed at all.
            let words = integration.name == "nested" ? "an encoding that was not requested" : "is too large"
            #expect(message.contains(words), "\(integration.name): \(message)")
            #expect(integration.events == 0)
        }
        let peak = try #require(daemon.peakMemory) / 1024
        print("hostile answers: peak memory \(peak) MiB")
        // The limit allows for four concurrent answers of up to 32 MiB each, and for arrays that are copied when they grow.
        #expect(peak < 300)
        #expect(daemon.stop() == 0)
    }

    @Test(
        "if a captive portal answers instead of Okta, status and check say so, and no credential is sent",
        .timeLimit(.minutes(20)))
    func captivePortal() async throws {
        let page = "<!DOCTYPE html><html><body>Welcome to the guest network</body></html>"
        let login = try LoopbackServer { _ in .answer("Content-Type: text/html", page) }
        let redirect = try LoopbackServer { _ in
            .text(
                "HTTP/1.1 302 Found\r\nLocation: http://joe:x@portal.example/login?t=sekret\r\nContent-Length: 0\r\n\r\n"
            )
        }
        let workspace = try Workspace()
        try workspace.configure([("login", login.url), ("redirect", redirect.url)], token: OrgSettings().tokens[0])
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "two failing integrations") { report in
            report?.integrations.count { $0.state == .failing } == 2
        }
        let report = try #require(daemon.status)
        #expect(daemon.stop() == 0)
        let check = try Programs.tributary(["check", "--online", "--config", workspace.configuration], in: workspace)
        #expect(check.status == 69)
        for (name, words) in [("login", "a web page (200)"), ("redirect", "a redirect to portal.example;")] {
            let problem = try #require(report.integrations.first { $0.name == name }?.problem)
            #expect(problem.message.contains(words), "\(problem.message)")
            #expect(problem.remedy.contains("a captive portal"))
            #expect(check.output.contains(words), "\(check.output)")
        }
        #expect(check.output.contains("skipped  credential"))
        #expect(!(workspace.log + check.output + check.errors).contains("sekret"))
        // The check sends the credential only after the address has answered like an Okta org.
        let checked = (login.requests + redirect.requests).filter { $0.contains("okta-organization") }
        #expect(checked.count >= 2 && checked.allSatisfy { !$0.contains("Authorization") })
    }

    /// Zeros that are compressed `layers` times.
    private static func bomb(mebibytes: Int, layers: Int) throws -> [UInt8] {
        let files = try FixtureProcess("bomb")
        let packing = String(repeating: " | gzip -9", count: layers)
        try FixtureProcess.run(
            "/bin/sh", ["-c", "head -c \(mebibytes)M /dev/zero\(packing) > \(files.path("bomb"))"])
        return Array(try Data(contentsOf: URL(fileURLWithPath: files.path("bomb"))))
    }
}

import Collector
import Foundation
import NetworkFixtures
import OktaSimulator
import Testing

/// A simulated org behind nginx, which adds TLS, HTTP/2 and gzip.
struct FrontedOrg {
    let org: SimulatedOrg
    let nginx: NginxServer
    let url: String

    /// - Parameters:
    ///   - host: the name or address that the daemon uses.
    ///   - address: where nginx listens.
    static func start(
        _ settings: OrgSettings, _ certificate: TestAuthority.Certificate, host: String = "localhost",
        address: String = "127.0.0.1", protocols: String = "TLSv1.2 TLSv1.3"
    ) async throws -> FrontedOrg {
        var settings = settings
        let port = try LoopbackServer.freePort()
        let url = "https://\(host):\(port)"
        settings.publicURL = url
        let org = try await SimulatedOrg.start(settings)
        let nginx = try NginxServer(
            certificate, address: address, protocols: protocols, port: port, upstream: org.url)
        return FrontedOrg(org: org, nginx: nginx, url: url)
    }

    func stop() async {
        nginx.stop()
        await org.stop()
    }
}

@Suite(
    "The network between daemon and org",
    .enabled(
        if: NginxServer.isThere && FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"),
        "nginx, openssl and zstd are needed"))
struct NetworkTests {
    private func settings(_ number: Int, events: Int = 500) -> OrgSettings {
        var settings = OrgSettings()
        settings.eventCount = events
        settings.seed = UInt64(3000 + number)
        settings.limitPerMinute = 1_000_000
        return settings
    }

    @Test("through nginx with TLS, HTTP/2 and gzip, each event arrives once", .timeLimit(.minutes(20)))
    func fronted() async throws {
        let authority = try TestAuthority()
        let fronted = try await FrontedOrg.start(
            settings(1, events: 2000), try authority.certificate(for: ["DNS:localhost"]))
        let workspace = try Workspace()
        try workspace.configure(
            [("acme", fronted.url)], token: OrgSettings().tokens[0], network: ["ca_file: \(authority.caFile)"])
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        #expect(daemon.stop() == 0)
        try workspace.expectExactly(fronted.org, of: "acme")
        let requests = fronted.nginx.requests
        #expect(requests.count >= 11)
        #expect(requests.allSatisfy { $0.hasPrefix("TLSv1.3 HTTP/2.0 200 ") }, "\(requests)")
        #expect(requests.count { $0.contains(" gzip /api/v1/logs?") } >= 10, "\(requests)")
        await fronted.stop()
    }

    @Test(
        "if a certificate's CA, name or date is wrong, or the TLS version is too old, no request is sent, and the status says why",
        .timeLimit(.minutes(20)))
    func refusals() async throws {
        let (ours, foreign) = (try TestAuthority(), try TestAuthority(name: "Guest Network"))
        let good = try ours.certificate(for: ["DNS:localhost"])
        let fronts = [
            ("wrong-ca", try await FrontedOrg.start(settings(10), try foreign.certificate(for: ["DNS:localhost"]))),
            ("wrong-name", try await FrontedOrg.start(settings(11), try ours.certificate(for: ["DNS:other.example"]))),
            (
                "expired",
                try await FrontedOrg.start(settings(12), try ours.certificate(for: ["DNS:localhost"], days: -1))
            ),
            ("old-tls", try await FrontedOrg.start(settings(13), good, protocols: "TLSv1 TLSv1.1")),
        ]
        let words = [
            "wrong-ca": ("issued by an authority that this machine does not trust", "login page"),
            "wrong-name": ("is for another name", "Check the org's URL"),
            "expired": ("has expired", "this machine's clock"),
            "old-tls": ("does not offer TLS 1.2", "ask its owner to update it"),
        ]
        let workspace = try Workspace()
        try workspace.configure(
            fronts.map { ($0.0, $0.1.url) }, token: OrgSettings().tokens[0], network: ["ca_file: \(ours.caFile)"])
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the problems of all integrations") { report in
            report?.integrations.count { $0.state == .failing } == fronts.count
        }
        let report = try #require(daemon.status)
        let check = try Programs.tributary(
            ["check", "--online", "--json", "--config", workspace.configuration], in: workspace)
        #expect(check.status == 69)
        for (name, front) in fronts {
            let problem = try #require(report.integrations.first { $0.name == name }?.problem)
            let (message, remedy) = try #require(words[name])
            #expect(problem.kind == "unreachable")
            #expect(problem.message.contains(message), "\(name): \(problem.message)")
            #expect(problem.remedy.contains(remedy), "\(name): \(problem.remedy)")
            #expect(check.output.contains(message), "\(name) in check")
            #expect(front.nginx.requests.isEmpty, "\(name): \(front.nginx.requests)")
            #expect(front.org.stats.requests == 0 && front.org.stats.connections == 0, "\(name)")
            // Replaces nginx with a new nginx on the same port that has a valid certificate, as the server's owner would.
            let port = front.nginx.port
            front.nginx.stop()
            let mended = try NginxServer(good, port: port, upstream: front.org.url)
            try await daemon.wait(for: "the status that \(name) is live") { report in
                report?.integrations.first { $0.name == name }?.state == .live
            }
            mended.stop()
        }
        #expect(daemon.stop() == 0)
        for (name, front) in fronts {
            try workspace.expectExactly(front.org, of: name)
            await front.stop()
        }
    }

    @Test(
        "through a proxy with a password, each event arrives once; after a refusal, the password can be replaced without a restart",
        .enabled(if: TinyProxy.isThere, "tinyproxy is not installed"),
        .enabled(if: MachineAddress.ipv4 != nil, "this machine has only loopback addresses"), .timeLimit(.minutes(20)))
    func proxy() async throws {
        let address = try #require(MachineAddress.ipv4)
        let authority = try TestAuthority()
        let certificate = try authority.certificate(for: ["IP:\(address)"])
        let fronted = try await FrontedOrg.start(settings(20), certificate, host: address, address: address)
        let closed = try await FrontedOrg.start(settings(21), certificate, host: address, address: address)
        let workspace = try Workspace()
        let secret = workspace.path("proxy-credentials")
        func setSecret(_ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: secret), options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)
        }
        try setSecret("joe:wrongpassword\n")
        let port = try LoopbackServer.freePort()
        try workspace.configure(
            [("acme", fronted.url), ("closed", closed.url)], token: OrgSettings().tokens[0],
            network: [
                "ca_file: \(authority.caFile)", "proxy: http://127.0.0.1:\(port)", "proxy_credentials_file: \(secret)",
            ])
        let daemon = try RunningDaemon(workspace)
        func problem(_ name: String, says words: String) async throws -> StatusReport.Problem {
            try await daemon.wait(for: "the problem “\(words)” of \(name)") { report in
                report?.integrations.first { $0.name == name }?.problem?.message.contains(words) == true
            }
            return try #require(daemon.status?.integrations.first { $0.name == name }?.problem)
        }
        let down = try await problem("acme", says: "the proxy (127.0.0.1:\(port) can't be reached")
        #expect(down.remedy.contains("network.proxy"))
        #expect(fronted.nginx.requests.isEmpty, "the proxy must be used")

        let proxy = try TinyProxy(
            port: port, credentials: ("joe", "hunter2"), ports: [fronted.nginx.port])
        #expect(
            try await problem("acme", says: "does not accept the user and password").remedy.contains(
                "network.proxy_credentials_file"))
        #expect(fronted.nginx.requests.isEmpty)
        try setSecret("joe:hunter2\n")
        try await daemon.wait(for: "the status that acme is live") { report in
            report?.integrations.first { $0.name == "acme" }?.state == .live
        }
        let forbidden = try await problem("closed", says: "403")
        #expect(forbidden.remedy.contains("allow CONNECT to \(address):\(closed.nginx.port)"))
        let check = try Programs.tributary(["check", "--online", "--config", workspace.configuration], in: workspace)
        #expect(check.status == 69)
        #expect(check.output.contains("TLSv1.3 through the proxy 127.0.0.1:\(port)"), "\(check.output)")
        #expect(check.output.contains("certificate by CN = Test Authority"))
        #expect(check.output.contains("does not allow connections to the host: 403"))
        #expect(daemon.stop() == 0)
        try workspace.expectExactly(fronted.org, of: "acme")
        #expect(closed.nginx.requests.isEmpty)
        #expect(proxy.tunnels.contains("\(address):\(fronted.nginx.port)"))
        let said = workspace.log + check.output + check.errors
        #expect(!said.contains("hunter2") && !said.contains("wrongpassword"))
        proxy.stop()
        await fronted.stop()
        await closed.stop()
    }

    @Test(
        "hosts in no_proxy are reached without the proxy, and the proxy of the environment is the default",
        .enabled(if: TinyProxy.isThere, "tinyproxy is not installed"),
        .enabled(if: MachineAddress.ipv4 != nil, "this machine has only loopback addresses"), .timeLimit(.minutes(20)))
    func exceptions() async throws {
        let address = try #require(MachineAddress.ipv4)
        let authority = try TestAuthority()
        let certificate = try authority.certificate(for: ["IP:\(address)"])
        let fronted = try await FrontedOrg.start(settings(30), certificate, host: address, address: address)
        let proxy = try TinyProxy(ports: [fronted.nginx.port])
        let trust = "ca_file: \(authority.caFile)"
        let address24 = address.split(separator: ".").dropLast().joined(separator: ".") + ".0/24"
        let environment = ["https_proxy": "http://127.0.0.1:\(proxy.port)", "no_proxy": "example.com"]
        for (network, environment, isProxied) in [
            ([trust], environment, true), ([trust, "no_proxy: [\(address)]"], environment, false),
            (["proxy: http://127.0.0.1:\(proxy.port)", "no_proxy: [\(address24)]", trust], [:], false),
            (["proxy: http://127.0.0.1:\(proxy.port)", trust], [:], true),
        ] {
            let workspace = try Workspace()
            try workspace.configure([("acme", fronted.url)], token: OrgSettings().tokens[0], network: network)
            let before = proxy.tunnels.count
            let daemon = try RunningDaemon(workspace, environment: environment)
            try await daemon.waitUntilLive()
            #expect(daemon.stop() == 0)
            try workspace.expectExactly(fronted.org, of: "acme")
            #expect((proxy.tunnels.count > before) == isProxied, "\(network) \(environment)")
        }
        proxy.stop()
        await fronted.stop()
    }
}

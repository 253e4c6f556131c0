import Collector
import Crypto
import Foundation
import OktaSimulator
import Testing

@Suite(
    "A service app", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct ServiceAppTests {
    private static func encoded(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func publicJWK(_ key: P256.Signing.PrivateKey) -> String {
        let point = key.publicKey.rawRepresentation
        return
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\(encoded(point.prefix(32)))\",\"y\":\"\(encoded(point.suffix(32)))\"}"
    }

    private func org(
        _ number: UInt64, _ key: P256.Signing.PrivateKey, dpop: Bool = true, tokenSeconds: Int = 2,
        nonceSeconds: Int = 3
    ) async throws -> SimulatedOrg {
        var settings = OrgSettings()
        settings.eventCount = 3000
        settings.rate = 20
        settings.seed = number
        settings.limitPerMinute = 1_000_000
        settings.nonceSeconds = nonceSeconds
        settings.wantsNonceAtResources = true
        var app = ServiceApp(clientID: "0oaServiceApp", publicKeys: [Self.publicJWK(key)])
        app.requiresDPoP = dpop
        app.tokenSeconds = tokenSeconds
        settings.serviceApps = [app]
        return try await SimulatedOrg.start(settings)
    }

    /// Changes the configuration so that `integration` signs in as the service app, with `key` in its secret file.
    private func useOAuth(_ workspace: Workspace, _ integration: String, _ key: P256.Signing.PrivateKey) throws {
        let text = try String(contentsOfFile: workspace.configuration, encoding: .utf8)
        try Data(
            text.replacing(
                "  - name: read-\(integration)\n    type: api_token\n",
                with: "  - name: read-\(integration)\n    type: oauth\n    client_id: 0oaServiceApp\n"
            ).utf8
        ).write(to: URL(fileURLWithPath: workspace.configuration))
        try workspace.setToken(key.pemRepresentation, of: integration)
    }

    @Test(
        "with a service app, each event is collected once, although tokens expire and are revoked and nonces change",
        .timeLimit(.minutes(20))
    )
    func exactlyOnce() async throws {
        let key = P256.Signing.PrivateKey()
        let orgs = [
            ("proved", try await org(1, key)), ("bearer", try await org(2, key, dpop: false)),
            ("lasting", try await org(3, key, tokenSeconds: 3600)),
        ]
        let workspace = try Workspace()
        try workspace.configure(orgs.map { ($0.0, $0.1.url) }, token: "x", pageSize: 100)
        for (name, _) in orgs { try useOAuth(workspace, name, key) }
        let daemon = try RunningDaemon(workspace, level: "trace")
        try await daemon.waitUntilLive(integrations: 3)
        // An org may have more than one valid token: one that soon expires, and its replacement.
        for (_, org) in orgs { #expect(org.revokeAccessTokens() > 0) }
        try await daemon.wait(for: "new tokens after the expired and the revoked ones") { _ in
            orgs.allSatisfy { $0.1.stats.tokensIssued >= ($0.0 == "lasting" ? 2 : 5) }
        }
        #expect(orgs[2].1.stats.tokensIssued == 2)
        let collected = Dictionary(uniqueKeysWithValues: daemon.status?.integrations.map { ($0.name, $0.events) } ?? [])
        #expect(daemon.status?.integrations.allSatisfy { $0.problem == nil } == true)
        #expect(daemon.stop() == 0)
        for (name, org) in orgs {
            // The org still writes events, so the sealed events are only the beginning of its log.
            let sealed = try workspace.sealedUIDs(of: name).count
            #expect(sealed.count >= collected[name] ?? .max)
            #expect(sealed.count > 3000)
            #expect(
                Set(sealed.keys) == Set((0..<sealed.count).compactMap(org.uuid)),
                "\(name): some events of the log are not sealed")
            #expect(sealed.values.allSatisfy { $0 == 1 }, "\(name): some events are sealed more than once")
        }
        for line in key.pemRepresentation.split(separator: "\n") where !line.hasPrefix("-----") {
            #expect(!workspace.log.contains(line.prefix(20)))
        }
        #expect(!workspace.log.contains("eyJ"), "the log must not contain a JWT")
        for (_, org) in orgs { await org.stop() }
    }

    @Test(
        "if the org refuses a service app's key, the status says what to do, and collection continues once the key is replaced",
        .timeLimit(.minutes(20)))
    func replacedKey() async throws {
        let key = P256.Signing.PrivateKey()
        let org = try await org(4, key, tokenSeconds: 3600, nonceSeconds: 86_400)
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: "x")
        try useOAuth(workspace, "acme", P256.Signing.PrivateKey())
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the org's refusal") { $0?.integrations.first?.problem != nil }
        let problem = try #require(daemon.status?.integrations.first?.problem)
        #expect(problem.message.contains("invalid_client"))
        #expect(problem.message.contains("0oaServiceApp"))
        #expect(problem.message.contains("public key registered"))
        let requests = org.stats.byPath["/oauth2/v1/token"]
        let log = try Programs.tributary(["status", "--config", workspace.configuration], in: workspace)
        #expect(log.output.contains("invalid_client"))
        try workspace.setToken(key.pemRepresentation, of: "acme")
        try await daemon.waitUntilLive()
        // Up to two requests: if the first answer shows that the local clock is wrong, a second request follows immediately.
        #expect(requests ?? 0 <= 2, "a refused app requests a token once a minute")
        #expect(org.stats.tokensIssued == 1)
        #expect(daemon.stop() == 0)
        await org.stop()
    }

    @Test("if a refused API token is replaced, the daemon uses the new token", .timeLimit(.minutes(20)))
    func replacedToken() async throws {
        var settings = OrgSettings()
        settings.eventCount = 10
        let org = try await SimulatedOrg.start(settings)
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: "00wrong")
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the org's refusal") { $0?.integrations.first?.problem?.kind == "unauthorized" }
        try workspace.setToken("SSWS \(settings.tokens[0])", of: "acme")
        try await daemon.waitUntilLive()
        #expect(daemon.stop() == 0)
        try workspace.expectExactly(org, of: "acme")
        await org.stop()
    }
}

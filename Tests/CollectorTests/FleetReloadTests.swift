import OktaSimulator
import Testing

@testable import Collector
@testable import Fleet

@Suite("A changed configuration on a host of a fleet")
struct FleetReloadTests {
    private static let fleet = [
        "fleet:", "  name: prod", "  host: a", "  log: {bucket: b-u, region: eu-west-1}", "  lease: {type: s3}",
    ]

    private let token = OrgSettings().tokens[0]

    private func org(_ seed: UInt64) async throws -> SimulatedOrg {
        var settings = OrgSettings()
        settings.eventCount = 300
        settings.seed = seed
        settings.limitPerMinute = 1_000_000
        return try await SimulatedOrg.start(settings)
    }

    /// The configuration of both integrations. `paused` is the name of the paused integration; if the name is empty, both are collected.
    private func text(_ root: String, _ acme: SimulatedOrg, _ globex: SimulatedOrg, paused: String = "") -> String {
        ReloadBench.text(
            root,
            [
                .init(name: "acme", url: acme.url, paused: paused == "acme"),
                .init(name: "globex", url: globex.url, paused: paused == "globex"),
            ], more: Self.fleet)
    }

    /// A host that holds no integration yet.
    private func bench(_ acme: SimulatedOrg, _ globex: SimulatedOrg, paused: String = "") async throws -> ReloadBench {
        try await ReloadBench { root in
            for name in ["acme", "globex"] { try ReloadBench.setToken(token, of: name, in: root) }
            return text(root, acme, globex, paused: paused)
        }
    }

    private func gain(_ bench: ReloadBench, _ integration: String, token: Int64) async throws {
        try #require(bench.membership).term.extend(to: .now + .seconds(3600))
        await bench.reloader.gained(
            Holding(integration: integration, token: token, since: WallClock.now(), previousHost: nil))
    }

    private func isPaused(_ bench: ReloadBench, _ integration: String) -> Bool {
        bench.health(integration)?.isPausedByOperator == true && bench.health(integration)?.state == .paused
    }

    @Test(
        "on a standby host, an integration is shown as paused while it is paused, and as standby as soon as it is resumed"
    )
    func elsewhere() async throws {
        let (acme, globex) = (try await org(21), try await org(22))
        let bench = try await bench(acme, globex)
        #expect(bench.health("acme")?.state == .standby && bench.health("globex")?.state == .standby)
        await bench.reload(text(bench.root, acme, globex, paused: "acme"))
        #expect(bench.shown == ["acme", "globex"])
        #expect(isPaused(bench, "acme") && bench.health("globex")?.state == .standby)
        await bench.reload(text(bench.root, acme, globex))
        #expect(bench.shown == ["acme", "globex"])
        #expect(bench.health("acme")?.state == .standby && !isPaused(bench, "acme"))
        try await bench.stop()
        #expect(acme.stats.requests == 0 && globex.stats.requests == 0)
        for org in [acme, globex] { await org.stop() }
    }

    @Test("on a standby host, an integration whose settings change is still shown as standby")
    func changedElsewhere() async throws {
        let (acme, globex) = (try await org(27), try await org(28))
        let bench = try await bench(acme, globex)
        await bench.reload(
            ReloadBench.text(
                bench.root,
                [
                    .init(name: "acme", url: acme.url, more: ["page_size: 500"]),
                    .init(name: "globex", url: globex.url),
                ], more: Self.fleet))
        #expect(bench.health("acme")?.state == .standby && bench.health("globex")?.state == .standby)
        try await bench.stop()
        for org in [acme, globex] { await org.stop() }
    }

    @Test("an integration that is paused when the host starts is shown as paused, and its org gets no request")
    func start() async throws {
        let (acme, globex) = (try await org(23), try await org(24))
        let bench = try await bench(acme, globex, paused: "globex")
        #expect(isPaused(bench, "globex") && bench.health("acme")?.state == .standby)
        // The host got this lease before the pause, but the lease is reported only now.
        try await gain(bench, "globex", token: 1)
        #expect(isPaused(bench, "globex"))
        await bench.reloader.release("globex")
        #expect(isPaused(bench, "globex") && bench.shown == ["acme", "globex"])
        try await bench.stop()
        #expect(globex.stats.requests == 0)
        for org in [acme, globex] { await org.stop() }
    }

    @Test(
        "if an integration is paused, its host seals its records and shows it as paused; once resumed, each event is collected once"
    )
    func here() async throws {
        let (acme, globex) = (try await org(25), try await org(26))
        let bench = try await bench(acme, globex)
        for (number, name) in ["acme", "globex"].enumerated() {
            try await gain(bench, name, token: Int64(number + 1))
            try await bench.wait(for: "\(name) is live") { bench.health(name)?.state == .live }
        }
        await bench.reload(text(bench.root, acme, globex, paused: "acme"))
        let requests = acme.stats.requests
        // The lease keeper makes this call when the integration is no longer to be collected.
        await bench.reloader.release("acme")
        #expect(bench.shown == ["acme", "globex"])
        #expect(isPaused(bench, "acme") && bench.health("globex")?.state == .live)
        try bench.expectExactly(acme, "acme")
        #expect(!bench.heartbeats.samples().contains { $0.part == "collector acme" })
        #expect(acme.stats.requests == requests)

        await bench.reload(text(bench.root, acme, globex))
        #expect(bench.shown == ["acme", "globex"] && bench.health("acme")?.state == .standby)
        try await gain(bench, "acme", token: 3)
        try await bench.wait(for: "acme is live again") { bench.health("acme")?.state == .live }
        #expect(!isPaused(bench, "acme") && acme.stats.requests > requests)
        try await bench.stop()
        try bench.expectExactly(acme, "acme")
        try bench.expectExactly(globex, "globex")
        for org in [acme, globex] { await org.stop() }
    }
}

import Foundation
import OktaSimulator
import Testing

@testable import Collector

@Suite("A configuration that changes while the daemon runs")
struct ReloadTests {
    private static let token = OrgSettings().tokens[0]

    private func org(_ seed: UInt64, events: Int = 300, faults: [FaultRule] = []) async throws -> SimulatedOrg {
        var settings = OrgSettings()
        settings.eventCount = events
        settings.seed = seed
        settings.limitPerMinute = 1_000_000
        settings.faults = faults
        return try await SimulatedOrg.start(settings)
    }

    /// A bench with these integrations. Each has a valid token.
    private func bench(
        _ integrations: [ReloadBench.Integration], spool: [String] = ["segment_max_age: 1h"],
        tokens: [String]? = nil
    ) async throws -> ReloadBench {
        try await ReloadBench { root in
            for name in tokens ?? integrations.map(\.name) {
                try ReloadBench.setToken(Self.token, of: name, in: root)
            }
            return ReloadBench.text(root, integrations, spool: spool)
        }
    }

    @Test("a reload adds and removes integrations, and does not interrupt a request of an unchanged integration")
    func addAndRemove() async throws {
        // The second request to this org is never answered. If the reload replaced the collector, a third request would be sent.
        let kept = try await org(1, faults: [FaultRule(.hang, after: 1)])
        let removed = try await org(2)
        let added = try await org(3)
        let bench = try await bench([
            .init(name: "kept", url: kept.url, more: ["page_size: 100"]), .init(name: "removed", url: removed.url),
        ])
        try await bench.wait(for: "a request of the first org is pending, and the other org is collected") {
            kept.stats.faults["hang"] == 1 && bench.health("removed")?.state == .live
        }
        let requests = kept.stats.requests
        try ReloadBench.setToken(Self.token, of: "added", in: bench.root)
        await bench.reload(
            ReloadBench.text(
                bench.root,
                [
                    .init(name: "added", url: added.url), .init(name: "kept", url: kept.url, more: ["page_size: 100"]),
                ]))
        #expect(bench.shown == ["added", "kept"])
        #expect(bench.board.configuration.change == "added added; removed removed")
        // A removed integration is sealed immediately, and its journal is closed.
        try bench.expectExactly(removed, "removed")
        #expect(!bench.heartbeats.samples().contains { $0.part == "collector removed" })
        try await bench.wait(for: "the added integration is live") { bench.health("added")?.state == .live }
        #expect(kept.stats.requests == requests)

        // The integration is added again, continues from its cursor, and is collected once.
        let asked = removed.stats.requests
        await bench.reload(
            ReloadBench.text(
                bench.root,
                [
                    .init(name: "added", url: added.url), .init(name: "removed", url: removed.url),
                    .init(name: "kept", url: kept.url, more: ["page_size: 100"]),
                ]))
        try await bench.wait(for: "the org gets requests again") {
            removed.stats.requests > asked && bench.health("removed")?.state == .live
        }
        try await bench.stop()
        try bench.expectExactly(added, "added")
        try bench.expectExactly(removed, "removed")
        for org in [kept, removed, added] { await org.stop() }
    }

    @Test(
        "if settings change during a backlog, the integration continues with the new settings, and collects each event once"
    )
    func change() async throws {
        let org = try await org(4, events: 3000)
        let bench = try await bench([.init(name: "acme", url: org.url, more: ["page_size: 10"])])
        for size in [20, 30, 40] {
            let before = bench.health("acme")?.events ?? 0
            try await bench.wait(for: "more events are collected") { (bench.health("acme")?.events ?? 0) > before }
            await bench.reload(
                ReloadBench.text(bench.root, [.init(name: "acme", url: org.url, more: ["page_size: \(size)"])]))
            #expect(bench.board.configuration.change == "changed acme (page_size)")
            try await bench.wait(for: "a request uses the new page size") {
                org.stats.lastTarget?.contains("limit=\(size)") == true
            }
        }
        await bench.reload(
            ReloadBench.text(bench.root, [.init(name: "acme", url: org.url, more: ["page_size: 1000"])]))
        try await bench.wait(for: "the integration is live") { bench.health("acme")?.state == .live }
        // A reload does not reset the count of events.
        #expect(bench.health("acme")?.events == 3000)
        try await bench.stop()
        try bench.expectExactly(org, "acme")
        await org.stop()
    }

    @Test("an integration that is paused at the start still reports that the spool was restored from an older copy")
    func restoredWhilePaused() async throws {
        let org = try await org(31)
        let first = try await bench([.init(name: "acme", url: org.url)])
        try await first.wait(for: "the integration is live") { first.health("acme")?.state == .live }
        try await first.stop()
        let bench = try await ReloadBench { root in
            for directory in ["spool", "state"] {
                try FileManager.default.copyItem(
                    atPath: "\(first.root)/\(directory)", toPath: "\(root)/\(directory)")
            }
            // The copy of the spool is from a time before the first seal.
            try Data().write(to: URL(fileURLWithPath: "\(root)/spool/_manifest.ndjson"))
            try ReloadBench.setToken(Self.token, of: "acme", in: root)
            return ReloadBench.text(root, [.init(name: "acme", url: org.url, paused: true)])
        }
        let report = "the spool is older than the state directory"
        try await bench.wait(for: "the report") { bench.lines.contains(report) }
        await bench.reload(ReloadBench.text(bench.root, [.init(name: "acme", url: org.url)]))
        try await bench.wait(for: "the integration is live") { bench.health("acme")?.state == .live }
        try await bench.stop()
        #expect(bench.lines.all.count { $0.contains(report) } == 1)
        await org.stop()
    }

    @Test("if a removed integration is added again before its records were sealed, this is not reported as a failure")
    func leftoverIsAddedAgain() async throws {
        let org = try await org(32)
        let bench = try await bench([.init(name: "acme", url: org.url)])
        try await bench.wait(for: "the integration is live") { bench.health("acme")?.state == .live }
        bench.collection.noteLeftovers(among: ["acme"])
        await bench.collection.sealLeftover("acme")
        #expect(!bench.lines.contains("no longer configured"))
        try await bench.stop()
        try bench.expectExactly(org, "acme")
        await org.stop()
    }

    @Test("a configuration with a mistake changes nothing, and the status shows the mistake until it is corrected")
    func refused() async throws {
        let org = try await org(5)
        let other = try await self.org(6)
        let bench = try await bench([.init(name: "acme", url: org.url)], tokens: ["acme", "globex"])
        try await bench.wait(for: "the integration is live") { bench.health("acme")?.state == .live }
        let good = ReloadBench.text(
            bench.root, [.init(name: "acme", url: org.url), .init(name: "globex", url: other.url)])
        await bench.reload(
            good.replacing(
                "poll_interval: 1s\n      start: 7d\n  - name: globex",
                with: "poll_interval: fast\n      start: 7d\n  - name: globex"))
        let refusal = try #require(bench.board.configuration.refusal)
        #expect(refusal.problems.count == 1)
        #expect(refusal.problems[0].contains("tributary.yaml:") && refusal.problems[0].contains("poll_interval"))
        #expect(bench.shown == ["acme"])
        #expect(other.stats.requests == 0)
        #expect(bench.sent.last?.hasPrefix("READY=1\nSTATUS=1 of 1 integrations live") == true)
        #expect(bench.sent.last?.contains("new configuration refused, the earlier one stays in force") == true)
        await bench.reload(good)
        #expect(bench.board.configuration.refusal == nil)
        #expect(bench.board.configuration.finished == 2)
        #expect(bench.shown == ["acme", "globex"])
        try await bench.wait(for: "globex is live") { bench.health("globex")?.state == .live }
        try await bench.stop()
        try bench.expectExactly(org, "acme")
        try bench.expectExactly(other, "globex")
        for org in [org, other] { await org.stop() }
    }

    @Test("systemd is notified of the beginning and then of the end of each reload")
    func notifications() async throws {
        let org = try await org(7)
        let bench = try await bench([.init(name: "acme", url: org.url)])
        try await bench.wait(for: "the daemon is ready") { bench.sent.contains { $0.hasPrefix("READY=1") } }
        let before = bench.sent.count
        await bench.reload(ReloadBench.text(bench.root, [.init(name: "acme", url: org.url, more: ["page_size: 7"])]))
        let states = bench.sent[before...].map { $0.split(separator: "\n")[0] }.filter { !$0.hasPrefix("STATUS=") }
        #expect(states == ["RELOADING=1", "READY=1"])
        #expect(bench.sent.contains { $0.contains("RELOADING=1\nMONOTONIC_USEC=") })
        try await bench.stop()
        await org.stop()
    }

    @Test("a reload applies changed limits of the spool: if a limit caused a pause, raising the limit ends the pause")
    func limits() async throws {
        let org = try await org(8, events: 2000)
        let bench = try await bench(
            [.init(name: "acme", url: org.url, more: ["page_size: 100"])],
            spool: ["segment_max_age: 1h", "segment_max_bytes: 64KiB", "max_bytes: 256KiB"])
        try await bench.wait(for: "the integration is paused") { bench.health("acme")?.state == .paused }
        await bench.reload(
            ReloadBench.text(
                bench.root, [.init(name: "acme", url: org.url, more: ["page_size: 100"])],
                spool: ["segment_max_age: 1h", "compression: none"]))
        #expect(
            bench.board.configuration.change
                == "spool.compression, spool.segment_max_bytes, spool.max_bytes changed")
        try await bench.wait(for: "the integration is live") { bench.health("acme")?.state == .live }
        try await bench.stop()
        try bench.expectExactly(org, "acme")
        let names = FileManager.default.enumerator(atPath: bench.root + "/spool")?.compactMap { $0 as? String } ?? []
        #expect(
            names.contains { $0.hasSuffix(".ndjson") && $0.contains("class=") },
            "the segments are sealed with the new compression")
        await org.stop()
    }

    @Test(
        "a setting that needs a restart keeps its value; while the file has another value, the status names the setting"
    )
    func restartNeeded() async throws {
        let org = try await org(9)
        let bench = try await bench([.init(name: "acme", url: org.url)])
        let text = ReloadBench.text(bench.root, [.init(name: "acme", url: org.url)])
        let changed =
            text.replacing("directory: \(bench.root)/spool", with: "directory: \(bench.root)/elsewhere")
            .replacing("state_directory: \(bench.root)/state", with: "state_directory: \(bench.root)/other")
            + "record: {schema_version: 1.5.0}\n"
        let before = bench.spool.settings
        for _ in 1...2 {
            await bench.reload(changed)
            let keys = ["state_directory", "spool.directory", "record.schema_version"]
            #expect(bench.board.configuration.restartNeeded == keys)
            #expect(
                bench.board.configuration.change == "restart needed for \(keys.joined(separator: ", "))")
            let settings = bench.spool.settings
            #expect(settings.directory == before.directory)
            #expect(settings.stateDirectory == before.stateDirectory)
            #expect(settings.recordSchema == before.recordSchema)
        }
        await bench.reload(text)
        #expect(bench.board.configuration.restartNeeded.isEmpty)
        try await bench.wait(for: "the integration is live") { bench.health("acme")?.state == .live }
        try await bench.stop()
        try bench.expectExactly(org, "acme")
        await org.stop()
    }

    @Test("changed settings of the records apply from the next page on")
    func mapping() async throws {
        let org = try await org(10)
        let bench = try await bench([.init(name: "acme", url: org.url, more: ["page_size: 20"])])
        try await bench.wait(for: "the first events are collected") { (bench.health("acme")?.events ?? 0) > 0 }
        await bench.reload(
            ReloadBench.text(
                bench.root, [.init(name: "acme", url: org.url, more: ["page_size: 20"])],
                more: ["record:", "  raw_data: false"]))
        #expect(bench.board.configuration.change == "record.raw_data changed")
        let uuid = "00000000-0000-11f0-8000-00000000beef"
        try org.append(events: [
            """
            {"uuid":"\(uuid)","published":"2026-11-23T12:00:00.000Z","eventType":"user.session.start","version":"0",\
            "severity":"INFO","outcome":{"result":"SUCCESS"},"actor":{"id":"00u1","type":"User"}}
            """
        ])
        try await bench.wait(for: "all events are collected") { bench.health("acme")?.events == 301 }
        try await bench.stop()
        let sealed = try bench.sealed("acme")
        #expect(sealed.values.contains { $0[0]["raw_data"] != nil }, "records from before the reload have raw_data")
        #expect(try #require(sealed[uuid])[0]["raw_data"] == nil)
        await org.stop()
    }

    @Test("a missing secret stops only its own integration; once the secret exists, it is used without a reload")
    func missingSecret() async throws {
        let org = try await org(11)
        let other = try await self.org(12)
        let bench = try await bench(
            [.init(name: "acme", url: org.url), .init(name: "globex", url: other.url)], tokens: ["acme"])
        try await bench.wait(for: "one integration is live, and the other is failing") {
            bench.health("acme")?.state == .live && bench.health("globex")?.trouble?.kind == .credential
        }
        #expect(bench.health("globex")?.trouble?.message.contains("\(bench.root)/token-globex") == true)
        #expect(other.stats.byPath["/api/v1/logs"] == nil, "no request is sent without a credential")
        try ReloadBench.setToken(Self.token, of: "globex", in: bench.root)
        try await bench.wait(for: "globex is live") { bench.health("globex")?.state == .live }
        try await bench.stop()
        for (org, name) in [(org, "acme"), (other, "globex")] {
            try bench.expectExactly(org, name)
            await org.stop()
        }
    }

    @Test("a reload tries a refused credential immediately, even if its file is unchanged")
    func retriesCredential() async throws {
        let org = try await org(13)
        org.setTokens([])
        let bench = try await bench([.init(name: "acme", url: org.url)])
        try await bench.wait(for: "the credential is refused") { bench.health("acme")?.trouble?.kind == .unauthorized }
        org.setTokens([Self.token])
        await bench.reloader.reload()
        // Without the reload, the next attempt would come a minute later.
        try await bench.wait(for: "the integration is live") { bench.health("acme")?.state == .live }
        #expect((bench.health("acme")?.requests ?? 0) <= 4)
        try await bench.stop()
        try bench.expectExactly(org, "acme")
        await org.stop()
    }

    @Test(
        "if an integration's configuration has a mistake, the status shows it; after the correction, the integration is collected"
    )
    func unusable() async throws {
        let org = try await org(14)
        let other = try await self.org(15)
        var good = ""
        let bench = try await ReloadBench { root in
            for name in ["acme", "globex"] { try ReloadBench.setToken(Self.token, of: name, in: root) }
            good = ReloadBench.text(
                root, [.init(name: "acme", url: org.url), .init(name: "globex", url: other.url)])
            return good.replacing("url: \(other.url)", with: "url: not a host")
        }
        try await bench.wait(for: "the other integration is live") { bench.health("acme")?.state == .live }
        #expect(bench.shown == ["acme", "globex"])
        let trouble = try #require(bench.health("globex")?.trouble)
        #expect(trouble.kind == .configuration && trouble.message.contains("tributary.yaml:"))
        await bench.reload(good)
        #expect(bench.board.configuration.change == "added globex")
        try await bench.wait(for: "both integrations are live") { bench.health("globex")?.state == .live }
        try await bench.stop()
        try bench.expectExactly(other, "globex")
        for org in [org, other] { await org.stop() }
    }
}

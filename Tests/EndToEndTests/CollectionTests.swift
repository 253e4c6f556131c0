import Collector
import Foundation
import OktaSimulator
import Testing

@Suite(
    "A daemon collects", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct CollectionTests {
    private func settings(events: Int) -> OrgSettings {
        var settings = OrgSettings()
        settings.eventCount = events
        settings.limitPerMinute = 1_000_000
        return settings
    }

    /// A small event in Okta's form.
    private func event(_ uuid: String, published: String) -> String {
        """
        {"uuid":"\(uuid)","published":"\(published)","eventType":"user.session.start","version":"0","severity":"INFO",\
        "displayMessage":"User login to Okta","outcome":{"result":"SUCCESS"},\
        "actor":{"id":"00u1","type":"User","alternateId":"ann@acme.example","displayName":"Ann"}}
        """
    }

    @Test("SIGTERM during a backlog ends the daemon with 0, its events are sealed, and the next start continues")
    func stopsInBacklog() async throws {
        let org = try await SimulatedOrg.start(settings(events: 6000))
        let workspace = try Workspace()
        // No segment reaches the limits for size and age, so only the stop causes a seal.
        try workspace.configure(
            [("acme", org.url)], token: org.settings.tokens[0], pageSize: 50, segmentMaxBytes: "64MiB",
            segmentMaxAge: "1h")
        var before = 0
        for stop in 1...2 {
            // The org is slow after 20 pages, so the stop comes during a request.
            org.setFaults([FaultRule(.slowBody, after: 20, bytesPerSecond: 20_000)])
            let daemon = try RunningDaemon(workspace)
            let requests = org.stats.requests + 21
            try await daemon.wait(for: "a request in the middle of the backlog") { _ in org.stats.requests >= requests }
            #expect(daemon.stop() == 0)
            let report = try #require(daemon.status)
            let integration = try #require(report.integrations.first)
            #expect(integration.state == .stopped)
            #expect(integration.unsealedRecords == 0)
            let sealed = try workspace.sealedUIDs().count
            #expect(sealed.count == before + integration.events, "after stop \(stop)")
            #expect(sealed.count < 6000, "the stop came only after the backlog")
            before = sealed.count
        }
        org.setFaults([])
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        #expect(daemon.stop() == 0)
        try workspace.expectExactly(org, of: "acme")
        await org.stop()
    }

    @Test("an org without events is live immediately, and its first event is collected")
    func emptyLog() async throws {
        let org = try await SimulatedOrg.start(settings(events: 0))
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: org.settings.tokens[0])
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        #expect(daemon.status?.integrations.first?.events == 0)
        try org.append(events: [event("first", published: "2026-11-23T12:00:00.000Z")])
        try await daemon.wait(for: "the first event") { $0?.integrations.first?.events == 1 }
        #expect(daemon.stop() == 0)
        #expect(try workspace.sealedUIDs().count == ["first": 1])
        await org.stop()
    }

    @Test("an event is stored under the day on which it happened, however late it comes")
    func days() async throws {
        let org = try await SimulatedOrg.start(settings(events: 0))
        let dates = [
            ("a", "2026-11-23T00:00:00.000Z", "2026-11-23"), ("b", "2026-11-22T23:59:59.999Z", "2026-11-22"),
            ("c", "2024-02-29T23:59:59.999Z", "2024-02-29"), ("d", "1999-12-31T12:00:00Z", "1999-12-31"),
            ("e", "2026-11-23T00:30:00.000+02:00", "2026-11-22"),
        ]
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: org.settings.tokens[0])
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        for (uuid, published, _) in dates { try org.append(events: [event(uuid, published: published)]) }
        try await daemon.wait(for: "the events") { $0?.integrations.first?.events == dates.count }
        #expect(daemon.stop() == 0)
        let sealed = try workspace.sealedUIDs()
        for (uuid, _, day) in dates {
            #expect(sealed.count[uuid] == 1)
            #expect(
                sealed.segments[uuid]?.first?.hasPrefix("integration=acme/class=authentication/date=\(day)/") == true,
                "\(uuid): \(sealed.segments[uuid] ?? [])")
        }
        await org.stop()
    }

    @Test("an unreadable event is kept byte for byte under _rejected, and the events around it are collected")
    func rejected() async throws {
        var settings = settings(events: 300)
        settings.faults = [
            FaultRule(.unreadableEvent, count: 1, body: "broken"), FaultRule(.unreadableEvent, count: 1, body: "utf8"),
        ]
        let org = try await SimulatedOrg.start(settings)
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: settings.tokens[0], pageSize: 100)
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        #expect(daemon.status?.integrations.first?.rejected == 2)
        #expect(daemon.stop() == 0)
        try workspace.expectExactly(org, of: "acme")
        let all = FileManager.default.enumerator(atPath: workspace.spool)?.compactMap { $0 as? String } ?? []
        var lines: [[String: Any]] = []
        for file in all where file.hasPrefix("_rejected/integration=acme/date=") && file.hasSuffix(".ndjson.zst") {
            for line in try workspace.decompress(file).split(separator: 0x0A) {
                lines.append(try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]))
            }
        }
        #expect(
            lines.compactMap { $0["event"] as? String } == [#"{"uuid":"broken","eventType":user.session.start,}"#])
        let bytes = lines.compactMap { $0["event_base64"] as? String }.compactMap { Data(base64Encoded: $0) }
        #expect(bytes == [Data(#"{"uuid":""#.utf8) + [0xFF, 0xFE, 0xC3] + Data(#""}"#.utf8)])
        #expect(Set(lines.compactMap { $0["reason"] as? String }) == ["syntax", "notUTF8"])
        await org.stop()
    }

    @Test("if the spool is full, the status says so, and collection pauses until a loader deletes loaded segments")
    func full() async throws {
        let org = try await SimulatedOrg.start(settings(events: 2000))
        let workspace = try Workspace()
        try workspace.configure(
            [("acme", org.url)], token: org.settings.tokens[0], pageSize: 100, segmentMaxBytes: "64KiB",
            spool: ["max_bytes: 640KiB"])
        let daemon = try RunningDaemon(workspace)
        var loaded: [String: Int] = [:]
        func load() throws {
            // The manifest lists a segment only when the segment is complete, so a loader may delete every listed segment.
            // The text after the last line break is a line that is being written.
            for line in try String(contentsOfFile: workspace.spool + "/_manifest.ndjson", encoding: .utf8).split(
                separator: "\n", omittingEmptySubsequences: false
            ).dropLast() {
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                let path = try #require(object?["path"] as? String)
                guard FileManager.default.fileExists(atPath: workspace.spool + "/" + path) else { continue }
                for record in try workspace.decompress(path).split(separator: 0x0A) {
                    let record = try JSONSerialization.jsonObject(with: Data(record)) as? [String: Any]
                    let uid = try #require((record?["metadata"] as? [String: Any])?["uid"] as? String)
                    loaded[uid, default: 0] += 1
                }
                try FileManager.default.removeItem(atPath: workspace.spool + "/" + path)
            }
        }
        var pauses = 0
        while true {
            try await daemon.wait(for: "a pause because the spool is full, or the end of the log") { report in
                [.paused, .live].contains(report?.integrations.first?.state)
            }
            guard let integration = daemon.status?.integrations.first, integration.state == .paused else { break }
            pauses += 1
            #expect(integration.problem?.kind == "spool_full")
            #expect(integration.problem?.message.contains("at most 655360 bytes") == true)
            #expect(integration.problem?.message.contains("spool prune") == true)
            let events = integration.events
            try load()
            try await daemon.wait(for: "new events after the pause") { ($0?.integrations.first?.events ?? 0) > events }
        }
        #expect(pauses >= 1)
        print("pauses with a full spool: \(pauses)")
        #expect(daemon.stop() == 0)
        try load()
        #expect(loaded.count == 2000)
        #expect(loaded.values.allSatisfy { $0 == 1 })
        await org.stop()
    }

    @Test("a second daemon with the same directories waits and says why, and starts when the first daemon has ended")
    func two() async throws {
        let org = try await SimulatedOrg.start(settings(events: 50))
        let workspace = try Workspace()
        let orgs = [(name: "acme", url: org.url)]
        try workspace.configure(orgs, token: org.settings.tokens[0], runtime: "other", file: "same-spool.yaml")
        try workspace.configure(
            orgs, token: org.settings.tokens[0], state: "other-state", runtime: "other", file: "other-state.yaml")
        try workspace.configure(orgs, token: org.settings.tokens[0])
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        for (file, runtime) in [("same-spool.yaml", "other"), ("other-state.yaml", "other")] {
            let waiting = try RunningDaemon(workspace, configuration: file, runtime: runtime)
            try await waiting.wait(for: "the status that names the reason for waiting") { report in
                report?.waiting?.message.contains("is in use by process \(daemon.processIdentifier)") == true
            }
            let shown = try Programs.tributary(["status", "--config", workspace.path(file)], in: workspace)
            #expect(shown.status == 69)
            #expect(shown.output.contains("waiting to start: \(workspace.root.path)"), "\(shown.output)")
            #expect(
                waiting.stop() == SIGTERM, "SIGTERM ends the waiting daemon directly, because it has nothing to release"
            )
        }
        // Here the two daemons have the same runtime directory, and the status file in it belongs to the first daemon. So the second
        // one reports only in its log why it waits.
        let same = try RunningDaemon(workspace)
        try await same.wait(for: "the log message that names the reason for waiting") { _ in
            workspace.log.contains("can't start yet: another tributary is running with the runtime directory")
        }
        #expect(daemon.isRunning)
        #expect(daemon.stop() == 0)
        try await same.waitUntilLive()
        #expect(same.status?.waiting == nil)
        #expect(workspace.log.contains("the start continues, because the problem ended after"))
        #expect(same.stop() == 0)
        try workspace.expectExactly(org, of: "acme")
        await org.stop()
    }

    @Test("while the start waits, the listener answers that the daemon is live but not ready, and says why")
    func listenerWhileWaiting() async throws {
        let org = try await SimulatedOrg.start(settings(events: 50))
        let workspace = try Workspace()
        let orgs = [(name: "acme", url: org.url)]
        let token = org.settings.tokens[0]
        try workspace.configure(orgs, token: token, runtime: "other", file: "waiting.yaml")
        let file = URL(fileURLWithPath: workspace.path("waiting.yaml"))
        let socket = workspace.path("s")
        try Data("\(try String(contentsOf: file, encoding: .utf8))metrics: {listen: 'unix:\(socket)'}\n".utf8).write(
            to: file)
        try workspace.configure(orgs, token: token)
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        let waiting = try RunningDaemon(workspace, configuration: "waiting.yaml", runtime: "other")
        try await waiting.wait(for: "the status that names the reason for waiting") { $0?.waiting != nil }
        func answer(_ path: String) throws -> String {
            let curl = Process()
            let output = Pipe()
            curl.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
            curl.arguments = [
                "-s", "-w", " %{http_code}", "--unix-socket", socket, "http://localhost\(path)",
            ]
            curl.standardOutput = output
            try curl.run()
            curl.waitUntilExit()
            return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        }
        try await waiting.wait(for: "the listener's socket") { _ in FileManager.default.fileExists(atPath: socket) }
        #expect(try answer("/healthz/live").hasSuffix(" 200"))
        let ready = try answer("/healthz/ready")
        #expect(ready.contains("waiting to start: ") && ready.contains("is in use by process"), "\(ready)")
        #expect(ready.hasSuffix(" 503"))
        #expect(try answer("/metrics").contains("\ntributary_ready 0\n"))
        #expect(daemon.stop() == 0)
        try await waiting.waitUntilLive()
        try await waiting.wait(for: "readiness") { _ in (try? answer("/healthz/ready"))?.hasSuffix(" 200") == true }
        #expect(waiting.stop() == 0)
        #expect(!FileManager.default.fileExists(atPath: socket), "the listener's socket still exists after the stop")
        await org.stop()
    }

    @Test("if an integration is no longer configured, its unsealed records are sealed")
    func leftovers() async throws {
        var other = settings(events: 200)
        other.seed = 2
        let acme = try await SimulatedOrg.start(settings(events: 200))
        let globex = try await SimulatedOrg.start(other)
        let token = acme.settings.tokens[0]
        let workspace = try await Workspace.killedBeforeFirstSeal(
            { workspace in
                try workspace.configure(
                    [("acme", acme.url), ("globex", globex.url)], token: token, segmentMaxBytes: "64MiB",
                    segmentMaxAge: "1h")
            }, onceThereAre: "all events of both logs"
        ) { report in
            report.integrations.count { $0.state == .live } == 2
        }

        try workspace.configure([("acme", acme.url)], token: token, segmentMaxBytes: "64MiB", segmentMaxAge: "1h")
        let second = try RunningDaemon(workspace)
        try await second.wait(for: "sealed records of globex") { _ in workspace.log.contains("no longer configured") }
        try workspace.expectExactly(globex, of: "globex")
        #expect(workspace.log.contains("200 unsealed records"))
        #expect(second.stop() == 0)

        // The integration globex is configured again, and none of its events is collected twice.
        try workspace.configure([("globex", globex.url)], token: token)
        let third = try RunningDaemon(workspace)
        try await third.waitUntilLive()
        #expect(third.stop() == 0)
        try workspace.expectExactly(globex, of: "globex")
        try workspace.expectExactly(acme, of: "acme")
        for org in [acme, globex] { await org.stop() }
    }

    @Test("new events of a live log are collected within seconds, without a gap")
    func liveTail() async throws {
        var settings = settings(events: 100)
        settings.rate = 60
        settings.lateShare = 0.1
        let org = try await SimulatedOrg.start(settings)
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: settings.tokens[0], pageSize: 50)
        let daemon = try RunningDaemon(workspace)
        var worstLag = 0
        try await daemon.wait(for: "500 events") { report in
            guard let integration = report?.integrations.first else { return false }
            if integration.state == .live { worstLag = max(worstLag, integration.lagSeconds ?? 0) }
            return integration.events >= 500
        }
        // The poll interval is one second. The limit is much higher, because the machine may be busy.
        #expect(worstLag <= 60)
        #expect(daemon.stop() == 0)
        let sealed = try workspace.sealedUIDs().count
        #expect(sealed.count >= 500)
        #expect(
            Set(sealed.keys) == Set((0..<sealed.count).compactMap(org.uuid)),
            "the sealed events are the beginning of the log, without a gap")
        #expect(sealed.values.allSatisfy { $0 == 1 })
        await org.stop()
    }

    @Test("once the windows of known events are full, further events take no more memory", .timeLimit(.minutes(20)))
    func memory() async throws {
        let org = try await SimulatedOrg.start(settings(events: 150_000))
        let workspace = try Workspace()
        try workspace.configure(
            [("acme", org.url)], token: org.settings.tokens[0], pageSize: 1000, segmentMaxBytes: "8MiB")
        let daemon = try RunningDaemon(workspace)
        var peaks: [Int] = []
        for events in [50_000, 150_000] {
            try await daemon.wait(for: "\(events) events", within: .seconds(900)) { report in
                (report?.integrations.first?.events ?? 0) >= events
            }
            peaks.append(try #require(daemon.peakMemory))
        }
        print("peak memory at 50,000 and 150,000 events: \(peaks) KiB")
        // The peak of a debug build varies by a few MiB. A leak of 100 bytes for each event would add 10 MiB.
        #expect(peaks[1] - peaks[0] < 10 << 10)
        #expect(peaks[1] < 112 << 10)
        #expect(daemon.stop() == 0)
        await org.stop()
    }

    @Test("records that a killed daemon left unsealed are sealed with the OCSF version in which they were written")
    func schemaVersion() async throws {
        var settings = OrgSettings()
        settings.eventCount = 20_000
        settings.limitPerMinute = 1_000_000
        let org = try await SimulatedOrg.start(settings)
        func configure(_ workspace: Workspace, _ version: String) throws {
            try workspace.configure(
                [("acme", org.url)], token: settings.tokens[0], segmentMaxBytes: "64MiB", segmentMaxAge: "1h")
            let text = try String(contentsOfFile: workspace.configuration, encoding: .utf8)
            try (text + "record: {schema_version: \(version)}\n").write(
                toFile: workspace.configuration, atomically: true, encoding: .utf8)
        }
        let workspace = try await Workspace.killedBeforeFirstSeal(
            { workspace in
                // After three pages the org is slow, so the first daemon is killed before it has all events.
                org.setFaults([FaultRule(.slowBody, after: 3, bytesPerSecond: 20_000)])
                try configure(workspace, "1.3.0")
            }, onceThereAre: "some events"
        ) { report in
            (report.integrations.first?.events ?? 0) >= 200
        }
        org.setFaults([])
        try configure(workspace, "1.8.0")
        let second = try RunningDaemon(workspace)
        try await second.waitUntilLive()
        #expect(second.stop() == 0)
        try workspace.expectExactly(org, of: "acme")
        var versions: Set<String> = []
        let manifest = try String(contentsOfFile: workspace.spool + "/_manifest.ndjson", encoding: .utf8)
        for line in manifest.split(separator: "\n") {
            let segment = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let schema = try #require(segment["schema"] as? String)
            versions.insert(schema)
            var found: Set<String> = []
            for record in try workspace.decompress(try #require(segment["path"] as? String)).split(separator: 10) {
                let record = try #require(try JSONSerialization.jsonObject(with: Data(record)) as? [String: Any])
                let version = (record["metadata"] as? [String: Any])?["version"] as? String
                found.insert("ocsf/\(version ?? "none")")
            }
            #expect(found == [schema])
        }
        #expect(versions == ["ocsf/1.3.0", "ocsf/1.8.0"])
        await org.stop()
    }
}

import Collector
import Foundation
import OktaSimulator
import Testing

@Suite("tributary spool", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct SpoolCommandTests {
    /// A workspace whose spool has 300 records and one rejected event. No daemon runs.
    private func sealed() async throws -> Workspace {
        var settings = OrgSettings()
        settings.eventCount = 300
        settings.limitPerMinute = 1_000_000
        settings.faults = [FaultRule(.unreadableEvent, count: 1)]
        let org = try await SimulatedOrg.start(settings)
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: settings.tokens[0])
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        #expect(daemon.stop() == 0)
        await org.stop()
        return workspace
    }

    private func spool(_ arguments: [String], _ workspace: Workspace) throws -> Programs.Outcome {
        try Programs.tributary(["spool"] + arguments + ["--config", workspace.configuration], in: workspace)
    }

    private func objects(_ output: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    @Test("`list` prints segments in the manifest's order, applies the filters, and continues after a position")
    func list() async throws {
        let workspace = try await sealed()
        let all = try objects(spool(["list", "--json"], workspace).output)
        #expect(all.compactMap { $0["sequence"] as? Int } == Array(1...all.count))
        #expect(all.reduce(0) { $0 + ($1["records"] as? Int ?? 0) } == 301)
        let later = try objects(spool(["list", "--json", "--since-manifest", "2"], workspace).output)
        #expect(later.compactMap { $0["sequence"] as? Int } == Array(3...all.count))
        let some = try objects(spool(["list", "--json", "--class", "authentication"], workspace).output)
        #expect(!some.isEmpty && some.count < all.count)
        #expect(some.allSatisfy { ($0["partition"] as? [String: String])?["class"] == "authentication" })
        #expect(try spool(["list", "--integration", "nobody"], workspace).output.isEmpty)
        let text = try spool(["list"], workspace)
        #expect(text.status == 0 && text.errors.isEmpty)
        #expect(text.output.split(separator: "\n").count == all.count)
    }

    @Test("`cat` prints records, or rejected events with --rejected, and applies --limit and the filters")
    func cat() async throws {
        let workspace = try await sealed()
        let all = try objects(spool(["cat"], workspace).output)
        #expect(all.count == 300)
        #expect(try objects(spool(["cat", "--limit", "7"], workspace).output).count == 7)
        let some = try objects(spool(["cat", "--class", "authentication"], workspace).output)
        #expect(!some.isEmpty)
        #expect(some.allSatisfy { $0["class_uid"] as? Int == 3002 })
        let rejected = try objects(spool(["cat", "--rejected"], workspace).output)
        #expect(rejected.count == 1)
        #expect(rejected.first?["event"] as? String == "42")
        #expect(try spool(["cat", "--date", "1999-01-01"], workspace).output.isEmpty)
    }

    @Test("`cat` finds records by uid and by time, and does not read segments outside of the time range")
    func catFilters() async throws {
        let workspace = try await sealed()
        let all = try objects(spool(["cat"], workspace).output)
        func time(_ record: [String: Any]) -> Int { record["time"] as? Int ?? 0 }
        func uid(_ record: [String: Any]) -> String { (record["metadata"] as? [String: Any])?["uid"] as? String ?? "" }
        let some = [all[3], all[200]].map(uid)
        let found = try objects(spool(["cat", "--uid", some[0], "--uid", some[1]], workspace).output)
        #expect(Set(found.map(uid)) == Set(some) && found.count == 2)
        let times = all.map(time).sorted()
        let (since, until) = (times[50], times[250])
        func text(_ milliseconds: Int) -> String {
            Date(timeIntervalSince1970: Double(milliseconds) / 1000).ISO8601Format(
                .iso8601WithTimeZone(includingFractionalSeconds: true))
        }
        let between = try objects(spool(["cat", "--since", text(since), "--until", text(until)], workspace).output)
        #expect(Set(between.map(uid)) == Set(all.filter { (since..<until).contains(time($0)) }.map(uid)))
        // A damaged segment whose records are outside of the time range causes no error, because cat does not read the segment.
        let segments = try objects(spool(["list", "--json"], workspace).output)
        let outside = try #require(
            segments.first { $0["kind"] as? String == "records" && ($0["first_time"] as? Int ?? 0) >= until })
        try Data("no zstd".utf8).write(
            to: URL(fileURLWithPath: "\(workspace.spool)/\(try #require(outside["path"] as? String))"))
        #expect(try spool(["cat", "--until", text(until)], workspace).status == 0)
        #expect(try spool(["cat"], workspace).status == 74)
        #expect(try spool(["cat", "--since", "yesterday"], workspace).status == 64)
        #expect(try objects(spool(["cat", "--rejected", "--since", "1h"], workspace).output).count == 1)
        #expect(try spool(["cat", "--rejected", "--until", "1h"], workspace).output.isEmpty)
    }

    @Test(
        "a loader can resume at a position and acknowledge it, and `prune` deletes segments that all loaders have acknowledged"
    )
    func loaders() async throws {
        let workspace = try await sealed()
        var position = 0
        var loaded: [String] = []
        while true {
            let part = try objects(
                spool(["list", "--since-manifest", "\(position)", "--limit", "3", "--json"], workspace).output)
            guard let last = part.last?["sequence"] as? Int else { break }
            #expect(part.count <= 3 && part.allSatisfy { $0["state"] as? String == "present" })
            loaded += part.compactMap { $0["path"] as? String }
            position = last
            #expect(try spool(["ack", "--loader", "warehouse", "--through", "\(position)"], workspace).status == 0)
        }
        let all = try objects(spool(["list", "--json"], workspace).output).compactMap { $0["path"] as? String }
        #expect(loaded == all)
        let mode = try FileManager.default.attributesOfItem(atPath: workspace.spool + "/_acks")[.posixPermissions]
        #expect(mode as? Int == 0o3770)
        // A second loader has acknowledged only the first two segments, so prune may delete only these two.
        #expect(try spool(["ack", "--loader", "alerts", "--through", "2"], workspace).status == 0)
        let listed = try objects(spool(["ack", "--list", "--json"], workspace).output)
        #expect(listed.compactMap { $0["sequence"] as? Int } == [2, position])
        let back = try spool(["ack", "--loader", "warehouse", "--through", "1"], workspace)
        #expect(back.status == 65 && back.errors.contains("do not go back"))
        let beyond = try spool(["ack", "--loader", "alerts", "--through", "\(position + 1)"], workspace)
        #expect(beyond.status == 65 && beyond.errors.contains("ends at position \(position)"))
        // The command that the message suggests has the same --config or --spool as the command that failed.
        #expect(beyond.errors.contains("`tributary spool list --config \(workspace.configuration)`"))
        let there = try Programs.tributary(
            ["spool", "ack", "--loader", "alerts", "--through", "\(position + 1)", "--spool", workspace.spool],
            in: workspace)
        #expect(there.errors.contains("`tributary spool list --spool \(workspace.spool)`"), "\(there.errors)")
        #expect(try spool(["ack", "--loader", "alerts"], workspace).status == 64)
        let negative = try spool(["ack", "--loader", "alerts", "--through", "-1"], workspace)
        #expect(negative.status == 65 && negative.errors.contains("positions begin with 1"), "\(negative.errors)")
        let dry = try spool(["prune", "--acknowledged", "--dry-run"], workspace)
        #expect(dry.output.split(separator: "\n").count == 2)
        let old = try spool(["prune", "--older-than", "0s"], workspace)
        #expect(old.output.split(separator: "\n").count == 2 && old.errors.contains("kept: \(all.count - 2) segments"))
        let gone = try objects(spool(["list", "--since-manifest", "0", "--json"], workspace).output)
        #expect(gone.prefix(3).compactMap { $0["state"] as? String } == ["gone", "gone", "present"])
        #expect(try spool(["ack", "--loader", "alerts", "--remove"], workspace).status == 0)
        #expect(try spool(["prune", "--acknowledged", "--integration", "nobody"], workspace).output.isEmpty)
        #expect(try spool(["prune", "--acknowledged"], workspace).output.split(separator: "\n").count == all.count - 2)
        #expect(try spool(["verify"], workspace).status == 0)
        // If an acknowledgement can't be read, prune must delete nothing.
        try Data("{".utf8).write(to: URL(fileURLWithPath: workspace.spool + "/_acks/warehouse.json"))
        #expect(try spool(["prune", "--older-than", "0s"], workspace).status == 65)
    }

    @Test(
        "a daemon deletes segments that all loaders have acknowledged, and its status says what prevents a deletion"
    )
    func retention() async throws {
        let workspace = try await sealed()
        let count = try workspace.segmentFiles().count
        let text = try String(contentsOfFile: workspace.configuration, encoding: .utf8)
        try text.replacing("spool:\n", with: "spool:\n  retention: acknowledged\n")
            .write(toFile: workspace.configuration, atomically: true, encoding: .utf8)
        func run(until what: String, _ condition: (StatusReport?) -> Bool) async throws {
            let daemon = try RunningDaemon(workspace)
            try await daemon.wait(for: what, condition)
            #expect(daemon.stop() == 0)
        }
        try await run(until: "the status “no loader is registered”") {
            $0?.spool.deletionHeldUp?.contains("no loader is registered") == true
        }
        #expect(try workspace.segmentFiles().count == count)
        #expect(try spool(["ack", "--loader", "warehouse", "--through", "0"], workspace).status == 0)
        #expect(try spool(["ack", "--loader", "alerts", "--through", "4"], workspace).status == 0)
        let path = workspace.spool + "/_acks/warehouse.json"
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        try Data("{}".utf8).write(to: URL(fileURLWithPath: path))
        try await run(until: "the status with the invalid acknowledgement") {
            $0?.spool.deletionHeldUp?.contains("warehouse.json is invalid") == true
                && $0?.spool.deletionHeldUp?.contains(
                    "`tributary spool ack --loader warehouse --remove --config \(workspace.configuration)`") == true
        }
        #expect(try workspace.segmentFiles().count == count)
        try good.write(to: URL(fileURLWithPath: path))
        #expect(try spool(["ack", "--loader", "warehouse", "--through", "3"], workspace).status == 0)
        let first = try objects(spool(["list", "--json"], workspace).output).prefix(3).compactMap {
            $0["path"] as? String
        }
        try await run(until: "the deletion of three segments") { _ in
            first.allSatisfy { !FileManager.default.fileExists(atPath: workspace.spool + "/" + $0) }
        }
        #expect(try objects(spool(["list", "--json"], workspace).output).first?["sequence"] as? Int == 4)
    }

    @Test("if the helper or a Python library is missing, `export` says so and ends with 69")
    func exportWithoutLibrary() async throws {
        let workspace = try await sealed()
        let export = [
            "export", "--parquet", workspace.path("lake"), "--region", "eu-central-1", "--account-id", "111122223333",
        ]
        let missing = try spool(export + ["--helper", workspace.path("none")], workspace)
        #expect(missing.status == 69 && missing.errors.contains("--helper"))
        let script = workspace.path("helper")
        try Data("import sys; sys.exit(69)".utf8).write(to: URL(fileURLWithPath: script))
        let library = try spool(export + ["--helper", script, "--python", "/nowhere/python"], workspace)
        #expect(library.status == 69 && library.errors.contains("pip install pyarrow"))
        #expect(try spool(export + ["--account-id", "1"], workspace).status == 64)
        #expect(try spool(export + ["--loader", "x", "--class", "authentication"], workspace).status == 64)
        // The failed exports may leave only a lock file, whose name begins with a dot.
        let exported = try FileManager.default.contentsOfDirectory(atPath: workspace.path("lake"))
        #expect(exported.allSatisfy { $0.hasPrefix(".") })
    }

    @Test("`verify` ends with 0 if the spool is undamaged; otherwise it ends with 65 and names the damaged segment")
    func verify() async throws {
        let workspace = try await sealed()
        let good = try spool(["verify"], workspace)
        #expect(good.status == 0 && good.output.contains("301 records"))
        let victim = try #require(try workspace.segmentFiles().sorted().first)
        let url = URL(fileURLWithPath: workspace.spool + "/" + victim)
        var bytes = try Data(contentsOf: url)
        bytes[bytes.count / 2] ^= 0x10
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path)
        try bytes.write(to: url)
        let bad = try spool(["verify"], workspace)
        #expect(bad.status == 65)
        #expect(bad.output.contains(victim))
        let json = try spool(["verify", "--json"], workspace)
        #expect(json.status == 65)
        let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let problems = try #require(report["problems"] as? [[String: Any]])
        #expect(Set(problems.compactMap { $0["path"] as? String }) == [victim])
    }

    @Test("`prune` deletes segments that are old enough, and with --dry-run nothing; `verify` accepts deleted segments")
    func prune() async throws {
        let workspace = try await sealed()
        let files = try workspace.segmentFiles()
        let none = try spool(["prune", "--older-than", "30d"], workspace)
        #expect(none.status == 0 && none.output.isEmpty)
        let dry = try spool(["prune", "--older-than", "0s", "--dry-run"], workspace)
        #expect(dry.status == 0 && dry.output.contains("would delete"), "\(dry.errors)")
        #expect(try workspace.segmentFiles().count == files.count)
        let done = try spool(["prune", "--older-than", "0s"], workspace)
        #expect(done.status == 0)
        #expect(done.output.split(separator: "\n").count >= files.count)
        #expect(try workspace.segmentFiles().isEmpty)
        #expect(try spool(["verify"], workspace).status == 0)
        #expect(try spool(["list"], workspace).output.isEmpty)
        #expect(try !spool(["list", "--gone"], workspace).output.isEmpty)
        let wrong = try spool(["prune", "--older-than", "soon"], workspace)
        #expect(wrong.status == 64)
    }

    @Test("if the directory is not a spool, the commands say so and end with 74")
    func noSpool() throws {
        let workspace = try Workspace()
        for command in ["list", "verify", "cat"] {
            let outcome = try Programs.tributary(["spool", command, "--spool", workspace.root.path], in: workspace)
            #expect(outcome.status == 74)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains("it is not a spool"))
        }
    }
}

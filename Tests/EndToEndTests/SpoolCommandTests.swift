import Foundation
import OktaSimulator
import Testing

@Suite("tributary spool", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct SpoolCommandTests {
    /// A spool with some 300 records and one rejected event, and no daemon.
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

    @Test("list has the manifest's order, its filters, and goes on behind a position")
    func list() async throws {
        let workspace = try await sealed()
        let all = try objects(spool(["list", "--json"], workspace).output)
        #expect(all.compactMap { $0["sequence"] as? Int } == Array(1...all.count))
        #expect(all.reduce(0) { $0 + ($1["records"] as? Int ?? 0) } == 301)
        let behind = try objects(spool(["list", "--json", "--since-manifest", "2"], workspace).output)
        #expect(behind.compactMap { $0["sequence"] as? Int } == Array(3...all.count))
        let some = try objects(spool(["list", "--json", "--class", "authentication"], workspace).output)
        #expect(!some.isEmpty && some.count < all.count)
        #expect(some.allSatisfy { ($0["partition"] as? [String: String])?["class"] == "authentication" })
        #expect(try spool(["list", "--integration", "nobody"], workspace).output.isEmpty)
        let text = try spool(["list"], workspace)
        #expect(text.status == 0 && text.errors.isEmpty)
        #expect(text.output.split(separator: "\n").count == all.count)
    }

    @Test("cat writes the records and nothing else; --limit, the filters and --rejected do what they say")
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

    @Test("verify is 0 for a whole spool, 65 for a damaged segment, which it names, also as JSON")
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

    @Test("prune deletes what is old enough, a dry run deletes nothing, and verify does not mind")
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

    @Test("a directory that is no spool is 74 with words")
    func noSpool() throws {
        let workspace = try Workspace()
        for command in ["list", "verify", "cat"] {
            let outcome = try Programs.tributary(["spool", command, "--spool", workspace.root.path], in: workspace)
            #expect(outcome.status == 74)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains("it is no spool"))
        }
    }
}

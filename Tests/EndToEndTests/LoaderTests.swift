import Foundation
import OktaSimulator
import TestSupport
import Testing

@Suite(
    "A loader with a running daemon",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct LoaderTests {
    static let events = 6_000
    static let kills = 12

    /// Loads the segments in the order of their positions in the manifest, and deletes each, as in `docs/loaders.md`.
    private final class Loader {
        private let workspace: Workspace
        private var sequence = 0
        private var paths: Set<String> = []
        private(set) var loaded: [String: Int] = [:]
        /// Deleted segments that later existed again.
        private(set) var returned: [String] = []

        init(_ workspace: Workspace) {
            self.workspace = workspace
        }

        func load() throws {
            let manifest = FileManager.default.contents(atPath: workspace.spool + "/_manifest.ndjson") ?? Data()
            // If the last line has no newline, the daemon is still writing it, so the line is not read yet.
            for line in manifest.split(separator: 10, omittingEmptySubsequences: false).dropLast() {
                let entry = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
                let path = try #require(entry["path"] as? String)
                let file = workspace.spool + "/" + path
                if paths.contains(path) {
                    if FileManager.default.fileExists(atPath: file) { returned.append(path) }
                    continue
                }
                let position = try #require(entry["sequence"] as? Int)
                #expect(position == sequence + 1, "positions have no gap and do not repeat")
                sequence = position
                let records = try workspace.decompress(path).split(separator: 10)
                #expect(records.count == entry["records"] as? Int)
                for record in records {
                    let object = try JSONSerialization.jsonObject(with: record) as? [String: Any]
                    let uid = try #require((object?["metadata"] as? [String: Any])?["uid"] as? String)
                    loaded[uid, default: 0] += 1
                }
                paths.insert(path)
                try FileManager.default.removeItem(atPath: file)
            }
        }
    }

    @Test(
        "while the daemon is killed repeatedly, segments that a loader has deleted do not come back, and no event is loaded twice",
        .timeLimit(.minutes(20)))
    func deletes() async throws {
        var settings = OrgSettings()
        settings.eventCount = Self.events
        settings.limitPerMinute = 1_000_000
        let org = try await SimulatedOrg.start(settings)
        let workspace = try Workspace()
        try workspace.configure(
            [("acme", org.url)], token: settings.tokens[0], pageSize: 50, segmentMaxBytes: "32KiB")
        var random = SeededGenerator(seed: TestSeed.seed(of: "loaders"))
        let loader = Loader(workspace)
        for life in 0..<Self.kills {
            let daemon = try RunningDaemon(workspace)
            let requests = org.stats.requests + Int.random(in: 0...(Self.events / 50 / Self.kills), using: &random)
            try await daemon.wait(for: "request \(requests), before kill \(life)") { _ in org.stats.requests >= requests
            }
            // Loads before and after the kill, which often comes during a seal.
            try loader.load()
            try await Task.sleep(for: .microseconds(Int.random(in: 0...30_000, using: &random)))
            daemon.kill()
            try loader.load()
        }
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the end of the log") { report in
            try? loader.load()
            return report?.integrations.first?.state == .live
        }
        #expect(daemon.stop() == 0)
        try loader.load()
        // Starts the daemon once more. If a killed daemon left a segment unfinished, the segment would appear now.
        let last = try RunningDaemon(workspace)
        try await last.waitUntilLive()
        #expect(last.stop() == 0)
        try loader.load()
        #expect(loader.returned == [])
        #expect(Set(loader.loaded.keys) == Set((0..<Self.events).compactMap(org.uuid)))
        #expect(loader.loaded.values.count { $0 > 1 } == 0, "some events are loaded more than once")
        #expect(try workspace.segmentFiles() == [])
        let verified = try Programs.tributary(["spool", "verify", "--config", workspace.configuration], in: workspace)
        #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
        await org.stop()
    }
}

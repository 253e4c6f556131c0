import Foundation
import OCSF
import Spool
import TestSupport
import Testing

@Suite("tributary replay")
struct ReplayTests {
    private let workspace: Workspace
    private let source: RecordedSpool
    private var target: String { workspace.path("to") }

    init() throws {
        workspace = try Workspace()
        source = RecordedSpool(workspace)
        try configure()
    }

    private func configure(_ record: String = "", file: String = "tributary.yaml") throws {
        let text = """
            state_directory: \(workspace.path("unused"))
            spool: {directory: \(workspace.path("unused-spool")), segment_max_bytes: 256KiB}
            record: {\(record)}
            """
        try text.write(toFile: workspace.path(file), atomically: true, encoding: .utf8)
    }

    private func replay(_ more: String..., from: String? = nil, to: String? = nil) throws -> Programs.Outcome {
        try Programs.tributary(
            ["replay", from ?? source.directory, to ?? target, "--config", workspace.configuration] + more,
            in: workspace)
    }

    private func events(_ range: Range<Int>) -> [String] { range.map(RecordedSpool.event) }

    private func json(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    private func uids(_ lines: [String]) throws -> [String] {
        try lines.map { try #require((try json($0)["metadata"] as? [String: Any])?["uid"] as? String) }.sorted()
    }

    @Test("a replay with the same mapping makes the same records, and does not change the old spool")
    func same() throws {
        try source.add(events(0..<1_200) + ["{\"no\":\"uuid\"}", "{\"published\":\"soon\"}"])
        try source.add(events(5_000..<5_300), of: "emca", org: "emca.okta.com")
        let before = try RecordedSpool.contents(source.directory)
        let outcome = try replay()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("1502 records; "), "\(outcome.output)")
        for integration in ["acme", "emca"] {
            let old = try RecordedSpool.lines(source.directory, integration: integration)
            #expect(try RecordedSpool.lines(target, integration: integration) == old, "\(integration)")
        }
        #expect(try RecordedSpool.contents(source.directory) == before)
        #expect(try Programs.tributary(["spool", "verify", "--spool", target], in: workspace).status == 0)
    }

    @Test("a replay to another OCSF version keeps uids, times and events, and a replay back restores the records")
    func versions() throws {
        try source.add(events(0..<400))
        let old = try replay("--schema-version", "1.3.0")
        #expect(old.status == 0, "\(old.errors)")
        let lines = try RecordedSpool.lines(target)
        #expect(try uids(lines) == (0..<400).map(RecordedSpool.uid).sorted())
        for line in lines {
            let metadata = try json(line)["metadata"] as? [String: Any]
            #expect(metadata?["version"] as? String == "1.3.0")
            #expect(metadata?["tenant_uid"] as? String == "acme.okta.com")
        }
        let segments = try SpoolReader(directory: target).segments().compactMap(\.segment)
        #expect(Set(segments.map(\.schema)) == ["ocsf/1.3.0"])
        #expect(!segments.contains { $0.partition["class"] == "application_error" })
        let back = try replay("--schema-version", "1.8.0", from: target, to: workspace.path("back"))
        #expect(back.status == 0, "\(back.errors)")
        #expect(try RecordedSpool.lines(workspace.path("back")) == RecordedSpool.lines(source.directory))
    }

    @Test("the configuration determines the records: version, options and catalogue")
    func options() throws {
        try source.add(events(0..<40))
        let table = workspace.path("events.tsv")
        try "user.session.start\t3004\t99\n".write(toFile: table, atomically: true, encoding: .utf8)
        try configure("schema_version: 1.5.0, raw_data: false, catalogue: [\(table)]")
        #expect(try replay().status == 0)
        for line in try RecordedSpool.lines(target) {
            let record = try json(line)
            let metadata = try #require(record["metadata"] as? [String: Any])
            #expect(metadata["version"] as? String == "1.5.0")
            #expect(record["raw_data"] == nil)
            if metadata["event_code"] as? String == "user.session.start" {
                #expect(record["class_uid"] as? Int == 3004)
            }
        }
    }

    @Test("if the replay is killed and repeated several times, each event is in the new spool once")
    func kills() throws {
        let count = 4_000
        try source.add(events(0..<count), perSegment: 700)
        let expected = try RecordedSpool.lines(source.directory)
        var random = SeededGenerator(seed: TestSeed.seed(of: "replay"))
        #expect(try replay(to: workspace.path("rehearsal")).status == 0)
        let whole = try bytes(below: workspace.path("rehearsal"))
        var killed = 0
        var runs = 0
        while killed < 6, runs < 60 {
            runs += 1
            let written = try bytes(below: target) + Int.random(in: 1...whole / 12, using: &random)
            let process = Process()
            process.executableURL = Programs.tributary
            process.arguments = ["replay", source.directory, target, "--config", workspace.configuration]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            while process.isRunning, try bytes(below: target) < written { usleep(1000) }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            if process.terminationReason == .uncaughtSignal {
                killed += 1
            } else {
                // The replay had ended before the kill. Its output is removed, so that the next replay has work to do and can be killed.
                try FileManager.default.removeItem(atPath: target)
            }
        }
        let outcome = try replay("--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("{\"records\":\(count),\"rejected\":0,"), "\(outcome.output)")
        #expect(killed == 6)
        #expect(try RecordedSpool.lines(target) == expected)
        #expect(try Programs.tributary(["spool", "verify", "--spool", target], in: workspace).status == 0)
    }

    /// The sum of the sizes of all files. A file that is removed while this function runs counts as empty.
    private func bytes(below directory: String) throws -> Int {
        let names = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
        return names.reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: directory + "/" + name)
            return sum
                + (attributes?[.type] as? FileAttributeType == .typeRegular ? attributes?[.size] as? Int ?? 0 : 0)
        }
    }

    @Test("a second replay adds only the events that the old spool has received since the first replay")
    func again() throws {
        try source.add(events(0..<300))
        #expect(try replay().status == 0)
        let nothing = try replay()
        #expect(nothing.status == 0)
        #expect(nothing.output.hasPrefix("300 records; "))
        try source.add(events(300..<450))
        let more = try replay()
        #expect(more.status == 0, "\(more.errors)")
        #expect(more.output.hasPrefix("450 records; "), "\(more.output)")
        #expect(try RecordedSpool.lines(target) == RecordedSpool.lines(source.directory))
    }

    @Test("a replay tries a rejected event again, and keeps it as rejected if it still can't become a record")
    func rejected() throws {
        try source.add(events(0..<10) + ["{\"uuid\":\"a\",\"uuid\":\"b\"}", "[]", "{\"x\":\"\u{7f}\\u00\"}"])
        let old = try RecordedSpool.lines(source.directory, kind: "rejected")
        #expect(old.count == 3)
        let outcome = try replay()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("10 records, 3 events that could not become records; "), "\(outcome.output)")
        #expect(try RecordedSpool.lines(target, kind: "rejected") == old)
    }

    @Test(
        "a replay ends with 65 at a record without raw_data and names its position; with --skip-without-raw-data it skips such records"
    )
    func withoutRawData() throws {
        try source.add(events(0..<20))
        var bare = source
        bare.settings.rawData = false
        try bare.add(events(20..<25))
        let refused = try replay()
        #expect(refused.status == 65)
        #expect(refused.errors.contains("ndjson.zst, line 1: the record has no raw_data"), "\(refused.errors)")
        #expect(refused.errors.contains("--skip-without-raw-data"))
        let outcome = try replay("--skip-without-raw-data")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("20 records, 5 records without raw_data left out; "), "\(outcome.output)")
        #expect(try uids(RecordedSpool.lines(target)) == (0..<20).map(RecordedSpool.uid).sorted())
    }

    @Test("a replay counts deleted segments; at a damaged segment it ends with 65 and names the segment")
    func missing() throws {
        try source.add(events(0..<200), perSegment: 100)
        let segments = try SpoolReader(directory: source.directory).segments().map(\.path)
        let first = source.directory + "/" + segments[0]
        let whole = try Data(contentsOf: URL(filePath: first))
        try whole.prefix(whole.count - 7).write(to: URL(filePath: first))
        let damaged = try replay()
        #expect(damaged.status == 65)
        #expect(damaged.errors.contains(segments[0]), "\(damaged.errors)")
        try FileManager.default.removeItem(atPath: first)
        let outcome = try replay()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("1 segment skipped because already deleted"), "\(outcome.output)")
        #expect(try RecordedSpool.lines(target) == RecordedSpool.lines(source.directory))
    }

    @Test("if the old spool or the new directory can't be used, replay says why and writes nothing")
    func refusals() throws {
        try source.add(events(0..<5))
        let other = workspace.path("other")
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        func expect(
            _ status: Int32, _ words: String, _ outcome: Programs.Outcome,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(outcome.status == status, "\(outcome.errors)", sourceLocation: sourceLocation)
            #expect(outcome.errors.contains(words), "\(outcome.errors)", sourceLocation: sourceLocation)
            #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        }
        expect(66, "no _spool.json", try replay(from: workspace.path("nowhere")))
        expect(66, "no _spool.json", try replay(from: other))
        expect(64, "is inside the other", try replay(to: source.directory))
        expect(64, "is inside the other", try replay(to: source.directory + "/new"))
        expect(64, "schema-version", try replay("--schema-version", "2.0.0"))
        try "mine".write(toFile: other + "/file", atomically: true, encoding: .utf8)
        expect(73, "but no replay", try replay(to: other))
        #expect(try FileManager.default.contentsOfDirectory(atPath: other) == ["file"])
        #expect(!FileManager.default.fileExists(atPath: target))
        #expect(try replay().status == 0)
        expect(73, "ocsf/1.8.0, not ocsf/1.5.0", try replay("--schema-version", "1.5.0"))
        let second = RecordedSpool(workspace, "second")
        try second.add(events(0..<5))
        expect(73, "another spool", try replay(from: second.directory))
        try configure("observables: false")
        expect(73, "other options", try replay())
        try configure("schema_version: 1.8")
        expect(78, "write one of 1.8.0, 1.5.0, 1.3.0", try replay())
    }

    @Test("a replay refuses a record whose raw_data is a different event")
    func foreignEvent() throws {
        try source.add(events(0..<3), perSegment: 3)
        let segment = try #require(try SpoolReader(directory: source.directory).segments().first)
        let path = source.directory + "/" + segment.path
        let lines = try RecordedSpool.lines(source.directory).filter { $0.contains("user.session.start") }
        let forged = lines.map {
            $0.replacing("{\"metadata\":{\"uid\":\"0000", with: "{\"metadata\":{\"uid\":\"1111") + "\n"
        }
        let plain = workspace.path("plain")
        try forged.joined().write(toFile: plain, atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: path)
        let zstd = Process()
        zstd.executableURL = URL(filePath: "/usr/bin/zstd")
        zstd.arguments = ["-q", plain, "-o", path]
        try zstd.run()
        zstd.waitUntilExit()
        let outcome = try replay()
        #expect(outcome.status == 65)
        #expect(outcome.errors.contains("contains another event"), "\(outcome.errors)")
    }
}

import Foundation
import Testing

@testable import Spool

/// A spool with numbered segments of one record each. A segment's number is its position in the manifest, and the second at which the segment is
/// sealed.
struct NumberedSpool {
    let collection: SimulatedCollection
    let writer: SpoolWriter
    let reader: SpoolReader
    let files: AcknowledgementFiles

    init(_ count: Int, retention: RetentionSetting = .never, expecting expected: [String] = []) throws {
        var collection = try SimulatedCollection()
        collection.settings.retention = retention
        collection.settings.expectedLoaders = expected
        self.collection = collection
        writer = try collection.open(ScriptedFileSystem())
        for number in 1...count {
            try SimulatedCollection.append(1, to: writer)
            try writer.commit(cursor: "\(number)", at: SimulatedCollection.instant(Int64(number)))
            try writer.seal(at: SimulatedCollection.instant(Int64(number)))
        }
        reader = try SpoolReader(directory: collection.settings.directory)
        files = AcknowledgementFiles(spool: collection.settings.directory)
        try FileManager.default.createDirectory(atPath: files.directory, withIntermediateDirectories: true)
    }

    /// The positions of the existing segments.
    func present() throws -> [Int64] {
        try reader.segments().filter { $0.state == .present }.compactMap { $0.segment?.sequence }
    }

    func acknowledge(_ loader: String, _ sequence: Int64) throws {
        try files.acknowledge(loader, through: sequence, at: SimulatedCollection.instant().wall)
    }

    /// Applies the retention `minute * 61` seconds after the start, because the spool applies it at most once a minute.
    func retain(atMinute minute: Int64) {
        writer.spool.applyRetention(SimulatedCollection.instant(minute * 61))
    }
}

@Suite("Acknowledging loaded segments")
struct AcknowledgementTests {
    @Test("a loader's position is stored, may be acknowledged again, and only moves forward")
    func monotonic() throws {
        let spool = try NumberedSpool(5)
        try spool.acknowledge("warehouse", 0)
        try spool.acknowledge("warehouse", 3)
        try spool.acknowledge("warehouse", 3)
        try spool.acknowledge("alerts", 5)
        #expect(try spool.files.all().map { "\($0.loader) \($0.sequence)" } == ["alerts 5", "warehouse 3"])
        #expect(throws: SpoolError.self) { try spool.acknowledge("warehouse", 2) }
        #expect(throws: SpoolError.self) { try spool.acknowledge("warehouse", 6) }
        #expect(throws: SpoolError.self) { try spool.acknowledge("warehouse", -1) }
        for name in ["", "Ware", "../x", "a/b", ".x", "a.json", String(repeating: "a", count: 65)] {
            #expect(throws: SpoolError.self, "\(name)") { try spool.acknowledge(name, 1) }
        }
        #expect(try spool.files.all().map(\.sequence) == [5, 3])
        try spool.files.remove("alerts")
        #expect(throws: SpoolError.self) { try spool.files.remove("alerts") }
        #expect(try spool.files.all().map(\.loader) == ["warehouse"])
    }

    @Test(
        "if a loader is killed or its disk fails during an acknowledgement, the earlier position or the new one is stored",
        arguments: [
            ScriptedFileSystem.Fault.crashBefore, .crashPartly, .crashAfter, .fail(EIO), .fail(ENOSPC), .failAfter(EIO),
        ])
    func crashes(_ fault: ScriptedFileSystem.Fault) throws {
        let spool = try NumberedSpool(3)
        var steps = 0
        while true {
            try spool.acknowledge("warehouse", 1)
            let step = steps + 1
            let failing = ScriptedFileSystem { number, _, _ in number == step ? fault : nil }
            let files = AcknowledgementFiles(spool: spool.collection.settings.directory, fileSystem: failing)
            do {
                try files.acknowledge("warehouse", through: 2, at: 0)
                break
            } catch {
                let kept = try spool.files.all()
                #expect(kept.count == 1 && [1, 2].contains(kept[0].sequence), "step \(step)")
            }
            steps += 1
            try spool.acknowledge("warehouse", 2)
            #expect(try spool.files.all().map(\.sequence) == [2], "step \(step)")
            try spool.files.remove("warehouse")
        }
        // Six steps: synchronize the manifest; create, write, synchronize and rename the file; synchronize its directory.
        #expect(steps == 6)
        #expect(try spool.files.all().map(\.sequence) == [2])
    }

    @Test("the manifest is durable before an acknowledgement refers to its lines, and before a loader sees them")
    func durableFirst() throws {
        let spool = try NumberedSpool(2)
        let watched = ScriptedFileSystem()
        try AcknowledgementFiles(spool: spool.collection.settings.directory, fileSystem: watched)
            .acknowledge("warehouse", through: 2, at: 0)
        let first = try #require(watched.log.first)
        #expect(first.0 == .synchronize && first.1.hasSuffix("/_manifest.ndjson"))
        let listing = ScriptedFileSystem()
        let reader = try SpoolReader(directory: spool.collection.settings.directory, fileSystem: listing)
        try reader.listed(after: 0) { (_) throws(SpoolError) in
            #expect(listing.log.contains { $0.0 == .synchronize && $0.1.hasSuffix("/_manifest.ndjson") })
            return true
        }
    }

    @Test("an acknowledgement is refused if the manifest has another segment at its position")
    func otherSegment() throws {
        let spool = try NumberedSpool(3)
        try spool.acknowledge("warehouse", 2)
        let path = "\(spool.files.directory)/warehouse.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let other = try #require(try spool.reader.segments().first).path
        let mine = try #require(try spool.reader.segments().dropFirst().first).path
        try text.replacing(mine, with: other).write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: SpoolError.self) { try spool.files.all() }
    }
}

@Suite("Retention and loaders")
struct RetentionTests {
    @Test("with the retention `acknowledged`, a segment is deleted as soon as all loaders have acknowledged it")
    func acknowledged() throws {
        let spool = try NumberedSpool(6, retention: .acknowledged)
        spool.retain(atMinute: 1)
        #expect(try spool.present() == [1, 2, 3, 4, 5, 6])
        #expect(spool.writer.spool.retentionReport.problem?.contains("no loader is registered") == true)
        try spool.acknowledge("warehouse", 5)
        try spool.acknowledge("alerts", 2)
        spool.retain(atMinute: 2)
        #expect(try spool.present() == [3, 4, 5, 6])
        try spool.acknowledge("alerts", 6)
        spool.retain(atMinute: 3)
        #expect(try spool.present() == [6])
        #expect(spool.writer.spool.retentionReport.problem == nil)
        // An hour later, retention reports the loader whose missing acknowledgement keeps a segment.
        spool.retain(atMinute: 62)
        #expect(spool.writer.spool.retentionReport.loaders == ["warehouse"])
        #expect(spool.writer.spool.retentionReport.waitingSegments == 1)
    }

    @Test(
        "no segment is deleted until a configured destination has acknowledged it, even if the destination has not registered yet"
    )
    func expected() throws {
        let spool = try NumberedSpool(4, retention: .acknowledged, expecting: ["lake"])
        try spool.acknowledge("warehouse", 4)
        spool.retain(atMinute: 1)
        #expect(try spool.present() == [1, 2, 3, 4])
        spool.retain(atMinute: 62)
        #expect(spool.writer.spool.retentionReport.loaders == ["lake"])
        try spool.acknowledge("lake", 3)
        spool.retain(atMinute: 63)
        #expect(try spool.present() == [4])
    }

    @Test(
        "with a retention period, a segment is deleted when the period is over and all loaders have acknowledged the segment"
    )
    func afterDuration() throws {
        let spool = try NumberedSpool(4, retention: .after(.seconds(58)))
        try spool.acknowledge("warehouse", 1)
        // At 61 s, segments 1 and 2 are older than 58 s.
        spool.retain(atMinute: 1)
        #expect(try spool.present() == [2, 3, 4])
        #expect(spool.writer.spool.retentionReport.waitingSegments == 1)
        #expect(spool.writer.spool.retentionReport.problem?.contains("warehouse") == true)
        spool.retain(atMinute: 2)
        #expect(try spool.present() == [2, 3, 4])
        try spool.files.remove("warehouse")
        spool.retain(atMinute: 3)
        #expect(try spool.present() == [])
    }

    @Test(
        "an unreadable acknowledgement prevents every deletion",
        arguments: [
            "", "{", "null",
            "{\"format\":1,\"loader\":\"other\",\"sequence\":3,\"path\":\"\",\"acknowledged_at\":\"\"}",
            "{\"format\":9,\"loader\":\"broken\",\"sequence\":3,\"path\":\"x\",\"acknowledged_at\":\"\"}",
            "{\"format\":1,\"loader\":\"broken\",\"sequence\":-3,\"path\":\"\",\"acknowledged_at\":\"\"}",
            "{\"format\":1,\"loader\":\"broken\",\"sequence\":3,\"path\":\"elsewhere\",\"acknowledged_at\":\"\"}",
            "{\"format\":1,\"loader\":\"broken\",\"sequence\":99,\"path\":\"x\",\"acknowledged_at\":\"\"}",
            String(repeating: " ", count: 5_000),
        ], [RetentionSetting.acknowledged, .after(.seconds(1))])
    func unreadable(_ text: String, _ setting: RetentionSetting) throws {
        let spool = try NumberedSpool(4, retention: setting)
        try spool.acknowledge("warehouse", 4)
        try text.write(toFile: "\(spool.files.directory)/broken.json", atomically: true, encoding: .utf8)
        spool.retain(atMinute: 1)
        #expect(try spool.present() == [1, 2, 3, 4])
        #expect(spool.writer.spool.retentionReport.problem?.contains("nothing is deleted") == true)
        #expect(throws: SpoolError.self) { try spool.reader.acknowledgements() }
        try spool.files.remove("broken")
        spool.retain(atMinute: 2)
        #expect(try spool.present() == [])
    }

    @Test("a FIFO or a directory among the acknowledgements neither blocks the daemon nor allows a deletion")
    func strangeEntries() throws {
        let spool = try NumberedSpool(2, retention: .acknowledged)
        try spool.acknowledge("warehouse", 2)
        #expect(mkfifo("\(spool.files.directory)/pipe.json", 0o600) == 0)
        spool.retain(atMinute: 1)
        #expect(try spool.present() == [1, 2])
        try FileManager.default.removeItem(atPath: "\(spool.files.directory)/pipe.json")
        #expect(mkdir("\(spool.files.directory)/dir.json", 0o700) == 0)
        spool.retain(atMinute: 2)
        #expect(try spool.present() == [1, 2])
    }

    @Test("a segment without a valid manifest line is not deleted")
    func onlyListed() throws {
        let spool = try NumberedSpool(3, retention: .after(.seconds(1)))
        let path = "\(spool.reader.directory)/_manifest.ndjson"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let damaged = lines[1].replacing("\"records\":1", with: "\"records\":2")
        try (lines[0] + "\n" + damaged + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try spool.reader.unlisted() == 2)
        spool.retain(atMinute: 1)
        #expect(try spool.reader.files().count == 2)
        #expect(try spool.reader.segments().filter { $0.state == .unlisted }.count == 2)
    }

    @Test(
        "a retention pass reads a limited number of manifest lines of deleted segments, and the next pass continues there"
    )
    func passes() throws {
        let spool = try NumberedSpool(6, retention: .after(.seconds(1)))
        for segment in try spool.reader.segments().prefix(4) {
            try FileManager.default.removeItem(atPath: "\(spool.reader.directory)/\(segment.path)")
        }
        let retention = Retention(fileSystem: PosixFileSystem(), directory: spool.reader.directory)
        let rule = DeletionRule(sealedBefore: .max)
        var place: Int64 = 0
        for deleted in [0, 0, 2] {
            let outcome = try retention.apply(rule, goneBefore: &place, goneLimit: 2, dryRun: false)
            #expect(outcome.deleted.count == deleted)
        }
    }

    @Test("retention may stop at a segment that is too young to be deleted, or too young to be reported as waiting")
    func young() throws {
        let spool = try NumberedSpool(6)
        let retention = Retention(fileSystem: PosixFileSystem(), directory: spool.reader.directory)
        let first = SimulatedCollection.instant(1).wall
        // The first segment is younger than the limit, but by less than `Retention.disorder`, so the pass reads on. The next one is younger by more,
        // so the pass stops.
        let rule = DeletionRule(sealedBefore: first + 1 - Retention.disorder, integration: "acme")
        var place: Int64 = 0
        #expect(try retention.apply(rule, goneBefore: &place, goneLimit: 9, dryRun: true).deleted.isEmpty)
        #expect(rule.keepsAll(after: 2, sealedAt: first + 1 - Retention.disorder))
        #expect(!rule.keepsAll(after: 2, sealedAt: first - Retention.disorder))
        #expect(!DeletionRule(acknowledgedThrough: 2, waitingSince: first).keepsAll(after: 2, sealedAt: first))
        #expect(DeletionRule(acknowledgedThrough: 2, waitingSince: first).keepsAll(after: 3, sealedAt: first))
    }

    @Test("a directory that is not a partition, such as lost+found, is not read")
    func others() throws {
        let spool = try NumberedSpool(2)
        let lost = "\(spool.reader.directory)/lost+found"
        try FileManager.default.createDirectory(atPath: lost, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: "\(lost)/#12"))
        let watched = ScriptedFileSystem()
        let walk = SpoolWalk(fileSystem: watched, directory: spool.reader.directory)
        var found = 0
        try walk.files { (_) throws(SpoolError) in found += 1 }
        #expect(found == 2)
        #expect(!watched.log.contains { $0.1.contains("lost+found") })
    }

    @Test("a deletion rule for one integration deletes no segment of another integration")
    func integration() throws {
        let spool = try NumberedSpool(2)
        var rule = DeletionRule(integration: "ac")
        #expect(try spool.reader.prune(rule, dryRun: false).deleted.isEmpty)
        rule.integration = "acme"
        #expect(try spool.reader.prune(rule, dryRun: true).deleted.count == 2)
        #expect(try spool.present() == [1, 2])
    }
}

@Suite("Resuming in a manifest")
struct ManifestScanTests {
    @Test("the lines after a position are found in a manifest of any length", arguments: [0, 1, 2, 3_000])
    func offsets(_ count: Int) throws {
        let root = try TemporaryDirectory()
        var text = ""
        var begins: [Int64: Int64] = [:]
        // Positions have gaps, lines have different lengths, and one line is damaged.
        for number in 0..<count {
            let sequence = Int64(number * 3 + 5)
            begins[sequence] = Int64(text.utf8.count)
            text += "{\"sequence\":\(sequence),\"path\":\"\(String(repeating: "p", count: number % 500))\",\"x\":1}\n"
            if number == count / 2 { text += "garbage\n" }
        }
        let length = Int64(text.utf8.count)
        text += "{\"sequence\":999999,\"path\":\"unfin"
        try text.write(toFile: "\(root.path)/_manifest.ndjson", atomically: true, encoding: .utf8)
        let scan = ManifestScan(PosixFileSystem(), directory: root.path)
        let last = Int64((count - 1) * 3 + 5)
        for after in stride(from: Int64(-1), through: last + 3, by: count > 100 ? 41 : 1) {
            let next = begins.keys.filter { $0 > after }.min()
            let offset = try scan.offset(after: after)
            var found: Int64?
            try scan.lines(from: offset) { (line, _) throws(SpoolError) in
                found = ManifestHead(line)?.sequence
                return found == nil
            }
            #expect(found == next, "after \(after)")
            if let next, count < 100 || after < 0 { #expect(offset <= begins[next] ?? length) }
        }
        #expect(try scan.bounds() == (count == 0 ? nil : 5...last))
        let missing = ManifestScan(PosixFileSystem(), directory: root.path + "/none")
        #expect(try missing.offset(after: 7) == 0)
        #expect(try missing.bounds() == nil)
    }
}

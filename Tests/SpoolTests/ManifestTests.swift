import Foundation
import Synchronization
import Testing

@testable import Spool

@Suite("The manifest")
struct ManifestTests {
    private func sealedManifest() throws -> (SimulatedCollection, String, [UInt8]) {
        let collection = try SimulatedCollection()
        try collection.collectAndSeal(ScriptedFileSystem())
        let path = collection.settings.directory + "/_manifest.ndjson"
        return (collection, path, Array(try Data(contentsOf: URL(filePath: path))))
    }

    @Test("each line of the manifest is JSON with the facts that a loader needs")
    func lines() throws {
        let (collection, _, bytes) = try sealedManifest()
        for (index, line) in bytes.split(separator: 10).enumerated() {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            #expect(object["sequence"] as? Int == index + 1)
            #expect(object["schema"] as? String == "test/1")
            #expect(object["format"] as? Int == 1)
            let path = try #require(object["path"] as? String)
            #expect(FileManager.default.fileExists(atPath: "\(collection.settings.directory)/\(path)"))
            #expect((object["kind"] as? String == "rejected") == path.hasPrefix("_rejected/"))
        }
    }

    @Test("bytes after the last complete line are cut off when the manifest is opened; complete lines stay")
    func tornTail() throws {
        let (collection, path, bytes) = try sealedManifest()
        for rubbish in [Array("{\"sequence\":9".utf8), [UInt8](repeating: 0, count: 500), Array("\0\0\n\0".utf8)] {
            try Data(bytes + rubbish).write(to: URL(filePath: path))
            _ = try collection.open(ScriptedFileSystem())
            #expect(Array(try Data(contentsOf: URL(filePath: path))) == bytes)
        }
    }

    @Test("if a crash damages the manifest lines of a seal, these lines are written again, and other lines stay")
    func damagedBatch() throws {
        let collection = try SimulatedCollection()
        // The process dies after it has written all lines and before it removes the old journal. A power cut may then keep any part of the lines.
        let dying = ScriptedFileSystem { _, operation, path in
            operation == .unlink && path.contains("journal-000000000002") ? .crashBefore : nil
        }
        try? collection.collectAndSeal(dying)
        #expect(dying.isDead)
        let path = collection.settings.directory + "/_manifest.ndjson"
        var bytes = Array(try Data(contentsOf: URL(filePath: path)))
        let lines = bytes.split(separator: 10)
        let first = try #require(lines.first { String(decoding: $0, as: UTF8.self).contains("\"seal\":\"acme/2\"") })
        for offset in first.indices { bytes[offset] = 0 }
        try Data(bytes).write(to: URL(filePath: path))
        try collection.collectAndSeal(ScriptedFileSystem())
        try collection.expectExactlyOnce("first line of the last seal zeroed")
    }

    /// What makes the manifest's lines fail after a reader may have seen them.
    enum ManifestFault: CaseIterable {
        case synchronize, synchronizeAndTruncate, write, twice
    }

    @Test(
        "if lines can't be made durable, no other segment gets their positions", arguments: ManifestFault.allCases)
    func positionsAfterAnError(_ fault: ManifestFault) throws {
        let collection = try SimulatedCollection()
        let fileSystem = ScriptedFileSystem()
        let spool = try collection.spool(fileSystem)
        let scratch = SpoolScratch()
        let now = SimulatedCollection.instant()
        let acme = try spool.writer(integration: "acme", scratch: scratch, now: now)
        let globex = try spool.writer(integration: "globex", scratch: scratch, now: now)
        for number in 0..<28 { try SimulatedCollection.append(number, to: number < 14 ? acme : globex) }
        for writer in [acme, globex] { try writer.commit(cursor: "1", at: now) }
        let path = collection.settings.directory + "/_manifest.ndjson"
        // The lines that a reader sees at each operation on the manifest, by position.
        let seen = Mutex<[Int64: Set<String>]>([:])
        let look: @Sendable () -> Void = {
            guard let bytes = try? Data(contentsOf: URL(filePath: path)) else { return }
            for line in bytes.split(separator: 10, omittingEmptySubsequences: false).dropLast() {
                guard let line = line.withUnsafeBytes({ ManifestLine($0) }) else { continue }
                seen.withLock { _ = $0[line.sequence, default: []].insert(line.path) }
            }
        }
        let failures = Mutex(0)
        fileSystem.script { _, operation, path in
            guard path.hasSuffix("_manifest.ndjson") else { return nil }
            look()
            let fails =
                switch fault {
                case .synchronize, .twice: operation == .synchronize
                case .synchronizeAndTruncate: operation == .synchronize || operation == .truncate
                case .write: operation == .write
                }
            let limit = fault == .twice ? 3 : fault == .synchronizeAndTruncate ? 2 : 1
            guard fails, failures.withLock({ $0 < limit }) else { return nil }
            failures.withLock { $0 += 1 }
            return .fail(EIO)
        }
        #expect(throws: SpoolError.self) { try acme.seal(at: now) }
        if fault == .twice { #expect(throws: SpoolError.self) { try globex.seal(at: now) } }
        try globex.seal(at: now)
        try acme.seal(at: now)
        look()
        let lines = seen.withLock(\.self)
        #expect(lines.values.allSatisfy { $0.count == 1 }, "a position belongs to one segment")
        #expect(lines.keys.sorted() == (1...Int64(lines.count)).map { $0 })
        #expect(Set(lines.values.flatMap(\.self)).count == lines.count, "a segment has one position")
        try collection.expectExactlyOnce("\(fault)")
    }

    @Test("a schema name may contain any character, because it is escaped in the line")
    func quoting() throws {
        var collection = try SimulatedCollection()
        collection.settings.recordSchema = "a\"b\\c\u{1}\né"
        try collection.collectAndSeal(ScriptedFileSystem())
        let reader = try SpoolReader(directory: collection.settings.directory)
        #expect(try reader.segments().allSatisfy { $0.segment?.schema == "a\"b\\c\u{1}\né" })
    }
}

@Suite("Decisions without files")
struct DecisionTests {
    @Test(
        "the spool's size is measured at the start, and near the limit once per interval; above the limit, commits are refused"
    )
    func gauge() {
        var gauge = UsageGauge(limit: 1_000, interval: 5_000)
        #expect(gauge.admit(1, now: 0) == .measure)
        gauge.measured(500, now: 0)
        #expect(gauge.admit(400, now: 1) == .admit)
        gauge.add(450)
        #expect(gauge.admit(60, now: 4_999) == .refuse(used: 950))
        #expect(gauge.admit(50, now: 4_999) == .admit)
        #expect(gauge.admit(60, now: 5_000) == .measure)
        gauge.measured(100, now: 5_000)
        #expect(gauge.admit(60, now: 5_000) == .admit)
    }

    @Test("a journal is recognized by its file name, and other file names are rejected")
    func journalNames() {
        for generation in [1, 42, 999_999_999_999, 1_000_000_000_000, UInt64.max] {
            #expect(Journal.generation(fileName: Journal.fileName(generation)) == generation)
        }
        for name in ["journal-", "journal-1", "journal-00000000000a", "journal.tmp", "journal-000000000001~"] {
            #expect(Journal.generation(fileName: name) == nil)
        }
    }
}

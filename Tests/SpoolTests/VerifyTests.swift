import Foundation
import Synchronization
import Testing

@testable import Spool

@Suite("Verifying a spool")
struct VerifyTests {
    private func sealed() throws -> (SimulatedCollection, SpoolReader, [SegmentListing]) {
        let collection = try SimulatedCollection()
        try collection.collectAndSeal(ScriptedFileSystem())
        let reader = try SpoolReader(directory: collection.settings.directory)
        return (collection, reader, try reader.segments())
    }

    private func kinds(_ reader: SpoolReader, _ options: VerifyOptions = SimulatedCollection.options) throws -> Set<
        SpoolProblem.Kind
    > {
        Set(try reader.verify(options).problems.map(\.kind))
    }

    @Test("verify finds a flipped bit anywhere in a segment, and names the segment")
    func flippedBit() throws {
        let (collection, reader, listings) = try sealed()
        defer { withExtendedLifetime(collection) {} }
        let victim = "\(reader.directory)/\(listings[0].path)"
        let bytes = try Data(contentsOf: URL(filePath: victim))
        for offset in bytes.indices {
            var damaged = bytes
            damaged[offset] ^= 4
            try damaged.write(to: URL(filePath: victim))
            let result = try reader.verify()
            #expect(
                result.problems.contains { $0.path == listings[0].path && ($0.kind == .digest || $0.kind == .damaged) })
        }
        try bytes.dropLast(1).write(to: URL(filePath: victim))
        #expect(try kinds(reader).contains(.damaged))
        try bytes.write(to: URL(filePath: victim))
        #expect(try kinds(reader) == [])
    }

    @Test("verify finds a segment that lacks its last line end, or has an additional line")
    func changedContents() throws {
        let collection = try SimulatedCollection(compression: .none)
        try collection.collectAndSeal(ScriptedFileSystem())
        let reader = try SpoolReader(directory: collection.settings.directory)
        let victim = "\(reader.directory)/\(try reader.segments()[0].path)"
        let bytes = try Data(contentsOf: URL(filePath: victim))
        try bytes.dropLast(1).write(to: URL(filePath: victim))
        #expect(try kinds(reader).isSuperset(of: [.unterminated, .records, .size, .digest, .uncompressedBytes]))
        try (bytes + Data("{\"uid\":999}\n".utf8)).write(to: URL(filePath: victim))
        #expect(try kinds(reader).isSuperset(of: [.records, .times]))
    }

    @Test("verify finds a missing, damaged or repeated manifest line; a deleted segment is not a problem")
    func manifestTrouble() throws {
        let (collection, reader, listings) = try sealed()
        defer { withExtendedLifetime(collection) {} }
        let path = "\(reader.directory)/_manifest.ndjson"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        func write(_ lines: [Substring]) throws {
            try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        var missing = lines
        missing.remove(at: 1)
        try write(missing)
        #expect(try kinds(reader) == [.sequenceGap, .unlisted])
        var garbled = lines
        garbled[1] = Substring(garbled[1].replacing("\"records\":", with: "\"records\":1"))
        try write(garbled)
        #expect(try kinds(reader) == [.damagedManifestLine, .unlisted])
        try write(lines + [lines[0]])
        #expect(try kinds(reader).contains(.listedTwice))
        try write(lines)
        try FileManager.default.removeItem(atPath: "\(reader.directory)/\(listings[2].path)")
        let result = try reader.verify(SimulatedCollection.options)
        #expect(result.isGood)
        #expect(result.gone == 1)
        #expect(result.checked == listings.count - 1)
    }

    @Test(
        "verify finds a record that is in two segments, even if it compares the fingerprints in several passes",
        arguments: [1_000, 7])
    func duplicates(_ limit: Int) throws {
        let collection = try SimulatedCollection()
        let writer = try collection.open(ScriptedFileSystem())
        for (cursor, number) in [1, 2, 3, 4, 5, 6, 8, 9, 10, 3].enumerated() {
            try SimulatedCollection.append(number, to: writer)
            try writer.commit(cursor: "\(cursor)", at: SimulatedCollection.instant())
            try writer.seal(at: SimulatedCollection.instant())
        }
        let reader = try SpoolReader(directory: collection.settings.directory)
        var options = SimulatedCollection.options
        options.fingerprintLimit = limit
        let result = try reader.verify(options)
        #expect(result.problems.map(\.kind) == [.duplicate])
        #expect(result.records == 10)
    }

    @Test("verify distinguishes unlisted segments from foreign files")
    func strangers() throws {
        let (collection, reader, listings) = try sealed()
        defer { withExtendedLifetime(collection) {} }
        let source = "\(reader.directory)/\(listings[0].path)"
        let directory = try #require(Path.parent(of: source))
        try FileManager.default.copyItem(atPath: source, toPath: "\(directory)/20261123T000000000Z-0.ndjson.zst")
        try Data().write(to: URL(filePath: "\(directory)/notes.txt"))
        try Data().write(to: URL(filePath: "\(directory)/.hidden"))
        let problems = try reader.verify().problems
        #expect(Set(problems.map(\.kind)) == [.unlisted, .foreign])
        #expect(problems.count == 2)
        #expect(try reader.segments().count { $0.state == .unlisted } == 1)
    }

    @Test("verify waits for a seal whose segments are visible, but not in the manifest yet")
    func seal() throws {
        let (collection, reader, _) = try sealed()
        defer { withExtendedLifetime(collection) {} }
        let path = "\(reader.directory)/_manifest.ndjson"
        let manifest = try Data(contentsOf: URL(filePath: path))
        let lastLine = try #require(manifest.dropLast().lastIndex(of: 0x0A)) + 1
        try manifest[..<lastLine].write(to: URL(filePath: path))
        let pauses = Mutex(0)
        var options = VerifyOptions()
        options.pause = {
            // The seal adds its line during the third pause.
            pauses.withLock {
                $0 += 1
                if $0 == 3 { try? manifest.write(to: URL(filePath: path)) }
            }
        }
        #expect(try kinds(reader, options) == [])
        #expect(pauses.withLock(\.self) == 3)

        try manifest[..<lastLine].write(to: URL(filePath: path))
        options.pause = { pauses.withLock { $0 += 1 } }
        #expect(try kinds(reader, options) == [.unlisted], "a segment that stays unlisted is a problem")
        #expect(pauses.withLock(\.self) == 12)
    }

    @Test("the progress of verify ends at the total")
    func progress() throws {
        let (collection, reader, listings) = try sealed()
        defer { withExtendedLifetime(collection) {} }
        var last: VerifyProgress?
        _ = try reader.verify { last = $0 }
        #expect(last?.segments == listings.count)
        #expect(last?.bytes == last?.totalBytes)
    }

    @Test("prune names the segments that it would delete, then deletes exactly those, oldest first")
    func prune() throws {
        let collection = try SimulatedCollection()
        let writer = try collection.open(ScriptedFileSystem())
        for (index, number) in [1, 2, 3].enumerated() {
            try SimulatedCollection.append(number, to: writer)
            try writer.commit(cursor: "\(index)", at: SimulatedCollection.instant())
            try writer.seal(at: SimulatedCollection.instant(Int64(100 - index * 10)))
        }
        let reader = try SpoolReader(directory: collection.settings.directory)
        let cutoff = SimulatedCollection.instant(95).wall
        let rule = DeletionRule(sealedBefore: cutoff)
        let planned = try reader.prune(rule, dryRun: true)
        #expect(planned.deleted.compactMap(\.sealedAt) == [80, 90].map { SimulatedCollection.instant($0).wall })
        #expect(try collection.visible().count == 3)
        #expect(try reader.prune(rule, dryRun: false) == planned)
        #expect(try collection.visible() == [1])
    }
}

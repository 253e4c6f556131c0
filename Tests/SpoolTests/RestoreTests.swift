import Foundation
import Synchronization
import Testing

@testable import Spool

@Suite("A restored state or spool")
struct RestoreTests {
    typealias Simulation = SimulatedCollection

    private static var facts: LineFacts {
        LineFacts(
            identity: { line, _ in number(line).map { identity($0) } },
            time: { line, _ in number(line).map { Simulation.time($0) } })
    }

    private static func number(_ line: UnsafeRawBufferPointer) -> Int? {
        Int(String(decoding: line, as: UTF8.self).dropFirst(7).prefix { $0.isNumber })
    }

    private static func identity(_ number: Int) -> RecordIdentity { RecordIdentity(high: UInt64(number), low: 7) }

    private func open(_ collection: Simulation, _ fileSystem: any FileSystem = ScriptedFileSystem()) throws
        -> SpoolWriter
    {
        let spool = try collection.spool(fileSystem)
        return try spool.writer(
            integration: "acme", scratch: SpoolScratch(), facts: Self.facts, now: Simulation.instant())
    }

    /// Collects the records after the cursor, and skips those that the writer has found in the spool.
    private func collect(_ collection: Simulation, _ writer: SpoolWriter, upTo end: Int? = nil) throws {
        while let next = Int(writer.cursor ?? "0"), next < end ?? collection.total {
            let upper = min(next + collection.batch, end ?? collection.total)
            for number in next..<upper where !writer.knows(Self.identity(number), in: .restored) {
                try Simulation.append(number, to: writer)
            }
            try writer.commit(cursor: String(upper), at: Simulation.instant(Int64(next)))
            try writer.sealIfDue(at: Simulation.instant(Int64(next)))
        }
    }

    private func finish(_ collection: Simulation, _ fileSystem: any FileSystem = ScriptedFileSystem()) throws {
        let writer = try open(collection, fileSystem)
        try collect(collection, writer)
        try writer.seal(at: Simulation.instant(1_000))
    }

    private func copy(_ directory: String) throws -> String {
        let copy = directory + "-copy"
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: directory, toPath: copy)
        return copy
    }

    private func restore(_ directory: String) throws {
        try? FileManager.default.removeItem(atPath: directory)
        try FileManager.default.copyItem(atPath: directory + "-copy", toPath: directory)
    }

    private func generations(_ collection: Simulation) throws -> [UInt64] {
        try FileManager.default.contentsOfDirectory(atPath: collection.settings.stateDirectory + "/integrations/acme")
            .compactMap { Journal.generation(fileName: $0) }
    }

    @Test("if an older state is used with a newer spool, each record is in one segment, once", arguments: Array(0...7))
    func olderState(_ batches: Int) throws {
        for later in (batches + 1)...8 {
            let collection = try Simulation()
            // A seal leaves records of `account_change` unsealed, and carries them over into the next generation.
            do {
                let writer = try open(collection)
                try collect(collection, writer, upTo: min(batches * 4, collection.total))
                _ = try copy(collection.settings.stateDirectory)
                try collect(collection, writer, upTo: min(later * 4, collection.total))
                if later == 8 { try writer.seal(at: Simulation.instant(900)) }
            }
            let sealed = try collection.visible().count
            try restore(collection.settings.stateDirectory)
            try finish(collection)
            try collection.expectExactlyOnce(
                "copied after \(batches) batches, restored after \(later), \(sealed) sealed")
        }
    }

    @Test(
        "after a state is restored, the start reports what it found, and uses a generation number that was never used")
    func report() throws {
        let collection = try Simulation()
        do {
            let writer = try open(collection)
            try collect(collection, writer, upTo: 8)
            _ = try copy(collection.settings.stateDirectory)
            try collect(collection, writer)
            try writer.seal(at: Simulation.instant(900))
        }
        var seen = Set(try generations(collection))
        for time in 1...3 {
            try restore(collection.settings.stateDirectory)
            do {
                let writer = try open(collection)
                let restored = try #require(writer.recovery.restored)
                #expect(restored.hadJournal && restored.isExact && restored.known > 0 && restored.segments > 0)
                #expect(!writer.recovery.stateIsMissing)
                #expect(seen.insert(writer.journal.header.generation).inserted)
                try collect(collection, writer)
                // After the first round nothing is left to seal. Nevertheless, each restored state must use a new generation number.
                try writer.seal(at: Simulation.instant(1_000))
                if time == 1 { try collection.expectExactlyOnce("restored once") }
            }
            // The next start finds nothing to restore.
            #expect(try open(collection).recovery.isClean)
        }
        try collection.expectExactlyOnce("restored three times")
    }

    @Test("records of segments that a loader has deleted can be collected again, and are counted")
    func deletedSegments() throws {
        let collection = try Simulation()
        do {
            let writer = try open(collection)
            _ = try copy(collection.settings.stateDirectory)
            try collect(collection, writer)
            try writer.seal(at: Simulation.instant(900))
        }
        let segments = try SpoolReader(directory: collection.settings.directory).segments()
        let deleted = try #require(segments.first?.segment)
        try FileManager.default.removeItem(atPath: collection.settings.directory + "/" + deleted.path)
        try restore(collection.settings.stateDirectory)
        let writer = try open(collection)
        let restored = try #require(writer.recovery.restored)
        #expect(restored.missingSegments == 1)
        #expect(restored.missingEvents == deleted.records)
        #expect(restored.known == collection.total - deleted.records)
        #expect(!restored.isExact)
        try collect(collection, writer)
        try writer.seal(at: Simulation.instant(1_000))
        #expect(try collection.visible().sorted() == Array(0..<collection.total))
    }

    @Test("if the state lacks very many records, only a limited number is remembered; the others are counted")
    func boundedMemory() throws {
        var collection = try Simulation()
        do {
            let writer = try open(collection)
            try collect(collection, writer)
            try writer.seal(at: Simulation.instant(900))
        }
        try FileManager.default.removeItem(atPath: collection.settings.stateDirectory)
        collection.settings.restoredIdentities = collection.total - 1
        let restored = try #require(try open(collection).recovery.restored)
        #expect(restored.known > 0 && restored.known < collection.total)
        #expect(restored.unreadEvents == collection.total - restored.known)
        #expect(!restored.isExact)
    }

    @Test("if the state directory is lost or emptied, records in the spool are not collected again")
    func lostState() throws {
        let collection = try Simulation()
        do {
            let writer = try open(collection)
            try collect(collection, writer)
            try writer.seal(at: Simulation.instant(900))
        }
        let before = try #require(try generations(collection).max())
        try FileManager.default.removeItem(atPath: collection.settings.stateDirectory)
        do {
            let writer = try open(collection)
            #expect(writer.recovery.stateIsMissing)
            #expect(writer.recovery.restored?.known == collection.total)
            #expect(writer.cursor == nil)
            #expect(writer.journal.header.generation > before)
        }
        try finish(collection)
        try collection.expectExactlyOnce("after a lost state")
    }

    @Test(
        "if the journal of an interrupted seal is lost, its visible segments are added to the manifest, and no record is sealed twice"
    )
    func visibleSegments() throws {
        let rehearsal = ScriptedFileSystem()
        try finish(try Simulation(), rehearsal)
        var listed = 0
        for crashAt in stride(from: 1, through: rehearsal.count, by: 2) {
            let collection = try Simulation()
            do {
                let writer = try open(collection)
                try collect(collection, writer, upTo: 4)
            }
            _ = try copy(collection.settings.stateDirectory)
            let dying = ScriptedFileSystem { count, _, _ in count == crashAt ? .crashAfter : nil }
            try? finish(collection, dying)
            try restore(collection.settings.stateDirectory)
            do { listed += try open(collection).recovery.restored?.newlyListed ?? 0 }
            try finish(collection)
            try collection.expectExactlyOnce("a crash at \(crashAt), then an older state")
        }
        #expect(listed > 0)
    }

    @Test(
        "if a state is copied during a seal and restored after the staged files are gone, each record is in one segment, once",
        arguments: 1...3)
    func sweptSeal(_ link: Int) throws {
        func prepared() throws -> Simulation {
            let collection = try Simulation()
            let links = Mutex(0)
            let dying = ScriptedFileSystem { _, operation, _ in
                guard operation == .link else { return nil }
                return links.withLock { count in
                    count += 1
                    return count == link ? .crashBefore : nil
                }
            }
            try? finish(collection, dying)
            _ = try copy(collection.settings.stateDirectory)
            try FileManager.default.removeItem(atPath: collection.settings.stateDirectory)
            return collection
        }
        func startWithoutState(_ collection: Simulation, _ fileSystem: ScriptedFileSystem) throws {
            try collect(collection, try open(collection, fileSystem), upTo: 8)
        }
        let rehearsal = ScriptedFileSystem()
        try startWithoutState(try prepared(), rehearsal)
        var givenUp = 0
        for crashAt in 1...rehearsal.count {
            let collection = try prepared()
            let dying = ScriptedFileSystem { count, _, _ in count == crashAt ? .crashAfter : nil }
            try? startWithoutState(collection, dying)
            try restore(collection.settings.stateDirectory)
            do {
                let writer = try open(collection)
                #expect(writer.recovery.segmentsGone == 0)
                if writer.recovery.restored?.isSealGivenUp == true { givenUp += 1 }
            }
            try finish(collection)
            try collection.expectExactlyOnce("link \(link), then a crash at \(crashAt): \(dying.log[crashAt - 1])")
        }
        #expect(givenUp > 0)
    }

    @Test(
        "if a state is restored and the process then dies at any operation, each record is in exactly one segment, once"
    )
    func crashes() throws {
        func prepared() throws -> Simulation {
            let collection = try Simulation()
            let writer = try open(collection)
            try collect(collection, writer, upTo: 12)
            _ = try copy(collection.settings.stateDirectory)
            try collect(collection, writer, upTo: 24)
            try restore(collection.settings.stateDirectory)
            return collection
        }
        let rehearsal = ScriptedFileSystem()
        try finish(try prepared(), rehearsal)
        for crashAt in 1...rehearsal.count {
            let collection = try prepared()
            let dying = ScriptedFileSystem { count, _, _ in count == crashAt ? .crashAfter : nil }
            try? finish(collection, dying)
            try finish(collection)
            try collection.expectExactlyOnce("a crash at \(crashAt): \(dying.log[crashAt - 1])")
        }
    }

    @Test("if the spool is older than the state, this is reported, and the lost positions are not used again")
    func olderSpool() throws {
        let collection = try Simulation()
        do {
            let writer = try open(collection)
            try collect(collection, writer, upTo: 8)
            try writer.seal(at: Simulation.instant(100))
            _ = try copy(collection.settings.directory)
            try collect(collection, writer, upTo: 16)
            try writer.seal(at: Simulation.instant(200))
        }
        let last = try #require(try ManifestScan(PosixFileSystem(), directory: collection.settings.directory).bounds())
        try restore(collection.settings.directory)
        let scan = ManifestScan(PosixFileSystem(), directory: collection.settings.directory)
        let kept = try #require(try scan.bounds())
        do {
            let writer = try open(collection)
            let older = try #require(writer.recovery.olderSpool)
            #expect(older.missingSegments == last.upperBound - kept.upperBound)
            #expect(older.lastSealed == Simulation.instant(100).wall)
            #expect(writer.recovery.restored == nil)
            #expect(writer.cursor == "16")
            try collect(collection, writer)
            try writer.seal(at: Simulation.instant(300))
        }
        let positions = try SpoolReader(directory: collection.settings.directory).segments()
            .compactMap(\.segment?.sequence)
        #expect(positions.contains(last.upperBound + 1))
        #expect(Set(positions).isDisjoint(with: (kept.upperBound + 1)...last.upperBound))
        let problems = try SpoolReader(directory: collection.settings.directory).verify(Simulation.options).problems
        #expect(problems.map(\.kind) == [.sequenceGap])
        #expect(problems.first?.detail.hasSuffix("\(last.upperBound - kept.upperBound) lines are missing") == true)
        #expect(try open(collection).recovery.isClean)
    }

    @Test("if a process closes and reopens a journal, the journal does not count as restored")
    func openedAgain() throws {
        let collection = try Simulation()
        let spool = try Spool(collection.settings, fileSystem: ScriptedFileSystem(), now: Simulation.instant())
        func open() throws -> SpoolWriter {
            try spool.writer(
                integration: "acme", scratch: SpoolScratch(), facts: Self.facts, now: Simulation.instant())
        }
        do {
            let writer = try open()
            try collect(collection, writer, upTo: 8)
            try writer.seal(at: Simulation.instant(100))
        }
        #expect(try open().recovery.isClean)
    }

    @Test("if the state exists but the spool directory is missing, the start is refused, and no directory is created")
    func missingSpool() throws {
        let collection = try Simulation()
        try finish(collection)
        try FileManager.default.removeItem(atPath: collection.settings.directory)
        let expected = SpoolError.spoolIsMissing(
            directory: collection.settings.directory, stateDirectory: collection.settings.stateDirectory,
            integrations: ["acme"])
        #expect(throws: expected) { try open(collection) }
        #expect(!FileManager.default.fileExists(atPath: collection.settings.directory))
    }

    @Test(
        "if the state or spool directory is deleted, or replaced by a copy, during use, no commit and no seal succeeds",
        arguments: [true, false], [true, false])
    func deletedWhileRunning(_ isState: Bool, _ isReplaced: Bool) throws {
        let collection = try Simulation()
        let writer = try open(collection)
        try collect(collection, writer, upTo: 4)
        let directory = isState ? collection.settings.stateDirectory : collection.settings.directory
        if isReplaced { _ = try copy(directory) }
        try FileManager.default.removeItem(atPath: directory)
        if isReplaced { try restore(directory) }
        let path = isState ? writer.journal.log.file.path : collection.settings.directory + "/_manifest.ndjson"
        let expected = SpoolError.deleted(path: path, holds: isState ? .state : .spool)
        try Simulation.append(4, to: writer)
        #expect(throws: expected) { try writer.commit(cursor: "5", at: Simulation.instant()) }
        #expect(writer.cursor == "4")
        #expect(throws: expected) { try writer.seal(at: Simulation.instant()) }
        #expect(throws: expected) { try writer.sealIfDue(at: Simulation.instant(100_000)) }
    }

    @Test("a position after the manifest's end is refused, and the message names the end")
    func positionAfterTheEnd() throws {
        let collection = try Simulation()
        try finish(collection)
        let reader = try SpoolReader(directory: collection.settings.directory)
        let last = try #require(try ManifestScan(PosixFileSystem(), directory: reader.directory).bounds()).upperBound
        try reader.listed(after: last) { (_) throws(SpoolError) in
            Issue.record("a line was read after the end of the manifest")
            return true
        }
        #expect {
            try reader.listed(after: last + 1) { (_) throws(SpoolError) in true }
        } throws: {
            if case SpoolError.refused(let words) = $0 { words.contains("ends with position \(last)") } else { false }
        }
    }

    @Test("the newest seal of each integration is found in the manifest")
    func seals() throws {
        let collection = try Simulation()
        try finish(collection)
        let spool = try Spool(collection.settings, fileSystem: ScriptedFileSystem(), now: Simulation.instant())
        let newest = try #require(try spool.manifest.newestSeal(of: "acme", after: .beginning))
        #expect(newest > 1)
        #expect(try spool.manifest.newestSeal(of: "other", after: .beginning) == nil)
        let plan = SealPlan(
            generation: 9, manifest: spool.manifest.end,
            segments: [PlannedSegment(path: "x", line: "\"path\":\"x\",\"seal\":\"other/9\"")])
        try spool.manifest.append(plan, skippingListed: false)
        #expect(try spool.manifest.newestSeal(of: "other", after: .beginning) == 9)
        #expect(try spool.manifest.newestSeal(of: "acme", after: .beginning) == newest)
    }
}

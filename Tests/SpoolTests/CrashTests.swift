import Foundation
import Glibc
import Testing

@testable import Spool

@Suite("Exactly once in spite of crashes")
struct CrashTests {
    /// Each run kills the process at a different operation. The next process continues with the contents of the disk.
    @Test(
        "after a crash at any operation, each record is in exactly one segment, once", arguments: Compression.allCases)
    func crashEverywhere(_ compression: Compression) throws {
        let rehearsal = ScriptedFileSystem()
        let whole = try SimulatedCollection(compression: compression)
        try whole.collectAndSeal(rehearsal)
        try whole.expectExactlyOnce("without a crash")
        #expect(rehearsal.count > 100)
        var tried = 0
        defer { print("\(tried) crashes tried with \(compression)") }
        // Runs with different compressions differ only in a few operations. So zstd is tested at every operation, and the others at every fifth.
        for crashAt in stride(from: 1, through: rehearsal.count, by: compression == .zstd ? 1 : 5) {
            for fault in [ScriptedFileSystem.Fault.crashBefore, .crashPartly, .crashAfter] {
                let collection = try SimulatedCollection(compression: compression)
                let dying = ScriptedFileSystem { count, operation, _ in
                    if case .crashPartly = fault, operation != .write { return nil }
                    return count == crashAt ? fault : nil
                }
                try? collection.collectAndSeal(dying)
                guard dying.isDead else { continue }
                tried += 1
                try collection.collectAndSeal(ScriptedFileSystem())
                try collection.expectExactlyOnce("\(fault) at \(crashAt): \(dying.log[crashAt - 1])")
            }
        }
        #expect(tried >= 2 * (rehearsal.count / (compression == .zstd ? 1 : 5)))
    }

    @Test(
        "after a crash, and another crash during the recovery, each record is in one segment, once",
        arguments: [3, 7, 11])
    func crashInRecovery(_ step: Int) throws {
        let rehearsal = ScriptedFileSystem()
        try SimulatedCollection().collectAndSeal(rehearsal)
        for first in stride(from: step, to: rehearsal.count, by: 11) {
            for second in stride(from: 1 + first % 4, through: 40, by: 4) {
                let collection = try SimulatedCollection()
                for crashAt in [first, second] {
                    let dying = ScriptedFileSystem { count, _, _ in count == crashAt ? .crashAfter : nil }
                    try? collection.collectAndSeal(dying)
                }
                try collection.collectAndSeal(ScriptedFileSystem())
                try collection.expectExactlyOnce("crashes at \(first), then \(second)")
            }
        }
    }

    /// After an error, the process discards the records in its memory and collects again from the durable cursor.
    @Test(
        "after an I/O error at any operation and a retry in the same process, each record is in one segment once",
        arguments: [(EIO, 1), (ENOSPC, 3)])
    func errorEverywhere(_ code: Int32, _ times: Int) throws {
        let rehearsal = ScriptedFileSystem()
        try SimulatedCollection().collectAndSeal(rehearsal)
        for failAt in 1...rehearsal.count {
            for takesEffect in [false, true] {
                let collection = try SimulatedCollection()
                let failing = ScriptedFileSystem { count, _, _ in
                    guard (failAt..<failAt + times).contains(count) else { return nil }
                    return takesEffect ? .failAfter(code) : .fail(code)
                }
                var writer: SpoolWriter?
                for _ in 0..<20 where writer == nil { writer = try? collection.open(failing) }
                let opened = try #require(writer)
                var failures = 0
                while failures < 20 {
                    do {
                        try collection.collect(opened)
                        try opened.seal(at: SimulatedCollection.instant(1_000))
                        break
                    } catch { failures += 1 }
                }
                #expect(failures <= times)
                // A failed call may have made a segment visible already. The next call finishes the work on that segment.
                try opened.seal(at: SimulatedCollection.instant(1_001))
                try collection.expectExactlyOnce(
                    "errno \(code) \(takesEffect ? "after" : "before") \(failAt): \(failing.log[failAt - 1])")
            }
        }
    }

    @Test("if a synchronization fails, the commit fails, and its bytes are cut off before anything else is written")
    func failedSynchronization() throws {
        let collection = try SimulatedCollection()
        let fileSystem = ScriptedFileSystem()
        let writer = try collection.open(fileSystem)
        try collection.collect(writer, upTo: 4)
        let durable = writer.unsealed.journalBytes
        fileSystem.script { _, operation, path in
            path.contains("journal-") && (operation == .synchronize || operation == .truncate) ? .fail(EIO) : nil
        }
        try SimulatedCollection.append(4, to: writer)
        #expect(throws: SpoolError.self) { try writer.commit(cursor: "5", at: SimulatedCollection.instant()) }
        #expect(writer.cursor == "4")
        #expect(writer.bufferedRecords == 0)
        // Truncating the journal to its last commit has failed, too. Until the truncation succeeds, nothing may be written.
        let before = fileSystem.log.count { $0.0 == .write }
        try SimulatedCollection.append(4, to: writer)
        #expect(throws: SpoolError.self) { try writer.commit(cursor: "5", at: SimulatedCollection.instant()) }
        #expect(throws: SpoolError.self) { try writer.seal(at: SimulatedCollection.instant()) }
        #expect(fileSystem.log.count { $0.0 == .write } == before)
        fileSystem.script { _, _, _ in nil }
        try writer.recover(at: SimulatedCollection.instant())
        #expect(writer.cursor == "4")
        #expect(writer.unsealed.journalBytes == durable)
        #expect(writer.recovery.cutReason == .unconfirmed)
        try collection.collect(writer)
        try writer.seal(at: SimulatedCollection.instant())
        try collection.expectExactlyOnce("after recover()")
    }

    @Test("a loader may delete a segment before its seal is finished")
    func loaderDeletesDuringSeal() throws {
        var collection = try SimulatedCollection()
        collection.settings.segmentMaxBytes = 1 << 20
        let dying = ScriptedFileSystem { _, operation, path in
            operation == .write && path.hasSuffix("_manifest.ndjson") ? .crashBefore : nil
        }
        try? collection.collectAndSeal(dying)
        #expect(dying.isDead)
        let reader = try SpoolReader(directory: collection.settings.directory)
        let victim = try #require(try reader.segments().first { $0.state == .unlisted })
        var loaded: [Int] = []
        try reader.lines(victim.path) { (line) throws(SpoolError) in
            loaded.append(Int(String(decoding: line, as: UTF8.self).dropFirst(7).prefix { $0.isNumber }) ?? -1)
        }
        #expect(unlink("\(collection.settings.directory)/\(victim.path)") == 0)
        let writer = try collection.open(PosixFileSystem())
        #expect(writer.recovery.segmentsGone == 1)
        #expect(writer.recovery.segmentsFinished > 1)
        #expect(writer.unsealed.records == 0)
        #expect((try collection.visible() + loaded).sorted() == Array(0..<collection.total))
        #expect(try reader.segments().count { $0.state == .gone } == 1)
    }

    @Test("if the staging directory is deleted while it is in use, the next seal makes it again")
    func stagingIsDeleted() throws {
        let collection = try SimulatedCollection()
        let writer = try collection.open(PosixFileSystem())
        try collection.collect(writer, upTo: 12)
        try FileManager.default.removeItem(atPath: collection.settings.directory + "/_staging")
        try collection.collect(writer)
        try writer.seal(at: SimulatedCollection.instant())
        try collection.expectExactlyOnce("after the staging directory was deleted")
    }

    @Test("if a power cut restores a removed journal, the journal is recognized as sealed")
    func journalReappears() throws {
        let collection = try SimulatedCollection()
        do {
            let writer = try collection.open(PosixFileSystem())
            try collection.collect(writer, upTo: 4)
            let journal = writer.journal.log.file.path
            let copy = try Data(contentsOf: URL(filePath: journal))
            try writer.seal(at: SimulatedCollection.instant())
            #expect(!FileManager.default.fileExists(atPath: journal))
            try copy.write(to: URL(filePath: journal))
        }
        try collection.collectAndSeal(PosixFileSystem())
        try collection.expectExactlyOnce("journal came back")
    }

    @Test("if a seal is decided, it is finished even if the old journal is damaged")
    func damagedOldJournal() throws {
        let collection = try SimulatedCollection()
        let dying = ScriptedFileSystem { _, operation, path in
            operation == .link && path.contains("integration=acme") ? .crashBefore : nil
        }
        try? collection.collectAndSeal(dying)
        let directory = collection.settings.stateDirectory + "/integrations/acme"
        let old = try #require(
            try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasPrefix("journal-") }.min())
        try Data("rubbish".utf8).write(to: URL(filePath: "\(directory)/\(old)"))
        try collection.collectAndSeal(PosixFileSystem())
        try collection.expectExactlyOnce("old journal damaged")
    }
}

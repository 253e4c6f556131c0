import Foundation
import Testing

@testable import Spool

@Suite("The journal")
struct JournalTests {
    private func journalPath(_ collection: SimulatedCollection) throws -> String {
        let directory = collection.settings.stateDirectory + "/integrations/acme"
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: directory).max())
        return "\(directory)/\(name)"
    }

    /// A closed spool with three commits and without seals.
    private func threeCommits() throws -> (SimulatedCollection, String, [UInt8]) {
        var collection = try SimulatedCollection()
        collection.settings.segmentMaxBytes = 1 << 20
        do {
            let writer = try collection.open(ScriptedFileSystem())
            try collection.collect(writer, upTo: 12)
        }
        let path = try journalPath(collection)
        return (collection, path, Array(try Data(contentsOf: URL(filePath: path))))
    }

    @Test("committed records and their cursor still exist after a restart")
    func commitAndReopen() throws {
        let (collection, _, _) = try threeCommits()
        let writer = try collection.open(ScriptedFileSystem())
        #expect(writer.cursor == "12")
        #expect(writer.recovery.recordsRecovered == 12)
        #expect(writer.recovery.isClean)
        #expect(try collection.visible() == [])
    }

    @Test("a commit without records keeps its cursor across a restart, even if the cursor is short")
    func shortFrames() throws {
        let collection = try SimulatedCollection()
        for number in 1...6 {
            let writer = try collection.open(ScriptedFileSystem())
            #expect(writer.recovery.isClean)
            #expect(writer.cursor == (number == 1 ? nil : "\(number - 1)"))
            try writer.commit(cursor: "\(number)", at: SimulatedCollection.instant())
        }
    }

    @Test(
        "if the journal is cut off at any byte, collection continues from the last whole commit and its cursor"
    )
    func tornAnywhere() throws {
        let (collection, path, bytes) = try threeCommits()
        let header = Int(bytes[12]) | Int(bytes[13]) << 8
        for length in stride(from: header, to: bytes.count, by: 37) {
            try Data(bytes[..<length]).write(to: URL(filePath: path))
            let writer = try collection.open(ScriptedFileSystem())
            let cursor = writer.cursor.flatMap { Int($0) } ?? 0
            #expect(cursor % 4 == 0 && cursor < 12)
            #expect(writer.recovery.recordsRecovered == cursor)
            #expect(writer.recovery.bytesCut == 0 || writer.recovery.cutReason == .torn)
            #expect(writer.unsealed.journalBytes + writer.recovery.bytesCut == Int64(length))
        }
        try Data(bytes.dropLast(3)).write(to: URL(filePath: path))
        try collection.collectAndSeal(ScriptedFileSystem())
        try collection.expectExactlyOnce("after a torn frame")
    }

    @Test("if a bit of a commit is flipped, this commit and all later ones are dropped; no commit is kept in part")
    func damagedAnywhere() throws {
        let (collection, path, bytes) = try threeCommits()
        let header = Int(bytes[12]) | Int(bytes[13]) << 8
        for offset in stride(from: header, to: bytes.count, by: 29) {
            var damaged = bytes
            damaged[offset] ^= 0x10
            try Data(damaged).write(to: URL(filePath: path))
            let writer = try collection.open(ScriptedFileSystem())
            let cursor = writer.cursor.flatMap { Int($0) } ?? 0
            #expect(cursor % 4 == 0 && cursor < 12)
            #expect(writer.recovery.recordsRecovered == cursor)
            #expect(writer.recovery.bytesCut > 0)
        }
        try collection.collectAndSeal(ScriptedFileSystem())
        try collection.expectExactlyOnce("after damage")
    }

    @Test(
        "a seal finds damage that occurs while the process runs, and recover() then goes back to the last whole commit")
    func damagedWhileRunning() throws {
        var collection = try SimulatedCollection()
        collection.settings.segmentMaxBytes = 1 << 20
        let writer = try collection.open(ScriptedFileSystem())
        try collection.collect(writer, upTo: 12)
        let handle = try FileHandle(forUpdating: URL(filePath: writer.journal.log.file.path))
        try handle.seek(toOffset: UInt64(writer.unsealed.journalBytes - 10))
        try handle.write(contentsOf: Data([0, 1, 2]))
        #expect(throws: SpoolError.self) { try writer.seal(at: SimulatedCollection.instant()) }
        #expect(try collection.visible() == [])
        try writer.recover(at: SimulatedCollection.instant())
        #expect(writer.cursor == "8")
        try collection.collect(writer)
        try writer.seal(at: SimulatedCollection.instant())
        try collection.expectExactlyOnce("after damage while running")
    }

    @Test(
        "a journal of a newer format, another spool or another integration, or with a damaged header, is refused and left unchanged"
    )
    func refusals() throws {
        let (collection, path, bytes) = try threeCommits()
        func expectRefusal(_ contents: [UInt8], _ matches: (SpoolError) -> Bool) throws {
            try Data(contents).write(to: URL(filePath: path))
            let error = try #require(throws: SpoolError.self) { try collection.open(ScriptedFileSystem()) }
            #expect(matches(error), "\(error)")
            #expect(Array(try Data(contentsOf: URL(filePath: path))) == contents)
        }
        func resealed(_ edit: (inout [UInt8]) -> Void) -> [UInt8] {
            var edited = bytes
            edit(&edited)
            let length = Int(bytes[12]) | Int(bytes[13]) << 8
            let crc = edited[..<(length - 4)].withUnsafeBytes { CRC32.of($0) }
            withUnsafeBytes(of: crc.littleEndian) { edited.replaceSubrange((length - 4)..<length, with: $0) }
            return edited
        }
        try expectRefusal(resealed { $0[8] = 4 }) {
            if case .newerFormat(_, 4, 3) = $0 { true } else { false }
        }
        try expectRefusal(resealed { $0[16] ^= 1 }) {
            if case .foreignSpool = $0 { true } else { false }
        }
        try expectRefusal(resealed { $0[72] = UInt8(ascii: "x") }) {
            if case .otherIntegration(_, "acme", _) = $0 { true } else { false }
        }
        for contents in [
            [], Array("rubbish".utf8), Array(bytes[..<20]),
            {
                var damaged = bytes; damaged[40] ^= 1; return damaged
            }(),
        ] {
            try expectRefusal(contents) {
                if case .damaged = $0 { true } else { false }
            }
        }
        try Data(bytes).write(to: URL(filePath: path))
        try collection.collectAndSeal(ScriptedFileSystem())
        try collection.expectExactlyOnce("with the journal put back")
    }

    @Test("one commit is one write and one synchronization, however many partitions it has")
    func commitCost() throws {
        let collection = try SimulatedCollection()
        let fileSystem = ScriptedFileSystem()
        let writer = try collection.open(fileSystem)
        for number in 0..<40 { try SimulatedCollection.append(number, to: writer) }
        let before = fileSystem.count
        try writer.commit(cursor: "40", at: SimulatedCollection.instant())
        #expect(fileSystem.log[before...].map(\.0) == [.write, .synchronize])
        try writer.commit(cursor: "40", at: SimulatedCollection.instant())
        #expect(fileSystem.count == before + 2)
    }

    @Test(
        "an invalid line, a partition name that can't be a directory, and a partition of an old generation are refused")
    func badInput() throws {
        let collection = try SimulatedCollection()
        let writer = try collection.open(ScriptedFileSystem())
        let partition = try writer.partition("class=a/date=2026-11-23")
        for text in ["", "a\nb", "\n"] {
            #expect(throws: SpoolError.self) {
                try Array(text.utf8).withUnsafeBytes { try writer.append($0, to: partition, time: 0) }
            }
        }
        for path in [
            "", "class", "class=a/../x=y", "class=", "=a", "class=a//date=b", "_x=a", "class=.a", "class=a b", "a=b=c",
        ] {
            #expect(throws: SpoolError.self, "\(path)") { try writer.partition(path) }
        }
        for name in ["", ".", "..", "a/b", "_a", "å"] {
            #expect(throws: SpoolError.self, "\(name)") {
                try writer.spool.writer(integration: name, scratch: SpoolScratch(), now: SimulatedCollection.instant())
            }
        }
        try Array("a".utf8).withUnsafeBytes { try writer.append($0, to: partition, time: 0) }
        #expect(throws: SpoolError.uncommittedRecords(1)) { try writer.seal(at: SimulatedCollection.instant()) }
        try writer.commit(cursor: "1", at: SimulatedCollection.instant())
        try writer.seal(at: SimulatedCollection.instant())
        #expect(throws: SpoolError.stalePartition) {
            try Array("a".utf8).withUnsafeBytes { try writer.append($0, to: partition, time: 0) }
        }
    }
}

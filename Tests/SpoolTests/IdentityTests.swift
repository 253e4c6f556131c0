import Foundation
import Glibc
import Testing

@testable import Spool

@Suite("Identities of records")
struct IdentityTests {
    typealias Simulation = SimulatedCollection

    private func window(_ number: UInt8) throws -> IdentityWindow { try #require(IdentityWindow(rawValue: number)) }

    private func commit(_ numbers: some Sequence<Int>, in window: IdentityWindow, mark: Int64?, _ writer: SpoolWriter)
        throws
    {
        for number in numbers { writer.remember(WindowModel.identity(number), in: window) }
        try writer.commit(cursor: writer.cursor ?? "0", mark: mark, at: Simulation.instant())
    }

    private func known(_ writer: SpoolWriter, below end: Int = 100) -> [Int] {
        (0..<end).filter { writer.knows(WindowModel.identity($0)) }
    }

    @Test("what is remembered is known at once, durable with the commit, and gone when that is discarded or fails")
    func rememberAndDiscard() throws {
        let collection = try Simulation()
        let fileSystem = ScriptedFileSystem()
        do {
            let writer = try collection.open(fileSystem)
            let window = try window(1)
            writer.remember(WindowModel.identity(1), in: window)
            #expect(known(writer) == [1])
            writer.discard()
            #expect(known(writer) == [])
            try commit([2, 3], in: window, mark: nil, writer)
            fileSystem.script { _, operation, _ in operation == .write ? .fail(ENOSPC) : nil }
            writer.forget(window)
            #expect(throws: SpoolError.self) { try commit([4], in: window, mark: nil, writer) }
            #expect(known(writer) == [2, 3])
            fileSystem.script { _, _, _ in nil }
            try writer.commit(cursor: "next", at: Simulation.instant())
            #expect(known(writer) == [2, 3])
        }
        #expect(known(try collection.open(fileSystem)) == [2, 3])
    }

    @Test("a commit that only forgets is a commit; other windows stay, and what the commit adds is kept")
    func forget() throws {
        let collection = try Simulation()
        do {
            let writer = try collection.open(ScriptedFileSystem())
            try commit(0..<5, in: window(0), mark: nil, writer)
            try commit(3..<8, in: window(1), mark: nil, writer)
            let before = writer.unsealed.journalBytes
            writer.forget(try window(0))
            #expect(known(writer) == Array(0..<8))
            try commit([], in: window(0), mark: nil, writer)
            #expect(writer.unsealed.journalBytes > before)
            #expect(known(writer) == Array(3..<8))
            writer.remember(WindowModel.identity(9), in: try window(1))
            writer.forget(try window(1))
            try commit([], in: window(0), mark: nil, writer)
            #expect(known(writer) == [9])
        }
        #expect(known(try collection.open(ScriptedFileSystem())) == [9])
    }

    @Test("a window keeps the newest, in whole commits, and tells from which mark on it is complete")
    func boundByCount() throws {
        let collection = try Simulation()
        let window = try window(2)
        do {
            let writer = try collection.open(ScriptedFileSystem())
            writer.bound(window, count: 6, span: nil)
            try commit(0..<4, in: window, mark: 10, writer)
            try commit(4..<8, in: window, mark: 20, writer)
            #expect(known(writer) == Array(0..<8))
            #expect(writer.rememberedSince(window) == nil)
            try commit(8..<10, in: window, mark: 30, writer)
            #expect(known(writer) == Array(4..<10))
            #expect(writer.rememberedSince(window) == 11)
        }
        let writer = try collection.open(ScriptedFileSystem())
        #expect(known(writer) == Array(4..<10))
        #expect(writer.rememberedSince(window) == 11)
        writer.bound(window, count: 2, span: nil)
        #expect(known(writer) == [8, 9])
        #expect(writer.rememberedSince(window) == 21)
        writer.forget(window)
        try commit([], in: window, mark: nil, writer)
        #expect(writer.rememberedSince(window) == nil)
    }

    @Test("a window keeps the marks within its span; a mark that falls counts as the newest, whatever its value")
    func boundBySpan() throws {
        let collection = try Simulation()
        let window = try window(2)
        let writer = try collection.open(ScriptedFileSystem())
        writer.bound(window, count: 100, span: 10)
        try commit([0], in: window, mark: 100, writer)
        try commit([1], in: window, mark: 110, writer)
        #expect(known(writer) == [0, 1])
        try commit([2], in: window, mark: 50, writer)
        #expect(known(writer) == [0, 1, 2])
        try commit([3], in: window, mark: 111, writer)
        #expect(known(writer) == [1, 2, 3])
        #expect(writer.rememberedSince(window) == nil)
        try commit([4], in: window, mark: nil, writer)
        #expect(known(writer) == [1, 2, 3, 4])
        try commit([5], in: window, mark: .max, writer)
        #expect(known(writer) == [5])
        try commit([6], in: window, mark: .min, writer)
        #expect(known(writer) == [5, 6])
    }

    @Test("an identity that is in two windows, or came twice, is known until its last place is dropped")
    func severalPlaces() throws {
        let collection = try Simulation()
        let (first, second) = (try window(0), try window(1))
        let writer = try collection.open(ScriptedFileSystem())
        writer.bound(first, count: 2, span: nil)
        try commit([1, 1], in: first, mark: nil, writer)
        try commit([1], in: second, mark: nil, writer)
        try commit([2, 1], in: first, mark: nil, writer)
        #expect(writer.identityCounts == [first: 2, second: 1])
        try commit([3, 4], in: first, mark: nil, writer)
        #expect(known(writer) == [1, 3, 4])
        writer.forget(second)
        try commit([], in: first, mark: nil, writer)
        #expect(known(writer) == [3, 4])
    }

    @Test(
        "a seal carries all windows over, with bounds, marks and what was dropped, and does not seal again for their size"
    )
    func carriedOverSeals() throws {
        let collection = try Simulation()
        let window = try window(5)
        for round in 0..<4 {
            let writer = try collection.open(ScriptedFileSystem())
            writer.bound(window, count: 400, span: nil)
            try Simulation.append(round, to: writer)
            try commit(round * 300..<(round + 1) * 300, in: window, mark: Int64(round), writer)
            #expect(try writer.seal(at: Simulation.instant()).count == 1)
            #expect(try writer.sealIfDue(at: Simulation.instant()).isEmpty)
            let generation = writer.journal.header.generation
            try writer.seal(at: Simulation.instant())
            #expect(writer.journal.header.generation == generation)
            #expect(known(writer, below: 1_200) == Array(max(0, round - 1) * 300..<(round + 1) * 300))
        }
        #expect(try collection.open(ScriptedFileSystem()).rememberedSince(window) == 2)
    }

    @Test("recover() goes back with the cursor, within the bounds that were set since")
    func recover() throws {
        let collection = try Simulation()
        let writer = try collection.open(ScriptedFileSystem())
        let window = try window(0)
        try commit(0..<4, in: window, mark: 1, writer)
        try commit(4..<8, in: window, mark: 2, writer)
        let handle = try FileHandle(forUpdating: URL(filePath: writer.journal.log.file.path))
        try handle.seek(toOffset: UInt64(writer.unsealed.journalBytes - 10))
        try handle.write(contentsOf: Data([0, 1, 2]))
        writer.remember(WindowModel.identity(50), in: window)
        try writer.recover(at: Simulation.instant())
        #expect(known(writer) == Array(0..<4))
        writer.bound(window, count: 0, span: nil)
        try writer.recover(at: Simulation.instant())
        #expect(known(writer) == [])
    }

    @Test("more identities in a commit than it may hold are refused before anything is written")
    func tooMany() throws {
        let collection = try Simulation()
        let writer = try collection.open(ScriptedFileSystem())
        let before = writer.unsealed.journalBytes
        #expect(throws: SpoolError.tooMuch(what: "identities in a commit", limit: 65_536)) {
            try commit(0...65_536, in: window(0), mark: nil, writer)
        }
        #expect(writer.unsealed.journalBytes == before)
        try commit(0..<65_536, in: window(0), mark: nil, writer)
        #expect(writer.identityCounts == [try window(0): 65_536])
    }

    @Test("a queue finds what is in it and nothing else, through growth, wrapping and shrinking", arguments: 1...3)
    func queue(_ seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        var queue = IdentityQueue()
        var expected: [RecordIdentity] = []
        for _ in 0..<400 {
            // Few different ones, so that many are there twice and share places of the index.
            let limit = Int.random(in: 1...300, using: &generator)
            for _ in 0..<Int.random(in: 0...60, using: &generator) {
                let identity = WindowModel.identity(Int.random(in: 0..<limit, using: &generator))
                queue.append(identity)
                expected.append(identity)
            }
            let dropped = Int.random(in: 0...min(70, expected.count), using: &generator)
            queue.removeFirst(dropped)
            expected.removeFirst(dropped)
            let known = Set(expected)
            for number in 0..<300 {
                let identity = WindowModel.identity(number)
                if queue.contains(identity) != known.contains(identity) { Issue.record("seed \(seed): \(number)") }
            }
            var listed: [RecordIdentity] = []
            queue.forEach { listed.append($0) }
            #expect(listed == expected, "seed \(seed)")
        }
    }

    /// Written by the first version: a generation after a seal, with one commit of the records 4 to 7.
    static let journalOfVersion1 = """
        VFJJQkpOTAoBAAAAdQIAAAABAgMEBQYHCAkKCwwNDg8CAAAAAAAAAIhXaweiAQAAAQEEAGFjbWUBAAAANAEAAAAAAAAAAAEAAABlAGlu
        dGVncmF0aW9uPWFjbWUvY2xhc3M9YXV0aGVudGljYXRpb24vZGF0ZT0yMDI2LTExLTIwLzIwMjYxMTIzVDA4MDAwNTAwMFotMDc4NDYy
        MGYyOTA1ZGIwNi5uZGpzb24uenN0vAEAACJwYXRoIjoiaW50ZWdyYXRpb249YWNtZS9jbGFzcz1hdXRoZW50aWNhdGlvbi9kYXRlPTIw
        MjYtMTEtMjAvMjAyNjExMjNUMDgwMDA1MDAwWi0wNzg0NjIwZjI5MDVkYjA2Lm5kanNvbi56c3QiLCJpbnRlZ3JhdGlvbiI6ImFjbWUi
        LCJwYXJ0aXRpb24iOnsiY2xhc3MiOiJhdXRoZW50aWNhdGlvbiIsImRhdGUiOiIyMDI2LTExLTIwIn0sImtpbmQiOiJyZWNvcmRzIiwi
        cmVjb3JkcyI6NCwiYnl0ZXMiOjYzLCJ1bmNvbXByZXNzZWRfYnl0ZXMiOjMyNiwic2hhMjU2IjoiZWU3OGU4ZWI5NTUyYTNmMGNiNGQw
        YjM0ZTU0Yzc0NTMzN2ExNDI2MmE3NjUwNjliYjc1NjFiMDc4YzUzMjY0ZiIsImZpcnN0X3RpbWUiOjAsImxhc3RfdGltZSI6Mywic2Vh
        bGVkX2F0IjoiMjAyNi0xMS0yM1QwODowMDowNS4wMDBaIiwic2NoZW1hIjoidGVzdC8xIiwiZm9ybWF0IjoxLCJzZWFsIjoiYWNtZS8x
        Ill04ugBAAAA7AAAAE8BAAAAAAAAuaxqJ3BbaweiAQAAAQAAADgDAAAAAAAkAGNsYXNzPWF1dGhlbnRpY2F0aW9uL2RhdGU9MjAyNi0x
        MS0yMAEAAAAEAAAAAAAAAAQAAAAAAAAAVAAAAAAAAABUAAAAAAAAAIxtWaQAACQAY2xhc3M9YWNjb3VudF9jaGFuZ2UvZGF0ZT0yMDI2
        LTExLTIwAgAAAAUAAAAAAAAABgAAAAAAAACrAAAAAAAAAKsAAAAAAAAAWK01rwEADwBkYXRlPTIwMjYtMTEtMjMBAAAABwAAAAAAAAAH
        AAAAAAAAAFAAAAAAAAAAUAAAAAAAAACU1lCleyJ1aWQiOjQsInRleHQiOiJ4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4
        eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4In0KeyJ1aWQiOjUsInRleHQiOiJ4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4
        eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eCJ9CnsidWlkIjo2LCJ0ZXh0IjoieHh4eHh4eHh4eHh4eHh4eHh4eHh4
        eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4In0KeyJ1aWQiOjcsInRleHQiOiJ4eHh4eHh4eHh4eHh4
        eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHgifQo=
        """

    @Test("a journal of version 1 is opened, sealed before the first commit behind it, and goes on as version 2")
    func version1() throws {
        var collection = try Simulation()
        collection.settings.segmentMaxBytes = 1 << 20
        let journal = try #require(Data(base64Encoded: Self.journalOfVersion1, options: .ignoreUnknownCharacters))
        let state = collection.settings.stateDirectory + "/integrations/acme"
        for directory in [state, collection.settings.directory] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        let identity = """
            {"format":1,"id":"000102030405060708090a0b0c0d0e0f","created":"2026-11-23T08:00:00.000Z"}
            """
        try Data(identity.utf8).write(to: URL(filePath: collection.settings.directory + "/_spool.json"))
        try journal.write(to: URL(filePath: state + "/journal-000000000002"))
        do {
            let writer = try collection.open(ScriptedFileSystem())
            #expect(writer.cursor == "8")
            #expect(writer.recovery.recordsRecovered == 4)
            #expect(writer.recovery.isClean)
            #expect(try writer.sealIfDue(at: Simulation.instant(6)).isEmpty)
            #expect(try collection.visible() == [])
            for number in 8..<12 { try Simulation.append(number, to: writer) }
            writer.remember(WindowModel.identity(11), in: try window(0))
            try writer.commit(cursor: "12", at: Simulation.instant(7))
            // What version 1 wrote is sealed by then.
            #expect(writer.journal.header.version == 2)
            #expect(try collection.visible().sorted() == [4, 5, 6, 7])
        }
        let writer = try collection.open(ScriptedFileSystem())
        #expect(writer.cursor == "12")
        #expect(known(writer) == [11])
        try writer.seal(at: Simulation.instant(8))
        #expect(try collection.visible().sorted() == Array(4..<12))
    }
}

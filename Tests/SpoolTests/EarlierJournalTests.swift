import Foundation
import Testing

@testable import Spool

@Suite("Journals of earlier versions")
struct EarlierJournalTests {
    typealias Simulation = SimulatedCollection

    /// A journal that version 1 wrote after a seal. It contains one commit with the records 4 to 7.
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

    /// A collection whose state directory contains this journal.
    private func collection(_ journal: Data, generation: String) throws -> Simulation {
        var collection = try Simulation()
        collection.settings.segmentMaxBytes = 1 << 20
        let state = collection.settings.stateDirectory + "/integrations/acme"
        for directory in [state, collection.settings.directory] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        let identity = """
            {"format":1,"id":"000102030405060708090a0b0c0d0e0f","created":"2026-11-23T08:00:00.000Z"}
            """
        try Data(identity.utf8).write(to: URL(filePath: collection.settings.directory + "/_spool.json"))
        try journal.write(to: URL(filePath: state + "/journal-\(generation)"))
        return collection
    }

    private func window(_ number: UInt8) throws -> IdentityWindow { try #require(IdentityWindow(rawValue: number)) }

    private func list(_ writer: SpoolWriter, _ number: UInt8) throws -> [Int] {
        writer.identityList(try window(number)).map { Int($0.high) }
    }

    /// Commits the records 8 to 11. The journal contains the records 4 to 7.
    private func commitNext(_ writer: SpoolWriter) throws {
        for number in 8..<12 { try Simulation.append(number, to: writer) }
        writer.remember(WindowModel.identity(11), in: try window(0))
        try writer.commit(
            cursor: "12", times: IdentityTimes(earliest: 70, latest: 80), at: Simulation.instant(7))
    }

    @Test("a journal of version 1 is opened, sealed before the next commit, and continues as version 3")
    func version1() throws {
        let journal = try #require(Data(base64Encoded: Self.journalOfVersion1, options: .ignoreUnknownCharacters))
        let collection = try collection(journal, generation: "000000000002")
        do {
            let writer = try collection.open(ScriptedFileSystem())
            #expect(writer.cursor == "8")
            #expect(writer.recovery.recordsRecovered == 4)
            #expect(writer.recovery.isClean)
            #expect(writer.identityCounts == [:])
            #expect(try writer.sealIfDue(at: Simulation.instant(6)).isEmpty)
            #expect(try collection.visible() == [])
            try commitNext(writer)
            // Before the commit, the writer has sealed the records of version 1.
            #expect(writer.journal.header.version == 3)
            #expect(try collection.visible().sorted() == [4, 5, 6, 7])
        }
        let writer = try collection.open(ScriptedFileSystem())
        #expect(writer.cursor == "12")
        #expect(try list(writer, 0) == [11])
        try writer.seal(at: Simulation.instant(8))
        #expect(try collection.visible().sorted() == Array(4..<12))
    }

    /// A journal of version 2, built byte by byte from the description of the format.
    ///
    /// Its header has two windows. Window 0 contains [1] and [2, 3], and the latest time of its dropped identities is 5. Window 1 contains [40].
    /// Two commits with the records 4 to 7 follow. The first adds [4] to window 0. The second replaces the contents of window 1 with [41], and adds
    /// [50] to window 2.
    private func journalOfVersion2(isCarrying: Bool) -> Data {
        var carried: [UInt8] = []
        var header = Bytes(Array("TRIBJNL\n".utf8))
        header.add(UInt32(2))
        header.add(UInt32(0))
        header.bytes += Array(0..<16)
        header.add(UInt64(1))
        header.add(Int64(1_795_420_800_000))
        // The compression is zstd, and there is a cursor. The chunks below are stored uncompressed because they are small.
        header.bytes += [1, 1]
        header.add(text16: "acme")
        header.add(text32: "4")
        header.bytes += [0]
        let lengthOfCarried = isCarrying ? frame(type: 2, cursor: "4", records: [4, 5], [], 0, 0).count : 0
        header.add(Int64(lengthOfCarried))
        header.bytes += [2]
        // The first window: its number, its bound (identities and milliseconds), and the latest time of its dropped identities.
        header.bytes += [0]
        header.add(UInt32(32_768))
        header.bytes += [1]
        header.add(Int64(1_200_000))
        header.bytes += [1]
        header.add(Int64(5))
        header.add(UInt32(2))
        for (mark, count) in [(10, 1), (20, 2)] {
            header.add(Int64(mark))
            header.add(UInt32(count))
        }
        for number in 1...3 { header.add(identity: number) }
        header.bytes += [1]
        header.add(UInt32(0x1000))
        header.bytes += [0]
        header.add(Int64(0))
        header.bytes += [0]
        header.add(Int64(0))
        header.add(UInt32(1))
        header.add(Int64(15))
        header.add(UInt32(1))
        header.add(identity: 40)
        header.setLength(header.bytes.count + 4)
        let crc = header.crc()
        header.add(crc)
        if isCarrying {
            carried = frame(type: 2, cursor: "4", records: [4, 5], [], header.bytes.count, crc)
            header.bytes += carried
        }
        let rest = isCarrying ? [6, 7] : [4, 5, 6, 7]
        header.bytes += frame(
            cursor: "6", records: [rest[0]], [(0, false, 30, [4])], header.bytes.count, crc)
        header.bytes += frame(
            cursor: "8", records: Array(rest.dropFirst()), [(1, true, 35, [41]), (2, false, 35, [50])],
            header.bytes.count, crc)
        return Data(header.bytes)
    }

    private typealias Update = (window: UInt8, empties: Bool, mark: Int64, numbers: [Int])

    private func frame(
        type: UInt32 = 1, cursor: String, records: [Int], _ updates: [Update], _ offset: Int, _ headerChecksum: UInt32
    ) -> [UInt8] {
        let lines = records.map { Array((Simulation.record($0) + "\n").utf8) }
        var description = Bytes([])
        description.add(Int64(1_795_420_801_000))
        description.add(text32: cursor)
        description.add(UInt32(lines.count))
        for (number, line) in zip(records, lines) {
            let (partition, kind) = Simulation.partition(number)
            description.bytes += [kind.rawValue, 0]
            description.add(text16: partition)
            description.add(UInt32(1))
            description.add(Simulation.time(number))
            description.add(Simulation.time(number))
            description.add(UInt64(line.count))
            description.add(UInt64(line.count))
            description.add(Bytes(line).crc())
        }
        description.bytes += [UInt8(updates.count)]
        for update in updates {
            description.bytes += [update.window, update.empties ? 1 : 0]
            description.add(UInt32(32_768))
            description.bytes += [1]
            description.add(Int64(1_200_000))
            description.add(update.mark)
            description.add(UInt32(update.numbers.count))
            for number in update.numbers { description.add(identity: number) }
        }
        let chunks = lines.flatMap(\.self)
        var checked = Bytes([])
        checked.add(Int64(offset))
        checked.add(type)
        checked.add(UInt32(description.bytes.count))
        checked.add(UInt64(chunks.count))
        checked.bytes += description.bytes
        var frame = Bytes([])
        frame.add(type)
        frame.add(UInt32(description.bytes.count))
        frame.add(UInt64(chunks.count))
        frame.add(checked.crc(continuing: headerChecksum))
        return frame.bytes + description.bytes + chunks
    }

    @Test(
        "a journal of version 2 is opened with its windows, sealed before the next commit, and continues as version 3",
        arguments: [false, true])
    func version2(isCarrying: Bool) throws {
        let collection = try collection(journalOfVersion2(isCarrying: isCarrying), generation: "000000000001")
        let (first, second, third) = (try window(0), try window(1), try window(2))
        do {
            let writer = try collection.open(ScriptedFileSystem())
            #expect(writer.cursor == "8")
            #expect(writer.recovery.recordsRecovered == 4)
            #expect(writer.recovery.isClean)
            #expect(writer.journal.header.version == 2)
            #expect(try (0..<3).map { try list(writer, $0) } == [[1, 2, 3, 4], [41], [50]])
            // Version 2 stores only one time per commit. The writer uses this time as the earliest and as the latest time.
            #expect(writer.droppedLatest(first) == 5)
            #expect(writer.droppedLatest(second) == nil)
            #expect((0..<4).map { writer.earliest(first, depths: $0..<$0 + 1) } == [30, 20, 20, 10])
            #expect(try writer.sealIfDue(at: Simulation.instant(6)).isEmpty)
            #expect(try collection.visible() == [])
            writer.bound(first, count: 3)
            #expect(try list(writer, 0) == [2, 3, 4])
            #expect(writer.droppedLatest(first) == 10)
            writer.move(second, to: third)
            try commitNext(writer)
            #expect(writer.journal.header.version == 3)
            #expect(try collection.visible().sorted() == [4, 5, 6, 7])
        }
        let writer = try collection.open(ScriptedFileSystem())
        #expect(writer.journal.header.version == 3)
        #expect(writer.cursor == "12")
        #expect(try (0..<3).map { try list(writer, $0) } == [[2, 3, 4, 11], [], [50, 41]])
        #expect(writer.droppedLatest(first) == 10)
        #expect(writer.earliest(first, depths: 0..<1) == 70)
        #expect(writer.earliest(third, depths: 0..<1) == 35)
        try writer.seal(at: Simulation.instant(8))
        #expect(try collection.visible().sorted() == Array(4..<12))
    }
}

/// Bytes in the journal's format. Numbers are little-endian.
private struct Bytes {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func add(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) }
    }

    mutating func add(text16 text: String) {
        add(UInt16(text.utf8.count))
        bytes += Array(text.utf8)
    }

    mutating func add(text32 text: String) {
        add(UInt32(text.utf8.count))
        bytes += Array(text.utf8)
    }

    mutating func add(identity number: Int) {
        add(WindowModel.identity(number).high)
        add(WindowModel.identity(number).low)
    }

    /// Writes the header's length at its place in the header.
    mutating func setLength(_ length: Int) {
        for place in 0..<4 { bytes[12 + place] = UInt8(truncatingIfNeeded: length >> (8 * place)) }
    }

    func crc(continuing crc: UInt32 = 0) -> UInt32 { bytes.withUnsafeBytes { CRC32.of($0, continuing: crc) } }
}

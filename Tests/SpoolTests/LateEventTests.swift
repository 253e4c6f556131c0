import Foundation
import Testing

@testable import Spool

@Suite("Late events of old dates")
struct LateEventTests {
    typealias Simulation = SimulatedCollection

    private static let day: Int64 = 86_400

    /// For each age in `daysOld`, in days, appends a record of 10 bytes with this age. Then commits the records, and does not seal them.
    private func commit(_ daysOld: some Sequence<Int64>, _ cursor: String, at seconds: Int64, _ writer: SpoolWriter)
        throws
    {
        for days in daysOld {
            let partition = try writer.partition("class=a/date=2026-\(100 + days)")
            try Array("123456789".utf8).withUnsafeBytes {
                try writer.append($0, to: partition, time: Simulation.instant(seconds - days * Self.day).wall - 1)
            }
        }
        try writer.commit(cursor: cursor, at: Simulation.instant(seconds))
    }

    /// A collection in which records are sealed after a minute, and late events after 12 minutes.
    private func collection() throws -> Simulation {
        var collection = try Simulation()
        collection.settings.segmentMaxBytes = 1 << 20
        collection.settings.carriedMaxBytes = 16 * 200
        return collection
    }

    @Test("late events are left out of seals, and are sealed together when the oldest of them has waited long enough")
    func waiting() throws {
        let collection = try collection()
        let writer = try collection.open(ScriptedFileSystem())
        var sealed: [Int64: Int] = [:]
        for minute in Int64(0)..<30 {
            try commit([0, 30 + minute % 5, 60], "\(minute)", at: minute * 60, writer)
            sealed[minute] = try writer.sealIfDue(at: Simulation.instant(minute * 60 + 59)).count
            sealed[minute, default: 0] += try writer.sealIfDue(at: Simulation.instant(minute * 60 + 60)).count
        }
        #expect(sealed.filter { $0.value != 1 } == [11: 7, 23: 7])
        #expect(writer.unsealed.records == 12)
        #expect(try writer.seal(at: Simulation.instant(1_800)).count == 6)
        let segments = try SpoolReader(directory: collection.settings.directory).segments().compactMap(\.segment)
        #expect(segments.reduce(0) { $0 + $1.records } == 90)
        #expect(Set(segments.map(\.records)) == [1, 2, 3, 6, 12])
    }

    @Test("while only late events are unsealed and they are not due, no new generation is written")
    func nothingElse() throws {
        let collection = try collection()
        let fileSystem = ScriptedFileSystem()
        let writer = try collection.open(fileSystem)
        try commit([40], "1", at: 0, writer)
        let before = fileSystem.count
        for seconds in stride(from: Int64(10), to: 720, by: 10) {
            #expect(!writer.isDue(at: Simulation.instant(seconds)))
            #expect(try writer.sealIfDue(at: Simulation.instant(seconds)).isEmpty)
        }
        #expect(fileSystem.count == before)
        #expect(writer.isDue(at: Simulation.instant(720)))
        #expect(try writer.sealIfDue(at: Simulation.instant(720)).count == 1)
    }

    @Test(
        "the waiting time of late events continues after a restart, even if the clock was set back",
        arguments: [0, -3_600])
    func restarts(_ shift: Int64) throws {
        let collection = try collection()
        do {
            let writer = try collection.open(ScriptedFileSystem())
            try commit([0, 40], "1", at: 0, writer)
            #expect(try writer.sealIfDue(at: Simulation.instant(60)).count == 1)
            #expect(writer.unsealedAge(at: Simulation.instant(60)) == 60_000)
            #expect(!writer.isDue(at: Simulation.instant(719)))
            #expect(
                writer.isDue(at: Simulation.instant(720)), "late events are sealed on time even without new events")
        }
        let start = Simulation.instant(300 + shift)
        let spool = try Spool(collection.settings, fileSystem: ScriptedFileSystem(), now: start)
        let writer = try spool.writer(integration: "acme", scratch: SpoolScratch(), now: start)
        #expect(writer.recovery.isClean)
        #expect(writer.recovery.recordsRecovered == 1)
        #expect(writer.unsealedAge(at: start) == max(0, 300 + shift) * 1_000)
        let due = Simulation.instant(shift < 0 ? shift + 300 + 720 : 720)
        let early = SpoolInstant(wall: due.wall - 1, monotonic: due.monotonic - 1)
        #expect(try writer.sealIfDue(at: early).isEmpty)
        #expect(try writer.sealIfDue(at: due).count == 1)
    }

    @Test("late partitions are sealed with the others if there are too many, or if they are too large")
    func bounds() throws {
        var collection = try collection()
        collection.settings.dueAtPartitions = 12
        collection.settings.carriedMaxBytes = 40 * 16
        let writer = try collection.open(ScriptedFileSystem())
        // A late partition stays unsealed only if it has at most 40 bytes (a sixteenth of `carriedMaxBytes`), that is, four records. The one with
        // five records is therefore sealed.
        try commit([30, 30, 30, 30, 31, 31, 31, 31, 31, 0], "1", at: 0, writer)
        #expect(try writer.sealIfDue(at: Simulation.instant(60)).map(\.records).sorted() == [1, 5])
        #expect(writer.unsealed.records == 4)
        // At most half of the twelve partitions may be carried over, so that the next seal is not due immediately.
        try commit([32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42], "2", at: 61, writer)
        #expect(try writer.sealIfDue(at: Simulation.instant(61)).count == 6)
        #expect(try writer.sealIfDue(at: Simulation.instant(61)).isEmpty)
        var small = collection.settings
        small.carriedMaxBytes = 160
        let policy = RollPolicy(small)
        let load = RollPolicy.Load(
            journalBytes: 0, records: 1, largestPartitionBytes: 0, partitions: 1, chunks: 1, age: 0, maxAge: 60_000,
            carriedAge: 0, compressionChanged: false)
        let many = Array(repeating: RecordSummary(records: 1, bytes: 10, firstTime: 0, lastTime: 0), count: 5)
        let large = many.map { RecordSummary(records: 1, bytes: $0.bytes * 10, firstTime: 0, lastTime: 0) }
        #expect(policy.carried(many, wall: Simulation.instant().wall, load: load) == [0, 1, 2, 3, 4])
        #expect(policy.carried(large, wall: Simulation.instant().wall, load: load) == [])
        #expect(policy.carried(many, wall: .min, load: load) == [])
        var waited = load
        waited.carriedAge = 720_000
        #expect(policy.carried(many, wall: Simulation.instant().wall, load: waited) == [])
    }

    @Test(
        "a journal with damage in carried-over records is refused: these records are before the cursor, so they must not be cut off"
    )
    func damaged() throws {
        let collection = try collection()
        var path = ""
        do {
            let writer = try collection.open(ScriptedFileSystem())
            try commit([0, 40], "1", at: 0, writer)
            try writer.sealIfDue(at: Simulation.instant(60))
            try commit([0], "2", at: 61, writer)
            path = writer.journal.log.file.path
            #expect(writer.journal.header.carriedLength > 0)
        }
        let bytes = Array(try Data(contentsOf: URL(filePath: path)))
        let header = Int(bytes[12]) | Int(bytes[13]) << 8
        let commits = try collection.open(ScriptedFileSystem()).journal.start
        for length in [header, header + 10, Int(commits) - 1] {
            try Data(bytes[..<length]).write(to: URL(filePath: path))
            #expect(throws: SpoolError.self) { try collection.open(ScriptedFileSystem()) }
        }
        for offset in header..<Int(commits) {
            var damaged = bytes
            damaged[offset] ^= 0x10
            try Data(damaged).write(to: URL(filePath: path))
            let error = try #require(throws: SpoolError.self) { try collection.open(ScriptedFileSystem()) }
            guard case .damaged(path, _) = error else { throw error }
            #expect(Array(try Data(contentsOf: URL(filePath: path))) == damaged)
        }
        try Data(bytes).write(to: URL(filePath: path))
        #expect(try collection.open(ScriptedFileSystem()).unsealed.records == 2)
    }

    @Test(
        "a seal joins the chunks of a carried-over partition and loses no record, with any compression",
        arguments: Compression.allCases
    )
    func merging(_ compression: Compression) throws {
        var collection = try Simulation(compression: compression)
        collection.settings.segmentMaxAge = .seconds(60)
        collection.settings.segmentMaxBytes = 1 << 20
        collection.settings.carriedMaxBytes = 1 << 20
        do {
            let writer = try collection.open(ScriptedFileSystem())
            // These bounds give `account_change` chunks with one record and with three, some compressed and some not.
            for upper in [6, 9, 15, 16, 20, 25, 28] {
                try collection.collect(writer, upTo: upper, models: false)
            }
            #expect(writer.partitions.partitions.map(\.chunks.count).max() == 4)
            try writer.sealIfDue(at: Simulation.instant(90))
            #expect(writer.unsealed.records == 12)
            #expect(writer.partitions.partitions.count == 2)
        }
        try collection.collectAndSeal(ScriptedFileSystem(), models: false)
        try collection.expectExactlyOnce("\(compression)")
    }

    /// When a reload changes the compression during a seal.
    enum Reload: CaseIterable {
        case staging, deciding
    }

    @Test(
        "if the compression changes during a seal that carries records over, every segment can be read",
        arguments: Reload.allCases)
    func compressionChanges(_ reload: Reload) throws {
        var collection = try Simulation(compression: .zstd)
        collection.settings.segmentMaxBytes = 1 << 20
        collection.settings.carriedMaxBytes = 1 << 20
        let fileSystem = ScriptedFileSystem()
        let spool = try collection.spool(fileSystem)
        let writer = try spool.writer(integration: "acme", scratch: SpoolScratch(), now: Simulation.instant())
        for upper in [6, 9, 15, 16, 20, 25, 28] { try collection.collect(writer, upTo: upper, models: false) }
        var changed = collection.settings
        changed.compression = .gzip
        let new = changed
        let carriesFrames = writer.partitions.partitions.contains { partition in
            partition.chunks.contains { $0.encoding == .zstd }
        }
        #expect(carriesFrames)
        fileSystem.script { _, operation, path in
            switch reload {
            case .staging:
                guard operation == .synchronizeDirectory, path.hasSuffix("_staging/acme") else { return nil }
                spool.adopt(new)
                return nil
            case .deciding:
                guard operation == .rename, spool.settings.compression != new.compression else { return nil }
                spool.adopt(new)
                return .failAfter(EIO)
            }
        }
        _ = try? writer.sealIfDue(at: Simulation.instant(90))
        #expect(writer.isDue(at: Simulation.instant(90)), "the new compression applies as soon as possible")
        try writer.sealIfDue(at: Simulation.instant(90))
        #expect(writer.unsealed.records == 0)
        #expect(writer.journal.header.compression == .gzip)
        try collection.expectExactlyOnce("\(reload)")
    }

    @Test(
        "besides two locks and the manifest, each integration has one open file, whatever is unsealed or carried over"
    )
    func descriptors() throws {
        let collection = try collection()
        let spool = try Spool(collection.settings, fileSystem: PosixFileSystem(), now: Simulation.instant())
        let scratch = SpoolScratch()
        func opened() throws -> Int {
            let root = collection.root.path
            return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
                return target?.hasPrefix(root) ?? false
            }
        }
        var writers: [SpoolWriter] = []
        #expect(try opened() == 3)
        for number in 0..<20 {
            writers.append(try spool.writer(integration: "org-\(number)", scratch: scratch, now: Simulation.instant()))
        }
        for writer in writers {
            try commit(Array(0..<40), "1", at: 0, writer)
            #expect(try opened() == 23)
            try writer.sealIfDue(at: Simulation.instant(60))
        }
        #expect(try opened() == 23)
    }
}

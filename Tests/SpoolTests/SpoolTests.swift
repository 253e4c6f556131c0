import Foundation
import Testing

@testable import Spool

@Suite("The spool")
struct SpoolTests {
    typealias Simulation = SimulatedCollection

    @Test(
        "a second daemon with the same spool or state directory is refused, and the message names the process that uses it"
    )
    func secondDaemon() throws {
        let collection = try Simulation()
        let writer = try collection.open(PosixFileSystem())
        for directory in ["spool", "state"] {
            var other = collection.settings
            if directory == "spool" {
                other.stateDirectory += "-2"
            } else {
                other.directory += "-2"
            }
            let error = try #require(throws: SpoolError.self) {
                try Spool(other, fileSystem: PosixFileSystem(), now: Simulation.instant())
            }
            #expect("\(error)".contains("\(collection.root.path)/\(directory) is in use by process \(getpid())"))
        }
        #expect(throws: SpoolError.writerInUse(integration: "acme")) {
            try writer.spool.writer(integration: "acme", scratch: SpoolScratch(), now: Simulation.instant())
        }
    }

    @Test("if configured, an integration's first segments are sealed early; later segments are sealed at the usual age")
    func firstSegments() throws {
        var collection = try Simulation()
        collection.settings.firstSegmentMaxAge = .seconds(30)
        let writer = try collection.open(ScriptedFileSystem())
        for (begun, age) in [(Int64(0), Int64(30)), (100, 60), (200, 60)] {
            #expect(writer.unsealedBytes == 0)
            try Simulation.append(0, to: writer)
            try writer.commit(cursor: "\(begun)", at: Simulation.instant(begun))
            #expect(writer.unsealedBytes > 0)
            #expect(writer.sealsIn(at: Simulation.instant(begun)) == age * 1_000)
            #expect(!writer.isDue(at: Simulation.instant(begun + age - 1)))
            #expect(try writer.sealIfDue(at: Simulation.instant(begun + age - 1)).isEmpty)
            #expect(writer.isDue(at: Simulation.instant(begun + age)))
            #expect(try writer.sealIfDue(at: Simulation.instant(begun + age)).count == 1)
        }
    }

    @Test("a seal is due because of age, size or the number of partitions; an idle integration seals nothing")
    func whenDue() throws {
        var collection = try Simulation()
        collection.settings.segmentMaxBytes = 1_000
        collection.settings.dueAtPartitions = 5
        let writer = try collection.open(ScriptedFileSystem())
        #expect(try writer.sealIfDue(at: Simulation.instant(10_000)).isEmpty)
        try Simulation.append(0, to: writer)
        try writer.commit(cursor: "1", at: Simulation.instant(0))
        #expect(try writer.sealIfDue(at: Simulation.instant(59)).isEmpty)
        #expect(writer.unsealedAge(at: Simulation.instant(59)) == 59_000)
        #expect(try writer.sealIfDue(at: Simulation.instant(60)).count == 1)
        #expect(writer.unsealedAge(at: Simulation.instant(61)) == nil)
        for number in 1...4 {
            let partition = try writer.partition("class=c\(number)/date=2026-11-23")
            try Array("x".utf8).withUnsafeBytes {
                try writer.append($0, to: partition, time: Simulation.instant().wall)
            }
        }
        try writer.commit(cursor: "2", at: Simulation.instant(61))
        #expect(try writer.sealIfDue(at: Simulation.instant(61)).isEmpty)
        try Simulation.append(0, to: writer)
        try writer.commit(cursor: "3", at: Simulation.instant(61))
        #expect(try writer.sealIfDue(at: Simulation.instant(61)).count == 5)
        let partition = try writer.partition("class=big/date=2026-11-23")
        try [UInt8](repeating: 120, count: 1_000).withUnsafeBytes { try writer.append($0, to: partition, time: 0) }
        try writer.commit(cursor: "4", at: Simulation.instant(61))
        let sealed = try writer.sealIfDue(at: Simulation.instant(61))
        #expect(sealed.map(\.uncompressedBytes) == [1_001])
        #expect(sealed.map(\.integration) == ["acme"])
        #expect(sealed.first?.partition == ["class": "big", "date": "2026-11-23"])
    }

    @Test("if only the cursor moves and no record comes, the journal does not grow without limit")
    func cursorOnly() throws {
        let collection = try Simulation()
        let writer = try collection.open(ScriptedFileSystem())
        for number in 0..<1_000 {
            try writer.commit(cursor: "cursor-\(number)", at: Simulation.instant())
            try writer.sealIfDue(at: Simulation.instant())
            #expect(writer.unsealed.journalBytes < 5_000)
        }
        #expect(writer.cursor == "cursor-999")
        #expect(try SpoolReader(directory: collection.settings.directory).segments().isEmpty)
    }

    @Test("if the clock jumps back a day, or ahead a century, sealing continues and file names stay valid")
    func clockJumps() throws {
        let collection = try Simulation()
        var writer: SpoolWriter? = try collection.open(ScriptedFileSystem())
        if let writer {
            try Simulation.append(0, to: writer)
            try writer.commit(cursor: "1", at: Simulation.instant())
        }
        writer = nil
        let back = SpoolInstant(wall: Simulation.instant().wall - 86_400_000, monotonic: 5_000)
        do {
            let spool = try Spool(collection.settings, fileSystem: ScriptedFileSystem(), now: back)
            let writer = try spool.writer(integration: "acme", scratch: SpoolScratch(), now: back)
            #expect(writer.unsealedAge(at: back) == 0)
            #expect(try writer.sealIfDue(at: SpoolInstant(wall: back.wall, monotonic: 64_999)).isEmpty)
            #expect(try writer.sealIfDue(at: SpoolInstant(wall: back.wall, monotonic: 65_000)).count == 1)
            for (index, wall) in [Int64.min, -1, 0, Int64.max].enumerated() {
                let now = SpoolInstant(wall: wall, monotonic: 70_000)
                try Simulation.append(index + 1, to: writer)
                try writer.commit(cursor: "\(index + 2)", at: now)
                #expect(try writer.seal(at: now).count == 1)
            }
        }
        #expect(try collection.visible().sorted() == [0, 1, 2, 3, 4])
        #expect(try SpoolReader(directory: collection.settings.directory).verify(Simulation.options).isGood)
    }

    @Test(
        "a full spool refuses a commit before it writes, and accepts records again when a loader has deleted segments")
    func full() throws {
        var collection = try Simulation(compression: .none)
        collection.settings.maxBytes = 12_000
        collection.total = 400
        let writer = try collection.open(ScriptedFileSystem())
        let error = try #require(throws: SpoolError.self) { try collection.collect(writer) }
        guard case .full(let used, 12_000) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(used > 11_000)
        let journal = writer.unsealed.journalBytes
        let cursor = writer.cursor
        for number in 0..<40 { try Simulation.append(number, to: writer) }
        #expect(throws: SpoolError.self) { try writer.commit(cursor: "x", at: Simulation.instant(9_000)) }
        #expect(writer.cursor == cursor)
        #expect(writer.unsealed.journalBytes == journal)
        // Committed records can be sealed even if the spool is full, so that a loader can read and delete them.
        try writer.seal(at: Simulation.instant(10_000))
        var loaded: [Int] = []
        var now: Int64 = 20_000
        while Int(writer.cursor ?? "0") ?? 0 < collection.total {
            loaded += try collection.visible()
            for listing in try SpoolReader(directory: collection.settings.directory).segments()
            where listing.state == .present {
                try FileManager.default.removeItem(atPath: "\(collection.settings.directory)/\(listing.path)")
            }
            now += 10
            let next = Int(writer.cursor ?? "0") ?? 0
            for number in next..<min(next + 20, collection.total) { try Simulation.append(number, to: writer) }
            try writer.commit(cursor: "\(min(next + 20, collection.total))", at: Simulation.instant(now))
            try writer.seal(at: Simulation.instant(now))
        }
        loaded += try collection.visible()
        #expect(loaded.sorted() == Array(0..<collection.total))
    }

    @Test(
        "retention deletes a segment when enough time has passed since its sealing, and never deletes unsealed records")
    func retention() throws {
        var collection = try Simulation()
        collection.settings.retention = .after(.seconds(3_600))
        let writer = try collection.open(ScriptedFileSystem())
        func sealOne(_ number: Int, at seconds: Int64) throws {
            try Simulation.append(number, to: writer)
            try writer.commit(cursor: "\(number + 1)", at: Simulation.instant(seconds))
            try writer.seal(at: Simulation.instant(seconds))
        }
        try sealOne(0, at: 0)
        try sealOne(1, at: 3_000)
        #expect(try collection.visible().sorted() == [0, 1])
        try sealOne(2, at: 3_700)
        #expect(try collection.visible().sorted() == [1, 2])
        try Simulation.append(3, to: writer)
        try writer.commit(cursor: "4", at: Simulation.instant(3_700))
        #expect(try writer.sealIfDue(at: Simulation.instant(3_701)).isEmpty)
        #expect(writer.unsealed.records == 1)
        let result = try SpoolReader(directory: collection.settings.directory).verify(Simulation.options)
        #expect(result.isGood)
        #expect(result.gone == 1)
    }

    @Test(
        "the standard tools can read segments",
        arguments: [(Compression.zstd, "zstd"), (.gzip, "gzip"), (.none, "cat")])
    func standardTools(_ compression: Compression, _ tool: String) throws {
        let places = ["/usr/bin/\(tool)", "/bin/\(tool)"]
        let path = try #require(places.first(where: FileManager.default.isExecutableFile), "\(tool) is not installed")
        let collection = try Simulation(compression: compression)
        try collection.collectAndSeal(ScriptedFileSystem())
        var numbers: [Int] = []
        for listing in try SpoolReader(directory: collection.settings.directory).segments() {
            let process = Process()
            process.executableURL = URL(filePath: path)
            process.arguments = (tool == "cat" ? [] : ["-dc"]) + ["\(collection.settings.directory)/\(listing.path)"]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let data = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            #expect(data.last == 10)
            for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
                numbers.append(Int(line.dropFirst(7).prefix { $0.isNumber }) ?? -1)
            }
        }
        #expect(numbers.sorted() == Array(0..<collection.total))
    }

    @Test("several integrations share a spool, and the positions in the manifest have no gap")
    func severalIntegrations() throws {
        let collection = try Simulation()
        let spool = try Spool(collection.settings, fileSystem: ScriptedFileSystem(), now: Simulation.instant())
        let scratch = SpoolScratch()
        let writers = try (0..<5).map {
            try spool.writer(integration: "org-\($0)", scratch: scratch, now: Simulation.instant())
        }
        for round in 0..<4 {
            for (index, writer) in writers.enumerated() {
                try Simulation.append(round * 5 + index, to: writer)
                try writer.commit(cursor: "\(round)", at: Simulation.instant())
                if (round + index) % 2 == 0 { try writer.seal(at: Simulation.instant()) }
            }
        }
        for writer in writers { try writer.seal(at: Simulation.instant()) }
        #expect(try spool.integrations() == (0..<5).map { "org-\($0)" })
        let listings = try SpoolReader(directory: collection.settings.directory).segments()
        #expect(listings.compactMap { $0.segment?.sequence } == (1...Int64(listings.count)).map { $0 })
        #expect(try collection.visible().sorted() == Array(0..<20))
        #expect(
            try SpoolReader(directory: collection.settings.directory).segments().dropFirst(3).first?.segment?.sequence
                == 4)
    }

    @Test(
        "a changed compression applies from the next generation on; committed records stay readable"
    )
    func compressionChanges() throws {
        var collection = try Simulation(compression: .zstd)
        collection.total = 36
        for (index, compression) in [Compression.zstd, .gzip, .none].enumerated() {
            collection.settings.compression = compression
            let writer = try collection.open(ScriptedFileSystem())
            try collection.collect(writer, upTo: 12 * (index + 1))
        }
        try collection.collectAndSeal(ScriptedFileSystem())
        try collection.expectExactlyOnce("three compressions")
        let suffixes = Set(
            try SpoolReader(directory: collection.settings.directory).segments().map { Compression(fileName: $0.path) })
        #expect(suffixes == [.zstd, .gzip, Compression.none])
    }

    @Test("a lost state directory is reported")
    func lostState() throws {
        let collection = try Simulation()
        try collection.collectAndSeal(ScriptedFileSystem())
        try FileManager.default.removeItem(atPath: collection.settings.stateDirectory)
        #expect(try collection.open(ScriptedFileSystem()).recovery.stateIsMissing)
    }

    @Test("a spool of a newer format is refused")
    func newerSpool() throws {
        let collection = try Simulation()
        try collection.collectAndSeal(ScriptedFileSystem())
        let path = collection.settings.directory + "/_spool.json"
        let text = try String(contentsOfFile: path, encoding: .utf8).replacing("\"format\":1", with: "\"format\":9")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: SpoolError.newerFormat(path: path, found: 9, supported: 1)) {
            try Spool(collection.settings, fileSystem: ScriptedFileSystem(), now: Simulation.instant())
        }
        #expect(throws: SpoolError.newerFormat(path: path, found: 9, supported: 1)) {
            try SpoolReader(directory: collection.settings.directory)
        }
    }
}

import Foundation
import Testing

@testable import Spool

/// A source of numbered records, a spool with tiny limits, and a check of what loaders would read.
struct SimulatedCollection {
    let root: TemporaryDirectory
    var settings: SpoolSettings
    var total = 28
    var batch = 4
    var integration = "acme"

    init(compression: Compression = .zstd) throws {
        root = try TemporaryDirectory()
        settings = SpoolSettings(
            directory: root.path + "/spool", stateDirectory: root.path + "/state", compression: compression,
            segmentMaxBytes: 500, segmentMaxAge: .seconds(60), maxBytes: 1 << 30, recordSchema: "test/1")
        // A batch whose records are all in one partition exceeds this size, so it is compressed immediately. Smaller chunks occur, too.
        settings.packedChunkBytes = 250
        // Some batches are compressed in two parts, the first before the commit.
        settings.packedPieceBytes = 150
        // At most four late events of a partition may be carried over.
        settings.carriedMaxBytes = 16 * 340
    }

    static func instant(_ seconds: Int64 = 0) -> SpoolInstant {
        SpoolInstant(wall: 1_795_420_800_000 + seconds * 1_000, monotonic: 1_000_000 + seconds * 1_000)
    }

    static func record(_ number: Int) -> String {
        "{\"uid\":\(number),\"text\":\"\(String(repeating: "x", count: 60 + number % 7))\"}"
    }

    static func partition(_ number: Int) -> (String, PartitionKind) {
        if number % 13 == 7 { return ("date=2026-11-23", .rejected) }
        return (
            "class=\(number / 5 % 2 == 0 ? "authentication" : "account_change")/date=2026-11-2\(number / 14 % 2)",
            .records
        )
    }

    /// The time of an event: events of `account_change` are late, and the others are of the current hour.
    static func time(_ number: Int) -> Int64 {
        partition(number).0.hasPrefix("class=account_change") ? Int64(number) : instant(Int64(number)).wall
    }

    static func append(_ number: Int, to writer: SpoolWriter) throws {
        let (path, kind) = partition(number)
        let partition = try writer.partition(path, kind: kind)
        try Array(record(number).utf8).withUnsafeBytes {
            try writer.append($0, to: partition, time: time(number))
        }
    }

    func open(_ fileSystem: any FileSystem, at seconds: Int64 = 0) throws -> SpoolWriter {
        let spool = try spool(fileSystem, at: seconds)
        return try spool.writer(integration: integration, scratch: SpoolScratch(), now: Self.instant(seconds))
    }

    func spool(_ fileSystem: any FileSystem, at seconds: Int64 = 0) throws -> Spool {
        try unlocked { try Spool(settings, fileSystem: fileSystem, now: Self.instant(seconds)) }
    }

    /// Opens a spool, and tries again while its lock is held.
    ///
    /// When another test creates a child process, the child inherits all locks until it runs its program. So a lock that this test has
    /// released may still be held for a moment.
    private func unlocked(_ open: () throws -> Spool) throws -> Spool {
        let deadline = ContinuousClock.now + .seconds(300)
        while true {
            do {
                return try open()
            } catch SpoolError.locked where ContinuousClock.now < deadline {
                usleep(5_000)
            }
        }
    }

    /// Collects records after the durable cursor, and stops at the first error.
    ///
    /// - Parameter models: whether to compare the windows with a `WindowModel` at each cursor. All commits must then be whole batches.
    func collect(_ writer: SpoolWriter, upTo end: Int? = nil, models: Bool = true) throws {
        var context = "opened"
        while true {
            let next = writer.cursor.flatMap { Int($0) } ?? 0
            let upper = min(next + batch, end ?? total)
            if models { try WindowModel(cursor: next, batch: batch).expect(writer, total: total, context) }
            guard next < upper else { break }
            context = "collected"
            try WindowModel.bound(writer)
            for number in next..<upper { try Self.append(number, to: writer) }
            let times = try WindowModel.remember(next..<upper, in: writer)
            try writer.commit(cursor: String(upper), times: times, at: Self.instant(Int64(next)))
            try writer.sealIfDue(at: Self.instant(Int64(next)))
        }
    }

    func collectAndSeal(_ fileSystem: any FileSystem, models: Bool = true) throws {
        let writer = try open(fileSystem)
        try collect(writer, models: models)
        try writer.seal(at: Self.instant(1_000))
    }

    /// The numbers of the records in all segments that loaders can read.
    func visible() throws -> [Int] {
        let reader = try SpoolReader(directory: settings.directory)
        var numbers: [Int] = []
        for listing in try reader.segments() where listing.state != .gone {
            try reader.lines(listing.path) { (line) throws(SpoolError) in
                let text = String(decoding: line, as: UTF8.self)
                let digits = text.dropFirst(7).prefix { $0.isNumber }
                guard let number = Int(digits), text == Self.record(number) else {
                    throw .damaged(path: listing.path, reason: "not a record: \(text)")
                }
                numbers.append(number)
            }
        }
        return numbers
    }

    static let options: VerifyOptions = {
        var options = VerifyOptions()
        options.uid = { line in
            UInt128(String(decoding: line, as: UTF8.self).dropFirst(7).prefix { $0.isNumber })
        }
        options.time = { line in
            Int(String(decoding: line, as: UTF8.self).dropFirst(7).prefix { $0.isNumber }).map(time)
        }
        return options
    }()

    /// Checks that every record is in one segment, once, that the manifest lists the segments, and that no staged file or old journal is left.
    func expectExactlyOnce(_ context: String) throws {
        let numbers = try visible()
        #expect(numbers.sorted() == Array(0..<total), "\(context)")
        let result = try SpoolReader(directory: settings.directory).verify(Self.options)
        #expect(result.problems == [], "\(context)")
        #expect(result.records == total, "\(context)")
        #expect(result.gone == 0, "\(context)")
        let staged = try FileManager.default.contentsOfDirectory(
            atPath: settings.directory + "/_staging/\(integration)")
        #expect(staged == [], "\(context)")
        let journals = try FileManager.default.contentsOfDirectory(
            atPath: settings.stateDirectory + "/integrations/\(integration)")
        #expect(journals.count == 1, "\(context): \(journals)")
    }
}

import Foundation
import Spool

/// A spool with a number of sealed segments, and a directory for the other files of a delivery.
final class SealedSpool {
    let home: String
    let directory: String
    private let spool: Spool
    private let writer: SpoolWriter
    private var number: Int64 = 0

    init(segments: Int) throws {
        home = FileManager.default.temporaryDirectory.appending(path: "delivery-\(UUID().uuidString)").path
        directory = home + "/spool"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        spool = try Spool(
            SpoolSettings(directory: directory, stateDirectory: home + "/state", recordSchema: "ocsf/1.8.0"),
            fileSystem: PosixFileSystem(), now: SpoolInstant(wall: 1_795_000_000_000, monotonic: 0))
        writer = try spool.writer(
            integration: "acme", scratch: SpoolScratch(), now: SpoolInstant(wall: 1_795_000_000_000, monotonic: 0))
        try FileManager.default.createDirectory(atPath: directory + "/_acks", withIntermediateDirectories: true)
        for _ in 0..<segments { try seal() }
    }

    deinit { try? FileManager.default.removeItem(atPath: home) }

    /// Adds a segment with one record.
    func seal(kind: PartitionKind = .records) throws {
        number += 1
        let now = SpoolInstant(wall: 1_795_000_000_000 + number * 1000, monotonic: number * 1000)
        let partition = try writer.partition("class=authentication/date=2026-11-23", kind: kind)
        try Array("{\"number\":\(number)}".utf8).withUnsafeBytes {
            try writer.append($0, to: partition, time: now.wall)
        }
        try writer.commit(cursor: "\(number)", at: now)
        try writer.seal(at: now)
    }

    /// The paths of the segments, by position.
    func paths() throws -> [Int64: String] {
        var found: [Int64: String] = [:]
        for line in try SpoolReader(directory: directory).segments() {
            if let sequence = line.segment?.sequence { found[sequence] = line.path }
        }
        return found
    }

    /// Waits until the segments up to this position are acknowledged.
    func untilAcknowledged(_ sequence: Int64) async throws {
        while try acknowledged() != sequence { try await Task.sleep(for: .milliseconds(5)) }
    }

    func acknowledged(_ name: String = "lake") throws -> Int64? {
        try AcknowledgementFiles(spool: directory).acknowledgement(of: name)?.sequence
    }
}

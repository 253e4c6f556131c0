import Glibc
import Spool

/// The common parts of the measurements: clocks, records, settings.
enum Workload {
    static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static func now() -> SpoolInstant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let wall = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        return SpoolInstant(wall: wall, monotonic: Int64(seconds() * 1_000))
    }

    static func settings(_ directory: String) -> SpoolSettings {
        SpoolSettings(
            directory: "\(directory)/spool", stateDirectory: "\(directory)/state", maxBytes: 1 << 50,
            recordSchema: "benchmark/1")
    }

    /// The lines of a file, without their newlines.
    static func records(_ path: String) -> [[UInt8]]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        var records: [[UInt8]] = []
        while true {
            let length = getline(&line, &capacity, file)
            guard length > 1, let start = line else { return records.isEmpty ? nil : records }
            records.append(Array(UnsafeRawBufferPointer(start: start, count: length - 1)))
        }
    }

    /// The classes of the records, repeated in this order. More than half of the records are of one class, as in most orgs.
    static let classes = ["authentication", "authentication", "authentication", "entity_management", "account_change"]

    static func append(_ records: ArraySlice<[UInt8]>, to writer: SpoolWriter, _ now: SpoolInstant) throws {
        for (index, record) in records.enumerated() {
            let partition = try writer.partition("class=\(classes[index % classes.count])/date=2026-11-23")
            try record.withUnsafeBytes { bytes in
                try writer.append(bytes, to: partition, time: now.wall)
            }
        }
    }
}

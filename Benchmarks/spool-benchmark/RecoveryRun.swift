import Glibc
import Spool

/// Measures how long a large spool takes to open. The spool is made once, without synchronizing, and is then opened as the daemon opens it.
struct RecoveryRun {
    static let integrations = 10
    static let partitions = 20
    static let unsealedRecords = 1_000

    let directory: String

    /// Seals small segments, and then extends each as a sparse file, so that all of them together are `bytes` long. This is possible because opening
    /// the spool reads no segment, as the counted file operations show.
    func make(segments: Int, bytes: Int64) throws {
        let fileSystem = CountingFileSystem(synchronizes: false)
        let spool = try Spool(Workload.settings(directory), fileSystem: fileSystem, now: Workload.now())
        let scratch = SpoolScratch()
        let share = bytes / Int64(segments)
        for integration in 0..<Self.integrations {
            let now = Workload.now()
            let writer = try spool.writer(integration: "org-\(integration)", scratch: scratch, now: now)
            for seal in 0..<segments / Self.integrations / Self.partitions {
                try fill(writer, Self.partitions, cursor: "\(seal)", now)
                for segment in try writer.seal(at: now) {
                    let file = try fileSystem.open("\(directory)/spool/\(segment.path)", .update)
                    try fileSystem.truncate(file, to: share)
                    fileSystem.close(file)
                }
            }
            for commit in 0..<Self.unsealedRecords / Self.partitions {
                try fill(writer, Self.partitions, cursor: "unsealed-\(commit)", now)
            }
        }
    }

    private func fill(_ writer: SpoolWriter, _ partitions: Int, cursor: String, _ now: SpoolInstant) throws {
        let record = [UInt8](repeating: 120, count: 3_000)
        for number in 0..<partitions {
            let partition = try writer.partition("class=class_\(number % 5)/date=2026-11-\(10 + number / 5)")
            try record.withUnsafeBytes { try writer.append($0, to: partition, time: now.wall) }
        }
        try writer.commit(cursor: cursor, at: now)
    }

    struct Phase {
        var name: String
        var seconds: Double
        var counts: CountingFileSystem.Counts
    }

    /// Opens the spool and all journals, and makes the first commit, during which the spool's size is measured.
    func open() throws -> [Phase] {
        var phases: [Phase] = []
        func measure<Value>(_ name: String, _ body: (CountingFileSystem) throws -> Value) throws -> Value {
            let before = fileSystem.counts
            let start = Workload.seconds()
            let value = try body(fileSystem)
            let seconds = Workload.seconds() - start
            var counts = fileSystem.counts
            counts.bytesRead -= before.bytesRead
            counts.bytesWritten -= before.bytesWritten
            counts.operations = counts.operations.merging(before.operations) { $0 - $1 }
            phases.append(Phase(name: name, seconds: seconds, counts: counts))
            return value
        }
        let fileSystem = CountingFileSystem()
        let spool = try measure("locks, identity, manifest") { fileSystem in
            try Spool(Workload.settings(directory), fileSystem: fileSystem, now: Workload.now())
        }
        let scratch = SpoolScratch()
        let writers = try measure("\(Self.integrations) journals") { _ in
            try spool.integrations().map {
                try spool.writer(integration: $0, scratch: scratch, now: Workload.now())
            }
        }
        try measure("first commit, which measures the spool") { _ in
            if let writer = writers.first {
                try fill(writer, 1, cursor: "after-\(Workload.now().monotonic)", Workload.now())
            }
        }
        return phases
    }
}

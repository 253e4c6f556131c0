import Glibc
import Spool

/// Measures commits and seals through the real file system. For comparison, it also measures a plain loop of write and fdatasync.
struct Throughput {
    let directory: String
    let records: [[UInt8]]
    let recordsInCommit: Int
    let commits: Int
    let integrations: Int
    let threads: Int

    struct Result {
        var commits = 0
        var seconds = 0.0
        var journalBytes: Int64 = 0
        var lineBytes: Int64 = 0
        var sealedBytes: Int64 = 0
        var writtenBytes: Int64 = 0
    }

    /// Distributes the integrations over threads, as the daemon does. On each thread, the integrations take turns; each commits one page per turn.
    /// The measured time includes the seals at the end.
    func run() async throws -> Result {
        let spool = try Spool(Workload.settings(directory), fileSystem: PosixFileSystem(), now: Workload.now())
        let before = Self.writtenBytes()
        let start = Workload.seconds()
        var result = try await withThrowingTaskGroup(of: Result.self) { group in
            for thread in 0..<min(threads, integrations) {
                group.addTask { try share(thread, of: spool) }
            }
            return try await group.reduce(into: Result()) { sum, part in
                sum.commits += part.commits
                sum.journalBytes += part.journalBytes
                sum.lineBytes += part.lineBytes
                sum.sealedBytes += part.sealedBytes
            }
        }
        result.seconds = Workload.seconds() - start
        result.writtenBytes = Self.writtenBytes() - before
        return result
    }

    private func share(_ thread: Int, of spool: Spool) throws -> Result {
        let scratch = SpoolScratch()
        var writers: [SpoolWriter] = []
        for number in stride(from: thread, to: integrations, by: threads) {
            writers.append(
                try spool.writer(integration: "org-\(number)", scratch: scratch, now: Workload.now()))
        }
        var result = Result()
        var next = 0
        for round in 0..<commits / integrations {
            for writer in writers {
                if next + recordsInCommit > records.count { next = 0 }
                let page = records[next..<next + recordsInCommit]
                next += recordsInCommit
                let now = Workload.now()
                try Workload.append(page, to: writer, now)
                let before = writer.unsealed.journalBytes
                result.lineBytes += Int64(writer.bufferedBytes)
                try writer.commit(cursor: "\(round)", at: now)
                result.journalBytes += writer.unsealed.journalBytes - before
                result.commits += 1
                result.sealedBytes += try writer.sealIfDue(at: now).reduce(0) { $0 + $1.bytes }
            }
        }
        for writer in writers { result.sealedBytes += try writer.seal(at: Workload.now()).reduce(0) { $0 + $1.bytes } }
        return result
    }

    /// Measures the disk's own rate: makes this number of appends of this size to one file, and synchronizes the file after each.
    ///
    /// - Returns: seconds.
    static func floor(_ directory: String, appends: Int, bytes: Int) throws -> Double {
        let fileSystem = PosixFileSystem()
        let file = try fileSystem.open("\(directory)/floor", .replace)
        defer { fileSystem.close(file) }
        // The bytes are random, because a file system may store zeros without writing them.
        var generator = SystemRandomNumberGenerator()
        let content = (0..<max(1, bytes)).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let start = Workload.seconds()
        for append in 0..<appends {
            try content.withUnsafeBytes { content in
                try fileSystem.write(file, at: Int64(append * bytes), content)
            }
            try fileSystem.synchronize(file)
        }
        let seconds = Workload.seconds() - start
        try fileSystem.unlink("\(directory)/floor")
        return seconds
    }

    /// How many bytes this process has sent to disks, according to the kernel (proc(5), `write_bytes`). The kernel counts whole memory pages, and
    /// does not count writes to the file system's journal.
    private static func writtenBytes() -> Int64 {
        guard let file = fopen("/proc/self/io", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if text.hasPrefix("write_bytes: ") { return Int64(text.dropFirst(13).prefix { $0.isNumber }) ?? 0 }
        }
        return 0
    }
}

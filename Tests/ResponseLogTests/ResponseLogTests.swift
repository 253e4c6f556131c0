import CollectionSimulation
import Foundation
import Synchronization
import Testing

@testable import ResponseLog
@testable import Spool

@Suite("Response log")
struct ResponseLogTests {
    private let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "response-log-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func entry(_ number: Int, reason: String? = nil) -> ResponseEntry {
        ResponseEntry(
            id: "id-\(number)", request: "request", time: Int64(number), integration: "acme", org: "acme.okta.com",
            action: .suspend, command: .contain, user: ResponseUser(asked: "mallory"), options: ResponseOptions(),
            caseID: "case-1", reason: reason, actor: ResponseActor(uid: 1_000, user: "ada"), isDryRun: false,
            isForced: false,
            result: number % 2 == 0 ? nil : ResponseResult(outcome: .done, message: "mallory is suspended"))
    }

    private func readAll(after position: ResponseLogPosition? = nil) throws -> (
        entries: [ResponseEntry], end: ResponseLogPosition, unreadable: Int
    ) {
        let reader = ResponseLogReader(directory: directory.path)
        var all: [ResponseEntry] = []
        var unreadable = 0
        var position = position
        while true {
            let batch = try reader.read(after: position)
            all += batch.entries
            unreadable += batch.unreadableLines
            // Converts the position to text and back, as programs do that store it.
            position = ResponseLogPosition(batch.next.description)
            #expect(position == batch.next)
            if batch.isEnd { return (all, batch.next, unreadable) }
        }
    }

    @Test(
        "if the response log is nearly full, refusals and dry runs are not recorded, but results of actions are"
    )
    func reserve() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let full = directory.appending(path: ResponseLogFile.name(1)).path
        func fill(_ bytes: Int64) throws {
            try Data().write(to: URL(filePath: full))
            #expect(truncate(full, off_t(bytes)) == 0)
        }
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        var intent = entry(2)
        intent.time = now
        var result = entry(1)
        result.time = now
        try fill(ResponseLogWriter.sizeLimit - ResponseLogWriter.reserve)
        do {
            try Data().write(to: directory.appending(path: ResponseLogFile.name(2)))
            let writer = try ResponseLogWriter(directory: directory.path, now: now)
            #expect(throws: SpoolError.self) { try writer.append(result, isUnsent: true) }
            try writer.append(intent)
            try writer.append(result)
        }
        try fill(ResponseLogWriter.sizeLimit)
        let last = directory.appending(path: ResponseLogFile.name(2)).path
        try Data(repeating: UInt8(ascii: "\n"), count: Int(ResponseLogFile.sizeLimit)).write(to: URL(filePath: last))
        let writer = try ResponseLogWriter(directory: directory.path, now: now)
        #expect(throws: SpoolError.self) { try writer.append(intent) }
        try writer.append(result)
        result.time += ResponseLogWriter.life + 60_000
        try writer.append(result, isUnsent: true)
        #expect(!FileManager.default.fileExists(atPath: full))
    }

    @Test("a reader gets every entry once, continues where it stopped, and goes on to the next file if one is full")
    func appendAndRead() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        #expect(try readAll().entries == [])
        let long = String(repeating: "x", count: 50_000)
        var position: ResponseLogPosition?
        var read: [ResponseEntry] = []
        do {
            let writer = try ResponseLogWriter(directory: directory.path, now: 1)
            for number in 0..<200 {
                try writer.append(entry(number, reason: long))
                guard number % 37 == 0 else { continue }
                let (entries, end, _) = try readAll(after: position)
                read += entries
                position = end
            }
        }
        try ResponseLogWriter(directory: directory.path, now: 500).append(entry(200))
        read += try readAll(after: position).entries
        #expect(read == (0..<200).map { entry($0, reason: long) } + [entry(200)])
        #expect(try ResponseLogFile.numbers(in: directory.path, PosixFileSystem()).count > 1)
    }

    @Test("an incomplete last line is not read, and the next writer cuts it off")
    func incompleteLine() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        try ResponseLogWriter(directory: directory.path, now: 1).append(entry(1))
        let file = directory.appending(path: ResponseLogFile.name(1))
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"id":"id-2","#.utf8))
        try handle.close()
        let (entries, end, unreadable) = try readAll()
        #expect(entries == [entry(1)])
        #expect(unreadable == 0)
        try ResponseLogWriter(directory: directory.path, now: 2).append(entry(3))
        #expect(try readAll(after: end).entries == [entry(3)])
        #expect(try readAll().entries == [entry(1), entry(3)])
    }

    @Test("if an entry was read but could not be made durable, a reader still gets the entries after it")
    func failedSynchronization() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let disk = PowerCutFileSystem()
        let root = "/log"
        _ = try disk.makeDirectory(root)
        let reader = ResponseLogReader(directory: root, fileSystem: disk)
        let writer = try ResponseLogWriter(directory: root, now: 1, fileSystem: disk)
        try writer.append(entry(1))
        let end = try reader.read(after: nil).next
        let read = Mutex<ResponseLogBatch?>(nil)
        disk.fail { operation, _ in
            guard operation == .synchronize, read.withLock({ $0 == nil }) else { return 0 }
            read.withLock { $0 = try? reader.read(after: end) }
            return EIO
        }
        #expect(throws: SpoolError.self) { try writer.append(entry(2)) }
        let batch = read.withLock { $0 }
        let early = try #require(batch)
        #expect(early.entries == [entry(2)])
        // The next entry is longer than the lost one, so in the same file it would begin before the reader's position and end after it.
        try writer.append(entry(3, reason: String(repeating: "x", count: 2_000)))
        try writer.append(entry(4))
        let rest = try reader.read(after: early.next)
        #expect(rest.entries.map(\.id) == ["id-3", "id-4"])
        #expect(rest.unreadableLines == 0)
    }

    @Test("a damaged line is counted and skipped")
    func damagedLine() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        try ResponseLogWriter(directory: directory.path, now: 1).append(entry(1))
        let file = directory.appending(path: ResponseLogFile.name(1))
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("damaged\n".utf8) + Data(repeating: 120, count: 200_000) + Data("\n".utf8))
        try handle.close()
        try ResponseLogWriter(directory: directory.path, now: 2).append(entry(3))
        let (entries, _, unreadable) = try readAll()
        #expect(entries == [entry(1), entry(3)])
        #expect(unreadable > 1)
    }

    @Test("if the log was deleted and a new one begun, a reader continues in the new log and reports a gap")
    func deletedLog() throws {
        try ResponseLogWriter(directory: directory.path, now: 10).append(entry(1))
        let (_, end, _) = try readAll()
        try FileManager.default.removeItem(at: directory)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try ResponseLogWriter(directory: directory.path, now: 20).append(entry(3))
        let batch = try ResponseLogReader(directory: directory.path).read(after: end)
        #expect(batch.entries == [entry(3)])
        #expect(batch.hasGap)
    }

    @Test("if an older copy of the log was restored, a reader gets the entries written after that and reports a gap")
    func restoredLog() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        try ResponseLogWriter(directory: directory.path, now: 500).append(entry(1))
        let old = directory.appendingPathExtension("old")
        try FileManager.default.copyItem(at: directory, to: old)
        try ResponseLogWriter(directory: directory.path, now: 1_000).append(entry(3))
        let (_, end, _) = try readAll()
        try FileManager.default.removeItem(at: directory)
        try FileManager.default.moveItem(at: old, to: directory)
        #expect(try readAll(after: end).entries == [])
        try ResponseLogWriter(directory: directory.path, now: 2_000).append(entry(5))
        let batch = try ResponseLogReader(directory: directory.path).read(after: end)
        #expect(batch.entries == [entry(5)])
        #expect(batch.hasGap)
    }

    @Test("while a writer has the log open, a second writer is refused")
    func secondWriter() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let writer = try ResponseLogWriter(directory: directory.path, now: 1)
        #expect(throws: SpoolError.self) { try ResponseLogWriter(directory: directory.path, now: 1) }
        withExtendedLifetime(writer) {}
    }
}

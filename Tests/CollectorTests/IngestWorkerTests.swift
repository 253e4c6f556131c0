import Foundation
import OCSF
import Spool
import Testing

@testable import Collector

@Suite("An ingest worker")
struct IngestWorkerTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString)")

    private func worker() throws -> IngestWorker {
        let settings = SpoolSettings(
            directory: root.appending(path: "spool").path, stateDirectory: root.appending(path: "state").path,
            recordSchema: "test")
        let spool = try Spool(settings, fileSystem: PosixFileSystem(), now: .now())
        return try IngestWorker(
            name: "test", spool: spool, catalog: try EventCatalog.builtIn(), settings: NormalizerSettings())
    }

    private func page(_ events: Range<Int>) -> [UInt8] {
        let rows = events.map { number in
            """
            {"uuid":"event-\(number)","published":"2026-11-23T20:00:00.000Z","eventType":"user.session.start",\
            "actor":{"id":"00u1","type":"User","alternateId":"ana@corp.example"}}
            """
        }
        return Array("[\(rows.joined(separator: ","))]".utf8)
    }

    private func uids() throws -> [String] {
        let reader = try SpoolReader(directory: root.appending(path: "spool").path)
        var found: [String] = []
        for listing in try reader.segments() {
            try reader.lines(listing.path) { (line) throws(SpoolError) in
                if let uid = recordUID(of: line) { found.append(String(decoding: uid, as: UTF8.self)) }
            }
        }
        return found.sorted()
    }

    @Test("a page is only put behind the cursor that it was asked for with")
    func order() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker()
        _ = try await worker.open("acme", source: EventSource())
        _ = try await worker.ingest(page: page(0..<3), after: nil, cursor: "a", integration: "acme", collectedAt: 1)
        await #expect(throws: IngestWorker.Failure.self) {
            try await worker.ingest(page: page(3..<6), after: "b", cursor: "c", integration: "acme", collectedAt: 1)
        }
        #expect(try await worker.open("acme", source: EventSource()).cursor == "a")
        _ = await worker.sealAndClose()
        #expect(try uids() == ["event-0", "event-1", "event-2"])
    }

    @Test("damage that a seal meets is cut, said, and what stood behind it is collected again")
    func damage() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker()
        _ = try await worker.open("acme", source: EventSource())
        _ = try await worker.ingest(page: page(0..<3), after: nil, cursor: "a", integration: "acme", collectedAt: 1)
        _ = try await worker.ingest(page: page(3..<6), after: "a", cursor: "b", integration: "acme", collectedAt: 1)
        let directory = root.appending(path: "state/integrations/acme")
        let journal = try #require(
            try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil).first)
        let file = try FileHandle(forUpdating: journal)
        try file.seek(toOffset: try file.seekToEnd() - 100)
        try file.write(contentsOf: Data("damage".utf8))
        try file.close()

        let first = await worker.sealAll()
        #expect(first.first?.failure != nil)
        // Its cursor went back: the collector's next page does not follow it any more, and it asks again from where it is.
        await #expect(throws: IngestWorker.Failure.self) {
            try await worker.ingest(page: page(6..<9), after: "b", cursor: "c", integration: "acme", collectedAt: 1)
        }
        let cursor = try await worker.open("acme", source: EventSource()).cursor
        #expect(cursor == "a")
        _ = try await worker.ingest(page: page(3..<9), after: cursor, cursor: "c", integration: "acme", collectedAt: 1)
        let second = await worker.sealAndClose()
        #expect(second.first?.failure == nil)
        #expect(try uids() == (0..<9).map { "event-\($0)" })
    }
}

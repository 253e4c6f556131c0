import Foundation
import OCSF
import Spool
import Testing

@testable import Collector
@testable import OktaAPI

@Suite("An ingest worker")
struct IngestWorkerTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString)")

    private func worker(segmentMaxBytes: Int? = nil) throws -> IngestWorker {
        var settings = SpoolSettings(
            directory: root.appending(path: "spool").path, stateDirectory: root.appending(path: "state").path,
            recordSchema: "test")
        if let segmentMaxBytes { settings.segmentMaxBytes = segmentMaxBytes }
        let spool = try Spool(settings, fileSystem: PosixFileSystem(), now: .now())
        return try IngestWorker(
            name: "test", spool: spool, catalog: try EventCatalog.builtIn(), settings: NormalizerSettings())
    }

    private static func link(_ number: Int) -> String { "https://acme.okta.com/api/v1/logs?after=\(number)&limit=1000" }

    /// The page with these events, asked for at `place`, and followed by the link of that number.
    private func page(
        _ events: [Int], at place: LogPlace = LogPlace(since: 0, fingerprint: "f"), next: Int, way: LogWay = .tail,
        body: String? = nil
    ) -> LogPage {
        let rows = events.map { number in
            """
            {"uuid":"\(uuid(number))","published":"2026-11-23T20:00:00.000Z","eventType":"user.session.start",\
            "actor":{"id":"00u1","type":"User","alternateId":"ana@corp.example"}}
            """
        }
        return LogPage(
            body: Array((body ?? "[\(rows.joined(separator: ","))]").utf8), way: way, requestID: nil, place: place,
            next: Self.link(next), fingerprint: "f", organization: nil, limit: 1000, serverTime: nil,
            wall: 1_763_928_000_000, boundaryRun: 0,
            gap: nil)
    }

    private func uuid(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "00000000-0000-11f0-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    private func open(_ worker: IngestWorker) async throws -> String? {
        try await worker.open("acme", source: EventSource()).cursor
    }

    private func ingest(_ worker: IngestWorker, _ page: LogPage, after kept: String?) async throws
        -> IngestWorker.Ingested
    {
        try #require(try await worker.ingest(page, after: kept, integration: "acme", collectedAt: 1))
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

    @Test("a page is only put behind the place that it was asked for at")
    func order() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker()
        #expect(try await open(worker) == nil)
        let first = try await ingest(worker, page([0, 1, 2], next: 1), after: nil)
        await #expect(throws: IngestWorker.Failure.self) {
            _ = try await ingest(worker, page([3, 4, 5], next: 2), after: "elsewhere")
        }
        #expect(try await open(worker) == first.kept)
        #expect(first.landing.place.tail.next == Self.link(1))
        _ = await worker.sealAndClose("acme")
        #expect(try uids() == [0, 1, 2].map(uuid))
    }

    @Test(
        "what comes again is counted and dropped: in a page, in the next, after a restart, and what could not be read too"
    )
    func duplicates() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        var kept: String?
        do {
            let worker = try worker()
            _ = try await open(worker)
            let first = try await ingest(worker, page([0, 1, 1, 2], next: 1), after: nil)
            #expect((first.events, first.duplicates) == (3, 1))
            let place = first.landing.place
            let second = try await ingest(
                worker, page([], at: place, next: 2, body: "[42,{\"uuid\":\"x\"},42]"), after: first.kept)
            #expect((second.events, second.rejected, second.duplicates) == (1, 1, 1))
            kept = second.kept
            _ = await worker.sealAndClose("acme")
        }
        let worker = try worker()
        #expect(try await open(worker) == kept)
        let place = try LogPlace(parsing: try #require(kept))
        let third = try await ingest(worker, page([2, 0, 3], at: place, next: 3), after: kept)
        #expect((third.events, third.duplicates) == (1, 2))
        let fourth = try await ingest(
            worker, page([], at: third.landing.place, next: 4, body: "[{\"uuid\":\"x\"},42]"), after: third.kept)
        #expect((fourth.events, fourth.rejected, fourth.duplicates) == (0, 0, 2))
        _ = await worker.sealAndClose("acme")
        #expect(try uids() == ([0, 1, 2, 3].map(uuid) + ["x"]).sorted())
    }

    @Test("a page of the history that is too early leaves nothing behind, and is taken when the tail had its turn")
    func tooEarly() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker()
        _ = try await open(worker)
        var place = LogPlace(since: 1_763_928_000_000, fingerprint: "f")
        place.backfill = .init(
            history: .init(next: Self.link(1), since: 0), from: 0, until: 1_763_928_000_000, boundary: 0)
        try await worker.keep(place.text, integration: "acme")
        let early = page([0, 1], at: place, next: 2, way: .history)
        #expect(try await worker.ingest(early, after: place.text, integration: "acme", collectedAt: 1) == nil)
        let tail = try await ingest(worker, page([1], at: place, next: 9), after: place.text)
        #expect(tail.events == 1)
        var cleared = page([0, 1], at: tail.landing.place, next: 2, way: .history)
        cleared.isCleared = true
        let taken = try await ingest(worker, cleared, after: tail.kept)
        #expect((taken.events, taken.duplicates) == (1, 1))
        _ = await worker.sealAndClose("acme")
        #expect(try uids() == [0, 1].map(uuid))
    }

    @Test("damage that a seal meets is cut, said, and what stood behind it is collected again")
    func damage() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker(segmentMaxBytes: 1)
        _ = try await open(worker)
        let first = try await ingest(worker, page([0, 1, 2], next: 1), after: nil)
        let second = try await ingest(worker, page([3, 4, 5], at: first.landing.place, next: 2), after: first.kept)
        let directory = root.appending(path: "state/integrations/acme")
        let journal = try #require(
            try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil).first)
        let file = try FileHandle(forUpdating: journal)
        try file.seek(toOffset: try file.seekToEnd() - 100)
        try file.write(contentsOf: Data("damage".utf8))
        try file.close()

        let sealing = await worker.sealDue("acme")
        #expect(sealing?.failure != nil)
        // Its place went back: the collector's next page does not follow it any more, and it asks again from where it is.
        await #expect(throws: IngestWorker.Failure.self) {
            _ = try await ingest(worker, page([6, 7, 8], next: 3), after: second.kept)
        }
        #expect(try await open(worker) == first.kept)
        _ = try await ingest(
            worker, page(Array(3..<9), at: first.landing.place, next: 3), after: first.kept)
        let again = await worker.sealAndClose("acme")
        #expect(again?.failure == nil)
        #expect(try uids() == (0..<9).map(uuid))
    }
}

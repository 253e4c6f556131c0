import CollectionSimulation
import Foundation
import OCSF
import Spool
import Testing

@testable import Collector
@testable import OktaAPI

@Suite("An ingest worker")
struct IngestWorkerTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "tributary-\(UUID().uuidString)")

    private func worker(
        segmentMaxBytes: Int? = nil, limits: PassedLimits = .init(), fileSystem: any FileSystem = PosixFileSystem(),
        actions: CommittedActions? = nil
    ) throws -> IngestWorker {
        var settings = SpoolSettings(
            directory: root.appending(path: "spool").path, stateDirectory: root.appending(path: "state").path,
            recordSchema: "test")
        if let segmentMaxBytes { settings.segmentMaxBytes = segmentMaxBytes }
        let spool = try Spool(settings, fileSystem: fileSystem, now: SystemTime().spool)
        return try IngestWorker(
            name: "test", spool: spool, catalog: try EventCatalog.builtIn(), settings: NormalizerSettings(),
            limits: limits, actions: actions)
    }

    private static func link(_ number: Int) -> String { "https://acme.okta.com/api/v1/logs?after=\(number)&limit=1000" }

    /// The place where a first run starts.
    private static let start = LogPlace(source: "f", ways: .one(.init(filter: nil, restart: StoredTime(0))))

    /// A page with these events, which was requested at `place`. `next` is the number in its next link.
    private func page(
        _ events: [Int], at place: LogPlace = start, next: Int, isQuery: Bool = false, search: LogSearch? = nil,
        way: LogWay = .main, body: String? = nil
    ) -> LogPage {
        LogPage(
            body: Array((body ?? self.body(events)).utf8), way: way, place: place,
            next: Self.link(next), since: StoredTime(0), isQuery: isQuery, search: search, limit: 1000,
            date: ServerTime(1_795_464_060_000), previousCount: nil, freshness: 60_000, gap: nil,
            organization: nil, requestID: nil)
    }

    private func body(_ events: [Int], and more: String? = nil) -> String {
        let rows = events.map { number in
            """
            {"uuid":"\(uuid(number))","published":"2026-11-23T20:00:00.000Z","eventType":"user.session.start",\
            "actor":{"id":"00u1","type":"User","alternateId":"ana@corp.example"}}
            """
        }
        return "[\((rows + [more].compactMap(\.self)).joined(separator: ","))]"
    }

    private func uuid(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "00000000-0000-11f0-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    private func open(_ worker: IngestWorker) async throws -> String? {
        try await worker.open("acme", source: EventSource()).cursor
    }

    private func ingest(_ worker: IngestWorker, _ page: LogPage, after kept: String?) async throws
        -> IngestWorker.Committed
    {
        let ingested = try await worker.ingest(page, after: kept, integration: "acme", collectedAt: 1)
        guard case .committed(let committed) = ingested else { throw NotCommitted(ingested: "\(ingested)") }
        return committed
    }

    private struct NotCommitted: Error {
        let ingested: String
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

    @Test(
        "events about response actions are kept only for an integration with response actions",
        arguments: [true, false])
    func responseActions(hasResponseActions: Bool) async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let actions = CommittedActions()
        let worker = try worker(actions: actions)
        let kept = try await worker.open(
            "acme", source: EventSource(), hasResponseActions: hasResponseActions
        ).cursor
        let suspended = """
            {"uuid":"\(uuid(1))","published":"2026-11-23T20:00:00.000Z","eventType":"user.lifecycle.suspend",\
            "actor":{"id":"00u1","type":"User","alternateId":"ana@corp.example"},"transaction":{"type":"WEB","id":"REQ1"}}
            """
        _ = try await ingest(worker, page([], at: Self.start, next: 1, body: body([2], and: suspended)), after: kept)
        _ = await worker.sealAndClose("acme")
        #expect(try uids() == [uuid(1), uuid(2)])
        #expect(actions.actions.map(\.transactionID) == (hasResponseActions ? ["REQ1"] : []))
    }

    @Test("events without a readable time do not move the restart time past unread events")
    func withoutTime() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker()
        var kept = try await open(worker)
        var place = Self.start
        // The events were stored 30 days before they are read. Only one of ten has a `published`.
        let answered: Int64 = 1_795_464_060_000
        for number in 0..<12 {
            let rows = (0..<1_000).map { index -> String in
                let id = uuid(number * 1_000 + index)
                let time = UTCTime(milliseconds: answered - 30 * 86_400_000 + Int64(number)).rfc3339
                let published = index % 10 == 0 ? "\"published\":\"\(time)\"," : ""
                return "{\"uuid\":\"\(id)\",\(published)\"eventType\":\"user.session.start\"}"
            }
            let body = "[\(rows.joined(separator: ","))]"
            let ingested = try await worker.ingest(
                page([], at: place, next: number, body: body), after: kept, integration: "acme", collectedAt: answered)
            guard case .committed(let committed) = ingested else { throw NotCommitted(ingested: "\(ingested)") }
            #expect(committed.events == 1_000)
            (kept, place) = (committed.kept, committed.checkpoint.place)
        }
        #expect(try #require(place[.main]).restart < StoredTime(answered - 29 * 86_400_000))
    }

    @Test("the time at which the end of the log was seen is stored with a page, and once a day while the org is idle")
    func endIsKept() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker()
        _ = try await open(worker)
        let first = try await ingest(worker, page([0, 1], next: 1), after: nil)
        let answered = ServerTime(1_795_464_060_000)
        #expect(first.checkpoint.place[.main]?.end == answered)
        let idle = page([], at: first.checkpoint.place, next: 1)
        #expect(idle.emptyCheckpoint != nil)
        var old = try #require(first.checkpoint.place[.main])
        old.end = ServerTime(answered.milliseconds - 86_400_000)
        var place = first.checkpoint.place
        place.ways = .one(old)
        try await worker.keep(place.text, integration: "acme")
        let next = page([], at: place, next: 1)
        #expect(next.emptyCheckpoint == nil)
        let second = try await ingest(worker, next, after: place.text)
        #expect(try LogPlace(parsing: second.kept)[.main]?.end == answered)
    }

    @Test("a page is stored only if the stored place has not changed since the page was requested")
    func order() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker()
        #expect(try await open(worker) == nil)
        let first = try await ingest(worker, page([0, 1, 2], next: 1), after: nil)
        await #expect(throws: IngestWorker.Failure.self) {
            _ = try await ingest(worker, page([3, 4, 5], next: 2), after: "elsewhere")
        }
        #expect(try await open(worker) == first.kept)
        #expect(first.checkpoint.place[.main]?.next == Self.link(1))
        _ = await worker.sealAndClose("acme")
        #expect(try uids() == [0, 1, 2].map(uuid))
    }

    @Test(
        "repeated events are counted and dropped within a page, in the next page, and after a restart, even if they are unreadable"
    )
    func duplicates() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        var kept: String?
        do {
            let worker = try worker()
            _ = try await open(worker)
            let first = try await ingest(worker, page([0, 1, 1, 2], next: 1), after: nil)
            #expect((first.events, first.duplicates) == (3, 1))
            let place = first.checkpoint.place
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
            worker, page([], at: third.checkpoint.place, next: 4, body: "[{\"uuid\":\"x\"},42]"), after: third.kept)
        #expect((fourth.events, fourth.rejected, fourth.duplicates) == (0, 0, 2))
        _ = await worker.sealAndClose("acme")
        #expect(try uids() == ([0, 1, 2, 3].map(uuid) + ["x"]).sorted())
    }

    @Test("while a query by time searches for known events, no page is stored, and the next page continues the search")
    func searched() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let limits = PassedLimits(window: 4, need: 1, head: 2, restartDepths: 2..<4)
        let worker = try worker(limits: limits)
        _ = try await open(worker)
        let first = try await ingest(worker, page([0, 1, 2, 3, 4], next: 1), after: nil)
        let second = try await ingest(
            worker, page([5, 6, 7, 8, 9], at: first.checkpoint.place, next: 2), after: first.kept)
        let place = second.checkpoint.place
        // The events 0 to 4 were collected and forgotten. Event 50 is new. The element 42 is not an event.
        let query = page([], at: place, next: 3, isQuery: true, body: body([0, 1, 50, 5], and: "42"))
        let ingested = try await worker.ingest(query, after: second.kept, integration: "acme", collectedAt: 1)
        guard case .searching(let search, count: 5) = ingested else {
            Issue.record("\(ingested)")
            return
        }
        #expect(search.count == 1)
        #expect(search.next == Self.link(3))
        #expect(try await open(worker) == second.kept)
        // With this page, two remembered events have been counted, which ends the first pass. The second pass reads the same events again, and
        // collects the unknown events that follow the first remembered one.
        let end = page([6, 7, 10], at: place, next: 4, search: search)
        guard
            case .searching(let again, count: 3) = try await worker.ingest(
                end, after: second.kept, integration: "acme", collectedAt: 1)
        else {
            Issue.record("the search has ended after its first pass")
            return
        }
        #expect(!again.isCounting && !again.hasFailed)
        #expect(again.next == nil)
        let third = try await ingest(worker, page([6, 7, 10], at: place, next: 4, search: again), after: second.kept)
        #expect((third.events, third.rejected, third.duplicates) == (1, 0, 2))
        #expect(third.checkpoint.place[.main]?.next == Self.link(4))
        _ = await worker.sealAndClose("acme")
        #expect(try uids() == (0...10).map(uuid))
    }

    @Test("until the tail has begun, its pages without a new event are not stored")
    func noTail() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker()
        _ = try await open(worker)
        let first = try await ingest(worker, page([0, 1], next: 1), after: nil)
        let place = first.checkpoint.place
        for events in [[], [0, 1]] {
            let ingested = try await worker.ingest(
                page(events, at: place, next: 9, isQuery: true, way: .tail), after: first.kept, integration: "acme",
                collectedAt: 1)
            guard case .nothing = ingested else {
                Issue.record("\(ingested)")
                return
            }
        }
        #expect(try await open(worker) == first.kept)
        let tail = try await ingest(
            worker, page([1, 2], at: place, next: 9, isQuery: true, way: .tail), after: first.kept)
        #expect((tail.events, tail.duplicates) == (1, 1))
        #expect(tail.checkpoint.change == .tailBegan)
        _ = await worker.sealAndClose("acme")
        #expect(try uids() == [0, 1, 2].map(uuid))
    }

    @Test(
        "an incomplete page is not stored; the same page is stored once it arrives complete")
    func broken() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker()
        _ = try await open(worker)
        let whole = body([0, 1, 2])
        let cut = page([], next: 1, body: String(whole.dropLast(40)))
        await #expect(throws: IngestWorker.Failure.self) { _ = try await ingest(worker, cut, after: nil) }
        #expect(try await open(worker) == nil)
        let again = try await ingest(worker, page([], next: 1, body: whole), after: nil)
        #expect((again.events, again.duplicates) == (3, 0))
        _ = await worker.sealAndClose("acme")
        #expect(try uids() == [0, 1, 2].map(uuid))
    }

    @Test("if the configured query has changed, the stored place is adapted to it, and the adapted place is durable")
    func opensPlace() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let old = LogQuery(org: try OrgURL(parsing: "acme.okta.com"))
        let new = LogQuery(org: old.org, filter: "b")
        do {
            let worker = try worker()
            #expect(try await worker.place(of: "acme", for: old) == nil)
            _ = try await open(worker)
            #expect(try await worker.place(of: "acme", for: old) == nil, "no place is stored yet")
            let start = LogPlace(start: StoredTime(0), query: old)
            try await worker.keep(start.text, integration: "acme")
            _ = try await ingest(worker, page([0], at: start, next: 1), after: start.text)
            let opened = try #require(try await worker.place(of: "acme", for: new))
            #expect(opened.changes == [.filter])
            #expect(try await open(worker) == opened.place.text)
            try await worker.keep("tributary-cursor/4 {}", integration: "acme")
            await #expect(throws: IngestWorker.OpeningFailure.self) { try await worker.place(of: "acme", for: new) }
            #expect(try await open(worker) == "tributary-cursor/4 {}", "an unreadable place is left unchanged")
            try await worker.keep(opened.place.text, integration: "acme")
            _ = await worker.sealAndClose("acme")
        }
        let worker = try worker()
        let kept = try await open(worker)
        let opened = try #require(try await worker.place(of: "acme", for: new))
        #expect(opened.changes == [])
        let query = try await ingest(
            worker, page([0, 1], at: opened.place, next: 2, isQuery: true), after: kept)
        #expect((query.events, query.duplicates) == (1, 1))
    }

    @Test("damage that a seal finds is cut off and reported, and the events after the damage are collected again")
    func damage() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let worker = try worker(segmentMaxBytes: 1)
        _ = try await open(worker)
        let first = try await ingest(worker, page([0, 1, 2], next: 1), after: nil)
        let second = try await ingest(worker, page([3, 4, 5], at: first.checkpoint.place, next: 2), after: first.kept)
        let directory = root.appending(path: "state/integrations/acme")
        let journal = try #require(
            try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil).first)
        let file = try FileHandle(forUpdating: journal)
        try file.seek(toOffset: try file.seekToEnd() - 100)
        try file.write(contentsOf: Data("damage".utf8))
        try file.close()

        let sealing = await worker.sealDue("acme")
        #expect(sealing?.failure != nil)
        // The worker has lost the damaged commit, and returns to the place before it. So a page that was requested after that commit is refused.
        await #expect(throws: IngestWorker.Failure.self) {
            _ = try await ingest(worker, page([6, 7, 8], next: 3), after: second.kept)
        }
        #expect(try await open(worker) == first.kept)
        _ = try await ingest(
            worker, page(Array(3..<9), at: first.checkpoint.place, next: 3), after: first.kept)
        let again = await worker.sealAndClose("acme")
        #expect(again?.failure == nil)
        #expect(try uids() == (0..<9).map(uuid))
    }

    @Test("if the records of a removed integration can't be sealed, the error is reported until they are sealed")
    func leftover() async throws {
        let disk = PowerCutFileSystem()
        let worker = try worker(fileSystem: disk)
        _ = try await open(worker)
        _ = try await ingest(worker, page([0, 1, 2], next: 1), after: nil)
        disk.fail { operation, _ in operation == .link ? ENOSPC : 0 }
        let closed = await worker.sealAndClose("acme")
        #expect(closed?.failure?.passesByItself == true)
        for _ in 0..<2 {
            #expect(try await worker.sealLeftover(of: "acme").failure?.errnoCode == ENOSPC)
        }
        disk.fail(nil)
        let leftover = try await worker.sealLeftover(of: "acme")
        #expect(leftover.failure == nil)
        #expect(leftover.sealed.map(\.records) == [3])
        #expect(try await worker.sealLeftover(of: "acme").records == 0)
    }
}

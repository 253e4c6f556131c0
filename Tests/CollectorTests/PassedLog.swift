import Foundation
import Testing

@testable import Collector
@testable import OktaAPI
@testable import Spool

/// A log of numbered events, whose pages a test reads and stores as the worker does. The spool remembers very few events.
final class PassedLog {
    /// A window keeps at least 40 events, a search has to find 4 remembered events, and the head is full with 6 events.
    static let limits = PassedLimits(window: 40, need: 4, head: 6, restartDepths: 10..<15)
    static let base: Int64 = 1_763_928_000_000
    static let origin = "https://acme.okta.com"

    private let root = FileManager.default.temporaryDirectory.appending(path: "passed-\(UUID().uuidString)")
    let writer: SpoolWriter
    var place: LogPlace
    /// The events collected so far, in order.
    private(set) var collected: [Int] = []
    private var newest = 0
    /// The time between the `published` of two successive events, in milliseconds.
    let spacing: Int64

    init(spacing: Int64 = 1_000, restart: Int64 = 0) throws {
        self.spacing = spacing
        writer = try Self.open(root)
        place = LogPlace(
            source: try Self.query().source, ways: .one(.init(filter: nil, restart: StoredTime(restart))))
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    static func query(filter: String? = nil, pageLimit: Int = 1000) throws -> LogQuery {
        LogQuery(org: try OrgURL(parsing: origin), filter: filter, pageLimit: pageLimit)
    }

    static func link(_ name: String) -> String { "\(origin)/api/v1/logs?after=\(name)&limit=1000" }

    static func identity(_ number: Int) -> RecordIdentity {
        RecordIdentity(high: UInt64(number), low: UInt64(number) &* 0x9E37_79B9)
    }

    private static func open(_ root: URL) throws -> SpoolWriter {
        let settings = SpoolSettings(
            directory: root.appending(path: "spool").path, stateDirectory: root.appending(path: "state").path,
            recordSchema: "test")
        let spool = try Spool(settings, fileSystem: PosixFileSystem(), now: SystemTime().spool)
        let writer = try spool.writer(integration: "acme", scratch: SpoolScratch(), now: SystemTime().spool)
        writer.boundIdentities(limits)
        return writer
    }

    func published(_ number: Int) -> Int64 { Self.base + Int64(number) * spacing }

    /// A page with these events. `date` is the time of the answer; its default is a second after the newest event of all pages so far.
    func page(
        _ events: [Int], way: LogWay = .main, next: String = "n", isQuery: Bool = false, search: LogSearch? = nil,
        date: Int64? = nil, since: Int64 = 0, limit: Int = 1000, mainNewest: Int64? = nil
    ) -> LogPage {
        newest = max(newest, events.max() ?? 0)
        return LogPage(
            body: [], way: way, place: place, next: Self.link(next), since: StoredTime(since), isQuery: isQuery,
            search: search, limit: limit, date: ServerTime(date ?? published(newest) + 1_000),
            previousCount: nil, mainNewest: mainNewest.map { PublishedTime($0) }, freshness: 60_000, gap: nil,
            organization: nil, requestID: nil)
    }

    /// Reads the page. If the outcome is a checkpoint, makes it durable with the new events. `published` sets the times of some events; other times
    /// are computed from the events' numbers.
    @discardableResult
    func read(_ page: LogPage, _ events: [Int], published: [Int: Int64] = [:]) throws -> PageOutcome {
        var reading = PageReading(page, writer, Self.limits)
        var taken: [Int] = []
        for number in events {
            if reading.takes(Self.identity(number)) { taken.append(number) }
            reading.saw(published: published[number] ?? self.published(number))
        }
        let outcome = reading.outcome()
        guard case .checkpoint(let checkpoint) = outcome else {
            writer.discard()
            return outcome
        }
        try writer.commit(cursor: checkpoint.place.text, times: reading.times, at: SystemTime().spool)
        place = checkpoint.place
        collected += taken
        return outcome
    }

    /// Reads a page, and stores its checkpoint and its new events. Throws an error if the page has no checkpoint.
    @discardableResult
    func store(
        _ events: [Int], way: LogWay = .main, next: String = "n", isQuery: Bool = false, search: LogSearch? = nil,
        date: Int64? = nil, since: Int64 = 0
    ) throws -> PageCheckpoint {
        let page = page(
            events, way: way, next: next, isQuery: isQuery, search: search, date: date, since: since)
        let outcome = try read(page, events)
        guard case .checkpoint(let checkpoint) = outcome else { throw Unexpected(outcome: "\(outcome)") }
        return checkpoint
    }

    /// Reads a page of a search, and checks that the page changes nothing that is stored.
    func search(
        _ events: [Int], way: LogWay = .main, next: String = "s", after search: LogSearch? = nil, date: Int64? = nil,
        limit: Int = 1000
    ) throws -> LogSearch {
        let page = page(events, way: way, next: next, isQuery: search == nil, search: search, date: date, limit: limit)
        let before = (collected, place, writer.cursor)
        let outcome = try read(page, events)
        guard case .searching(let search) = outcome else { throw Unexpected(outcome: "\(outcome)") }
        #expect((collected, place, writer.cursor) == before)
        return search
    }

    /// Reads a page of a search, and then empty pages until the first pass of the search has ended.
    func searchToEnd(_ events: [Int], way: LogWay = .main) throws -> LogSearch {
        var search = try search(events, way: way)
        while search.isCounting { search = try self.search([], way: way, after: search) }
        return search
    }

    /// Opens the stored place again with this query, as after a restart. Returns what has changed in the query.
    @discardableResult
    func reopen(filter: String? = nil, pageLimit: Int = 1000) throws -> [OpenedPlace.Change] {
        let kept = try #require(writer.cursor)
        let opened = try open(kept, Self.query(filter: filter, pageLimit: pageLimit))
        return opened.changes
    }

    /// Opens the place that is stored as this text, as the daemon does when it starts.
    @discardableResult
    func open(_ text: String, _ query: LogQuery) throws -> OpenedPlace {
        try writer.recover(at: SystemTime().spool)
        let opened = try OpenedPlace(text, query, writer)
        try writer.commit(cursor: opened.place.text, at: SystemTime().spool)
        place = opened.place
        return opened
    }

    /// Stores windows as an earlier version did. A window's index in the array is its number in that version. The oldest identity comes first.
    func remember(_ windows: [[RecordIdentity]]) throws {
        for (number, identities) in windows.enumerated() {
            let window = try #require(IdentityWindow(rawValue: UInt8(number)))
            for identity in identities { writer.remember(identity, in: window) }
        }
        try writer.commit(
            cursor: "earlier", times: IdentityTimes(earliest: Self.base, latest: Self.base), at: SystemTime().spool)
    }

    /// The events that were collected more than once.
    var twice: [Int] {
        Dictionary(grouping: collected) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
    }

    struct Unexpected: Error {
        let outcome: String
    }
}

extension PassedLog {
    /// A log whose only way has passed the events 0..<100 in pages of ten. The window is smaller, so the first events are forgotten.
    static func passed(spacing: Int64 = 1_000) throws -> PassedLog {
        let log = try PassedLog(spacing: spacing)
        for start in stride(from: 0, to: 100, by: 10) { try log.store(Array(start..<start + 10), next: "\(start)") }
        #expect(log.collected == Array(0..<100))
        #expect(log.writer.identityCount(.main) < 60)
        return log
    }

    /// A log with two ways: the history has passed 0..<10, and the tail `count` events from 100 on, in pages of three.
    static func backfill(tail count: Int, spacing: Int64 = 1_000) throws -> PassedLog {
        let log = try PassedLog(spacing: spacing)
        try log.store(Array(0..<10), next: "h0")
        for start in stride(from: 100, to: 100 + count, by: 3) {
            let events = Array(start..<min(start + 3, 100 + count))
            try log.store(
                events, way: .tail, next: "t\(start)", isQuery: start == 100, since: log.published(99))
        }
        return log
    }
}

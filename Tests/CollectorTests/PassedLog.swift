import Foundation
import Testing

@testable import Collector
@testable import OktaAPI
@testable import Spool

/// Reads pages of numbered events with a spool that remembers very few events. The results are made durable as the worker does it.
final class PassedLog {
    /// The windows hold at least 40 events, a search needs 4, and a tail's head is full with 6.
    static let limits = PassedLimits(window: 40, need: 4, head: 6, leastSeen: 3, restartDepths: 10..<15)
    static let base: Int64 = 1_763_928_000_000
    static let origin = "https://acme.okta.com"

    private let root = FileManager.default.temporaryDirectory.appending(path: "passed-\(UUID().uuidString)")
    let writer: SpoolWriter
    var place: LogPlace
    /// The events collected so far, in order.
    private(set) var collected: [Int] = []
    private var newest = 0
    /// The time between the `published` of two events, in milliseconds.
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

    /// A page with these events. Unless `date` is given, it was answered a second after the newest event of any page.
    func page(
        _ events: [Int], way: LogWay = .main, next: String = "n", isQuery: Bool = false, search: LogSearch? = nil,
        date: Int64? = nil, since: Int64 = 0, limit: Int = 1000
    ) -> LogPage {
        newest = max(newest, events.max() ?? 0)
        return LogPage(
            body: [], way: way, place: place, next: Self.link(next), since: StoredTime(since), isQuery: isQuery,
            search: search, limit: limit, date: ServerTime(date ?? published(newest) + 1_000),
            previousCount: nil, freshness: 60_000, gap: nil, organization: nil, requestID: nil)
    }

    /// Reads the page and makes the result durable. An event's `published` follows from its number, unless `published` names it.
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

    /// Reads a page, and stores its checkpoint and its new events.
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

    /// Reads a page of a query by time that only searches for known events.
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

    /// Starts the daemon again, possibly with another query.
    @discardableResult
    func reopen(filter: String? = nil, pageLimit: Int = 1000) throws -> [OpenedPlace.Change] {
        let kept = try #require(writer.cursor)
        let opened = try open(kept, Self.query(filter: filter, pageLimit: pageLimit))
        return opened.changes
    }

    /// Reads a place's text as at a start.
    @discardableResult
    func open(_ text: String, _ query: LogQuery) throws -> OpenedPlace {
        try writer.recover(at: SystemTime().spool)
        let opened = try OpenedPlace(text, query, writer)
        try writer.commit(cursor: opened.place.text, at: SystemTime().spool)
        place = opened.place
        return opened
    }

    /// Stores the windows as an earlier version did: each under the number that it had in that version, with the oldest identities first.
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

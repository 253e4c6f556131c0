import Testing

@testable import Collector
@testable import OktaAPI
@testable import Spool

@Suite("Opening a stored place when collection starts")
struct OpenedPlaceTests {
    private func backfill(head: Int, filter: String? = nil) throws -> PassedLog {
        let log = try PassedLog()
        log.place.changeEach { $0.filter = filter }
        try log.store(Array(0..<10), next: "h0")
        try log.store(Array(100..<100 + head), way: .tail, next: "t0", isQuery: true, since: log.published(99))
        return log
    }

    @Test("if the query is unchanged, collection continues with the stored links")
    func unchanged() throws {
        for log in [try PassedLog(), try backfill(head: 3), try backfill(head: 8)] {
            try log.store([20], next: "h1")
            let before = log.place
            #expect(try log.reopen() == [])
            #expect(log.place == before)
        }
    }

    @Test("if the page size has changed, no stored link is used, and no event is collected twice")
    func source() throws {
        let log = try backfill(head: 8)
        #expect(try log.reopen(pageLimit: 500) == [.source])
        #expect(log.place.links == [])
        #expect(log.place.source == (try PassedLog.query(pageLimit: 500)).source)
        #expect(try log.reopen(pageLimit: 500) == [])
        try log.store([0, 9, 10], next: "h1", isQuery: true)
        try log.store([100, 107, 108], way: .tail, next: "t1", isQuery: true)
        #expect(log.twice == [])
        #expect(log.collected.suffix(2) == [10, 108])
    }

    // MARK: Another filter

    @Test("if the filter has changed, the log is queried by time, and no event is collected twice")
    func oneWay() throws {
        let log = try PassedLog()
        for start in [0, 10, 20] { try log.store(Array(start..<start + 10), next: "h\(start)") }
        let restart = log.place[.main]?.restart
        #expect(try log.reopen(filter: "b") == [.filter])
        #expect(log.place[.main]?.filter == "b")
        #expect(log.place[.main]?.next == nil)
        #expect(log.place[.main]?.restart == restart)
        #expect(try log.reopen(filter: "b") == [])
        // The new filter also admits 500 and 501, which are between the events of the old filter.
        let checkpoint = try log.store([0, 500, 8, 9, 501, 29, 30], next: "b1", isQuery: true)
        #expect(checkpoint.unproven == 0)
        #expect(log.collected == Array(0..<30) + [500, 501, 30])
        try log.store([29, 500, 31], next: "b2")
        // The first filter is configured again.
        #expect(try log.reopen() == [.filter])
        try log.store([5, 29, 30, 31, 32], next: "c1", isQuery: true)
        #expect(log.twice == [])
        #expect(log.collected.last == 32)
    }

    @Test(
        "if the filter changes when the head is full, only the tail gets the new filter, and the history ends where the tail began"
    )
    func fullHead() throws {
        let log = try backfill(head: 8)
        #expect(try log.reopen(filter: "b") == [.filter])
        guard case .two(let history, let tail, _) = log.place.ways else {
            Issue.record("\(log.place)")
            return
        }
        #expect(history.filter == nil)
        #expect(history.next == PassedLog.link("h0"))
        #expect(tail.filter == "b")
        #expect(tail.next == nil)
        #expect(try log.reopen(filter: "b") == [])
        // The tail drops the events that it has collected with the old filter.
        try log.store([100, 600, 107, 108], way: .tail, next: "t1", isQuery: true)
        #expect(log.collected.suffix(2) == [600, 108])
        let checkpoint = try log.store(Array(10..<20) + [100, 101, 102, 103, 104], next: "h1")
        #expect(checkpoint.change == .historyEnded)
        #expect(log.place[.main]?.filter == "b")
        #expect(log.place[.main]?.next == PassedLog.link("t1"))
        try log.store([104, 107, 600, 108, 109], next: "t2")
        #expect(log.twice == [])
        #expect(log.collected.last == 109)
    }

    @Test(
        "if the filter changes when the head is not full, one way continues with the new filter; it drops events that the tail has collected"
    )
    func shortHead() throws {
        let log = try backfill(head: 4)
        let restart = try #require(log.place[.main]?.restart)
        #expect(try log.reopen(filter: "b") == [.filter])
        guard case .one(let way) = log.place.ways else {
            Issue.record("\(log.place)")
            return
        }
        #expect(way.filter == "b")
        #expect(way.next == nil)
        #expect(way.restart == restart)
        try log.store([0, 9, 10, 100, 102, 104], next: "b1", isQuery: true)
        try log.store([103, 101, 105], next: "b2")
        #expect(log.collected == Array(0..<10) + Array(100..<104) + [10, 104, 105])
    }

    // MARK: Earlier versions

    /// Version 2 called the tail's first events the boundary. It remembered each of them under this identity.
    private func atBoundary(_ number: Int) -> RecordIdentity {
        let identity = PassedLog.identity(number)
        return RecordIdentity(high: ~identity.high, low: identity.low ^ 0x5555_5555_5555_5555)
    }

    private func text(_ query: LogQuery, backfill boundary: Int? = nil) -> String {
        let since = PassedLog.base
        let backfill = boundary.map {
            """
            "backfill":{"boundary":\($0),"from":\(since),"history":{"next":"\(PassedLog.link("h0"))","since":\(since)},\
            "until":\(since + 99_000)},
            """
        }
        return """
            tributary-cursor/2 {\(backfill ?? "")"fingerprint":"\(query.earlierFingerprint)",\
            "tail":{"next":"\(PassedLog.link("t0"))","since":\(since),"watermark":\(since + 200_000)}}
            """
    }

    @Test(
        "a place in format 2 without a backfill keeps the events of both windows, and these are not collected again",
        arguments: [nil, "b"])
    func version2OneWay(newFilter: String?) throws {
        let log = try PassedLog()
        // Two windows: the tail's events, and the history's events from a backfill that has ended.
        try log.remember([[10, 11, 12].map(PassedLog.identity), [7, 8].map(PassedLog.identity)])
        let opened = try log.open(text(try PassedLog.query()), PassedLog.query(filter: newFilter))
        // Version 2 stores one fingerprint of the query, so a changed filter is reported as a changed source.
        #expect(opened.changes == (newFilter == nil ? [] : [.source]))
        let way = try #require(log.place[.main])
        #expect(way.filter == newFilter)
        #expect(way.next == (newFilter == nil ? PassedLog.link("t0") : nil))
        #expect(way.restart == StoredTime(PassedLog.base))
        try log.store([7, 10, 12, 13], next: "1", isQuery: newFilter != nil)
        try log.reopen(filter: newFilter)
        try log.store([8, 11, 13, 14], next: "2")
        #expect(log.collected == [13, 14])
    }

    @Test(
        "a backfill in format 2 continues with tail and history, and ends where the tail began",
        arguments: [2_000, 4])
    func version2Backfill(boundary: Int) throws {
        let log = try PassedLog()
        // The boundary (the tail's first events) contains 100 to 103, but the tail's window has forgotten 100 and 101.
        try log.remember([
            Array(102..<110).map(PassedLog.identity), Array(0..<10).map(PassedLog.identity),
            Array(100..<104).map(atBoundary),
        ])
        try log.open(text(try PassedLog.query(), backfill: boundary), PassedLog.query())
        #expect(log.place[.main]?.next == PassedLog.link("h0"))
        #expect(log.place[.tail]?.next == PassedLog.link("t0"))
        try log.store([9, 10, 11], next: "h1")
        try log.store([102, 109, 5, 110], way: .tail, next: "t1")
        #expect(log.collected == [10, 11, 110])
        try log.reopen()
        #expect(try log.store([12, 100], next: "h2").change == .none)
        let checkpoint = try log.store([101, 102, 13], next: "h3")
        #expect(checkpoint.change == (boundary == 2_000 ? .historyEnded : .tailDropped))
        // If the boundary is full, the history ends, and event 13 is left to the tail.
        let rest = boundary == 2_000 ? [] : [13]
        #expect(log.collected == [10, 11, 110, 12] + rest)
        try log.store([100, 101, 102, 103, 109, 110, 111], next: "3")
        #expect(log.collected == [10, 11, 110, 12] + rest + [111])
    }

    @Test("a place of another organization or of a later version is refused")
    func refused() throws {
        let log = try PassedLog()
        try log.store([0], next: "h0")
        var place = log.place
        place.organization = "00o1"
        var query = try PassedLog.query()
        query.organization = "00o2"
        #expect(throws: CursorError.otherOrganization(kept: "00o1", found: "00o2")) {
            try OpenedPlace(place.text, query, log.writer)
        }
        #expect(throws: CursorError.newerVersion(4)) {
            try OpenedPlace("tributary-cursor/4 {}", query, log.writer)
        }
    }
}

import Testing

@testable import Collector
@testable import OktaAPI
@testable import Spool

@Suite("A kept place at a start")
struct OpenedPlaceTests {
    private func backfill(head: Int, filter: String? = nil) throws -> PassedLog {
        let log = try PassedLog()
        log.place.changeEach { $0.filter = filter }
        try log.land(Array(0..<10), next: "h0")
        try log.land(Array(100..<100 + head), way: .tail, next: "t0", isQuery: true, since: log.published(99))
        return log
    }

    @Test("the same query goes on as it was, with its links")
    func unchanged() throws {
        for log in [try PassedLog(), try backfill(head: 3), try backfill(head: 8)] {
            try log.land([20], next: "h1")
            let before = log.place
            #expect(try log.reopen() == [])
            #expect(log.place == before)
        }
    }

    @Test("another page size gives up every link, and nothing comes twice")
    func source() throws {
        let log = try backfill(head: 8)
        #expect(try log.reopen(pageLimit: 500) == [.source])
        #expect(log.place.links == [])
        #expect(log.place.source == (try PassedLog.query(pageLimit: 500)).source)
        #expect(try log.reopen(pageLimit: 500) == [])
        try log.land([0, 9, 10], next: "h1", isQuery: true)
        try log.land([100, 107, 108], way: .tail, next: "t1", isQuery: true)
        #expect(log.twice == [])
        #expect(log.collected.suffix(2) == [10, 108])
    }

    // MARK: Another filter

    @Test("one way with another filter is queried by time, and what it has collected does not come again")
    func oneWay() throws {
        let log = try PassedLog()
        for start in [0, 10, 20] { try log.land(Array(start..<start + 10), next: "h\(start)") }
        let restart = log.place[.main]?.restart
        #expect(try log.reopen(filter: "b") == [.filter])
        #expect(log.place[.main]?.filter == "b")
        #expect(log.place[.main]?.next == nil)
        #expect(log.place[.main]?.restart == restart)
        #expect(try log.reopen(filter: "b") == [])
        // The new filter admits events that lie between those of the old one.
        let landing = try log.land([0, 500, 8, 9, 501, 29, 30], next: "b1", isQuery: true)
        #expect(landing.unproven == 0)
        #expect(log.collected == Array(0..<30) + [500, 501, 30])
        try log.land([29, 500, 31], next: "b2")
        // And back again.
        #expect(try log.reopen() == [.filter])
        try log.land([5, 29, 30, 31, 32], next: "c1", isQuery: true)
        #expect(log.twice == [])
        #expect(log.collected.last == 32)
    }

    @Test("with a full head the tail gets the new filter; the history keeps its own and finds the tail's beginning")
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
        // The tail drops what it has collected by the old filter.
        try log.land([100, 600, 107, 108], way: .tail, next: "t1", isQuery: true)
        #expect(log.collected.suffix(2) == [600, 108])
        let landing = try log.land(Array(10..<20) + [100, 101, 102, 103, 104], next: "h1")
        #expect(landing.change == .historyEnded)
        #expect(log.place[.main]?.filter == "b")
        #expect(log.place[.main]?.next == PassedLog.link("t1"))
        try log.land([104, 107, 600, 108, 109], next: "t2")
        #expect(log.twice == [])
        #expect(log.collected.last == 109)
    }

    @Test("with a short head one way is left, which has the new filter and drops what the tail has collected")
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
        try log.land([0, 9, 10, 100, 102, 104], next: "b1", isQuery: true)
        try log.land([103, 101, 105], next: "b2")
        #expect(log.collected == Array(0..<10) + Array(100..<104) + [10, 104, 105])
    }

    // MARK: Earlier versions

    /// As version 2 remembered an event of the tail's boundary.
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

    @Test("one way of version 2 knows what both of its windows held", arguments: [nil, "b"])
    func version2OneWay(newFilter: String?) throws {
        let log = try PassedLog()
        // The tail's, and what is left of a history that had ended.
        try log.remember([[10, 11, 12].map(PassedLog.identity), [7, 8].map(PassedLog.identity)])
        let opened = try log.open(text(try PassedLog.query()), PassedLog.query(filter: newFilter))
        // Whether it was the filter that is another can't be told.
        #expect(opened.changes == (newFilter == nil ? [] : [.source]))
        let way = try #require(log.place[.main])
        #expect(way.filter == newFilter)
        #expect(way.next == (newFilter == nil ? PassedLog.link("t0") : nil))
        #expect(way.restart == StoredTime(PassedLog.base))
        try log.land([7, 10, 12, 13], next: "1", isQuery: newFilter != nil)
        try log.reopen(filter: newFilter)
        try log.land([8, 11, 13, 14], next: "2")
        #expect(log.collected == [13, 14])
    }

    @Test(
        "a backfill of version 2 goes on with both ways, and the history finds the tail's beginning",
        arguments: [2_000, 4])
    func version2Backfill(boundary: Int) throws {
        let log = try PassedLog()
        // Of the boundary, the tail has forgotten 100 and 101.
        try log.remember([
            Array(102..<110).map(PassedLog.identity), Array(0..<10).map(PassedLog.identity),
            Array(100..<104).map(atBoundary),
        ])
        try log.open(text(try PassedLog.query(), backfill: boundary), PassedLog.query())
        #expect(log.place[.main]?.next == PassedLog.link("h0"))
        #expect(log.place[.tail]?.next == PassedLog.link("t0"))
        try log.land([9, 10, 11], next: "h1")
        try log.land([102, 109, 5, 110], way: .tail, next: "t1")
        #expect(log.collected == [10, 11, 110])
        try log.reopen()
        #expect(try log.land([12, 100], next: "h2").change == .none)
        let landing = try log.land([101, 102, 13], next: "h3")
        #expect(landing.change == (boundary == 2_000 ? .historyEnded : .tailDropped))
        // After a full boundary the tail has the rest.
        let rest = boundary == 2_000 ? [] : [13]
        #expect(log.collected == [10, 11, 110, 12] + rest)
        try log.land([100, 101, 102, 103, 109, 110, 111], next: "3")
        #expect(log.collected == [10, 11, 110, 12] + rest + [111])
    }

    @Test("a place of another organization or of a later version is refused")
    func refused() throws {
        let log = try PassedLog()
        try log.land([0], next: "h0")
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

import Testing

@testable import Collector
@testable import OktaAPI
@testable import Spool

@Suite("Which events of a page are collected")
struct PageReadingTests {
    // MARK: Passed, and following a link

    @Test(
        "passed events are dropped within a page, in later pages, and after a restart; all other events are collected")
    func known() throws {
        let log = try PassedLog()
        let first = try log.store([0, 1, 1, 2], next: "1")
        #expect(log.collected == [0, 1, 2])
        #expect((first.count, first.passed) == (4, 3))
        #expect(first.newest == PublishedTime(log.published(2)))
        #expect(first.change == .none)
        #expect(log.place[.main]?.next == PassedLog.link("1"))
        try log.store([1, 2, 3], next: "2")
        try log.reopen()
        try log.store([3, 0, 4], next: "3")
        #expect(log.collected == [0, 1, 2, 3, 4])
        let last = try log.store([4, 3], next: "4")
        #expect((last.count, last.passed) == (2, 0))
        #expect(log.place[.main]?.next == PassedLog.link("4"))
    }

    @Test("an event without an identity is collected")
    func withoutIdentity() throws {
        let log = try PassedLog()
        var reading = PageReading(log.page([]), log.writer, PassedLog.limits)
        let taken = [reading.takes(nil), reading.takes(nil)]
        #expect(taken == [true, true])
        #expect(reading.count == 2)
    }

    @Test("once the first page is durable, the org's id is stored, and a start relative to now is not computed again")
    func settled() throws {
        let log = try PassedLog()
        log.place.countedFrom = HostTime(1)
        log.place.organization = "00o1"
        try log.store([0])
        #expect(log.place.countedFrom == nil)
        #expect(log.place.organization == "00o1")
    }

    // MARK: Restart

    @Test(
        "a query by time from the restart time returns every event that was not passed; the restart time follows the events"
    )
    func restart() throws {
        let log = try PassedLog.passed()
        let restart = try #require(log.place[.main]?.restart)
        #expect(restart <= StoredTime(log.published(100)))
        // The restart time is computed from event 74, which is well before the newest event. It is five minutes before that event's `published`,
        // because Okta may store an event that much earlier than its `published`.
        #expect(restart == PublishedTime(log.published(74)).earliestStored)
        // Pages of very old events, as from an application that reports late, do not move the restart time back.
        let late = Array(1_000..<1_010)
        let times = Dictionary(uniqueKeysWithValues: late.map { ($0, PassedLog.base - 86_400_000) })
        for _ in 0..<4 { try log.read(log.page(late, date: log.published(101)), late, published: times) }
        #expect(try #require(log.place[.main]?.restart) >= restart)
    }

    @Test("events with a future date do not move the restart time, or the reported newest time, beyond Okta's clock")
    func future() throws {
        let log = try PassedLog()
        var date: Int64 = 0
        for start in stride(from: 0, to: 40, by: 10) {
            let events = Array(start..<start + 10)
            date = log.published(start + 10)
            let times = Dictionary(uniqueKeysWithValues: events.map { ($0, Int64.max) })
            try log.read(log.page(events, date: date), events, published: times)
        }
        let way = try #require(log.place[.main])
        #expect(way.restart <= StoredTime(date))
        #expect(way.restart > StoredTime(0))
        #expect(try #require(way.reached) <= PublishedTime(date + 1_000))
    }

    // MARK: Re-query

    @Test(
        "a query by time counts the remembered events; a second pass collects all unknown events after half of these"
    )
    func search() throws {
        let log = try PassedLog.passed()
        let first = try log.search(Array(40..<50), next: "a")
        #expect(first.pass == .counting(upTo: 8))
        #expect(first.count == 0)
        #expect(first.next == PassedLog.link("a"))
        // This page contains two remembered events. One of them is repeated, but counts once.
        let oldest = try #require((0..<100).first { log.writer.knows(PassedLog.identity($0), in: .main) })
        let page = Array(50..<oldest) + [oldest, oldest, oldest, oldest + 1, oldest]
        let second = try log.search(page, next: "b", after: first)
        #expect(second.pass == .counting(upTo: 8))
        #expect(second.count == 2)
        // Event 30 was collected and forgotten. The query returns it later than before, among the remembered events.
        let events = [oldest + 2, 30, oldest + 3] + Array(oldest + 4..<103)
        let third = try log.search(events, next: "c", after: second)
        #expect(!third.isCounting && !third.hasFailed)
        #expect(third.next == PassedLog.link("a"), "the second pass begins at the first page with a remembered event")
        let fourth = try log.search(page, next: "b", after: third)
        #expect(!fourth.isCollecting)
        // Event 30 is not collected again: it is before the fourth remembered event, after which unknown events are collected.
        let checkpoint = try log.store(events, next: "c", search: fourth)
        #expect(log.collected == Array(0..<103))
        #expect(checkpoint.passed == 3)
        #expect(checkpoint.unproven == 0)
        #expect(log.place[.main]?.next == PassedLog.link("c"))
        try log.store([102, 103], next: "d")
        #expect(log.collected == Array(0..<104))
    }

    @Test("if Okta has stored a forgotten event twice, a query by time does not collect the event again")
    func repeatOfForgotten() throws {
        // The restart time is five minutes before the time of a remembered event. The events are a minute apart, so some forgotten events are older
        // than the restart time.
        let log = try PassedLog.passed(spacing: 60_000)
        // Okta has stored event 1 a second time, a few positions after the restart time.
        let date = log.published(103)
        let first = try log.search([75, 1], next: "a", date: date)
        let second = try log.search(Array(76..<102), next: "q", after: first, date: date)
        let third = try log.search([75, 1], next: "a", after: second, date: date)
        try log.store(Array(76..<102), next: "q", search: third, date: date)
        #expect(log.collected == Array(0..<102))
    }

    @Test(
        "if Okta has deleted most remembered events, new events that come before the last remembered ones are collected",
        arguments: [7, 8, 9, 12, 30])
    func newAmongRemembered(left: Int) throws {
        let log = try PassedLog.passed()
        // Okta has left only a few of the remembered events. A query may return an event up to three positions earlier than another query.
        let events = Array(100 - left..<97) + [100, 101, 97, 98, 99, 102]
        let date = log.published(103)
        var search = try log.search(events, next: "end", date: date)
        while case .counting = search.pass { search = try log.search([], next: "end", after: search, date: date) }
        #expect(search.next == nil)
        try log.store(events, next: "end", search: search, date: date)
        #expect(log.collected.sorted() == Array(0..<103))
    }

    @Test(
        "if a search finds no remembered event, possible duplicates are announced, unless all forgotten events precede the restart time",
        arguments: [(-1, true), (0, true), (1, false)] as [(Int64, Bool)])
    func boundary(restartAfterDropped: Int64, announces: Bool) throws {
        let log = try PassedLog()
        let forgotten = PassedLog.base + 5_000
        for (numbers, latest) in [([1], forgotten), (Array(2..<43), forgotten - 1)] {
            for number in numbers { log.writer.remember(PassedLog.identity(number), in: .main) }
            try log.writer.commit(
                cursor: log.place.text, times: IdentityTimes(earliest: .min, latest: latest), at: SystemTime().spool)
        }
        #expect(log.writer.droppedLatest(.main) == forgotten)
        log.place.changeEach { $0.restart = StoredTime(forgotten + restartAfterDropped) }
        let began = log.published(110)
        var search = try log.search([], date: began)
        for _ in 0..<3 { search = try log.search([], after: search, date: began) }
        #expect(search.hasFailed)
        let checkpoint = try log.store([100], search: search, date: began)
        #expect(log.collected == [100])
        #expect(checkpoint.unproven == (announces ? 1 : 0))
    }

    @Test("if no event was forgotten, a query by time collects unknown events without a search")
    func nothingForgotten() throws {
        let log = try PassedLog()
        try log.store(Array(0..<30))
        let checkpoint = try log.store([50] + Array(0..<32), isQuery: true)
        #expect(log.collected == Array(0..<30) + [50, 30, 31])
        #expect((checkpoint.count, checkpoint.passed, checkpoint.unproven) == (33, 3, 0))
    }

    @Test(
        "if a search finds no remembered event, everything is collected, and the number of possible duplicates is reported"
    )
    func nothingFound() throws {
        let log = try PassedLog.passed()
        let began = log.published(110)
        var search = try log.search([40, 41], date: began)
        #expect(search.began == ServerTime(began))
        for _ in 0..<3 { search = try log.search([], after: search, date: began + 60_000) }
        #expect(search.pass == .counting(upTo: 8), "three empty answers are not enough to end the first pass")
        search = try log.search([], next: "end", after: search, date: began + 60_000)
        #expect(search.hasFailed)
        #expect(search.next == nil, "the next request is a query by time again")

        // From now on all unknown events are collected. Some were collected before and forgotten, so possible duplicates are announced.
        let first = try log.store([5, 6, 90, 101], next: "t1", search: search, date: began + 60_000)
        #expect(Array(log.collected.dropFirst(100)) == [5, 6, 101])
        #expect(first.unproven == 3)
        #expect(
            first.place[.main]?.unprovenUntil == ServerTime(began),
            "events up to this time may have been collected before")
        let second = try log.store([7, 101, 102], next: "t2", date: began + 60_000)
        #expect(second.unproven == 2)
        // These events were published more than five minutes after the search began, so they can't have been collected before.
        let third = try log.store([412, 413], next: "t3")
        #expect(third.place[.main]?.unprovenUntil == ServerTime(began), "older events may still follow")
        #expect(third.unproven == 0)
        #expect(Array(log.collected.dropFirst(100)) == [5, 6, 101, 7, 102, 412, 413])
        // When the restart time is later than the search, no older events follow.
        for start in stride(from: 414, to: 434, by: 5) { try log.store(Array(start..<start + 5), next: "t\(start)") }
        #expect(log.place[.main]?.unprovenUntil == nil)
    }

    @Test(
        "a second pass must find half of the events that the first has found; otherwise every unknown event is collected"
    )
    func halfFound() throws {
        let log = try PassedLog.passed()
        let began = log.published(99)
        let first = try log.search(Array(90..<98), date: began)
        #expect(!first.isCounting && !first.hasFailed)
        #expect(first.next == nil)
        try log.store([20] + Array(90..<99) + [100], search: first, date: began)
        #expect(log.collected == Array(0..<101))

        let other = try PassedLog.passed()
        let second = try other.search(Array(90..<98), date: began)
        // Most events of this page were published after the search began, so the pass ends.
        let third = try other.search([90, 200, 201, 202], after: second, date: began)
        #expect(third.hasFailed, "the search has failed, because its second pass found too few events")
        #expect(third.next == nil)
    }

    @Test(
        "a page that is not full ends a search only if ten minutes have passed since the first page of the search",
        arguments: [(599_000, false), (600_000, true)])
    func shortAnswer(milliseconds: Int64, ends: Bool) throws {
        let log = try PassedLog.passed()
        let began = log.published(99)
        let first = try log.search([40, 41], date: began)
        #expect(try log.search([42], after: first, date: began + milliseconds).hasFailed == ends)
        // A full page does not end the search.
        let again = try log.search([40, 41], date: began)
        #expect(try log.search([42], after: again, date: began + milliseconds, limit: 1).isCounting)
    }

    @Test("a page that is not full ends the second pass of a search only ten minutes after the pass began")
    func secondPassTime() throws {
        let log = try PassedLog.passed()
        let began = log.published(99)
        let first = try log.search(Array(90..<97), date: began)
        let second = try log.search([97], after: first, date: began + 599_000)
        #expect(!second.isCounting)
        let third = try log.search([40, 41], after: second, date: began + 700_000)
        #expect(!third.hasFailed)
        #expect(try log.search([42], after: third, date: began + 1_300_000).hasFailed)
    }

    @Test("if Okta deletes remembered events between the passes of a search, new events among the others are collected")
    func deletedBetweenPasses() throws {
        let log = try PassedLog.passed()
        let date = log.published(103)
        let first = try log.search(Array(92..<100), next: "end", date: date)
        #expect(!first.isCounting)
        try log.store([97, 100, 101, 98, 99, 102], next: "end", search: first, date: date)
        #expect(log.collected == Array(0..<103))
    }

    // MARK: The tail

    @Test("a tail begins only with a page that contains an unknown event")
    func tailBegins() throws {
        let log = try PassedLog()
        try log.store([0, 1, 2, 3], next: "h1")
        let before = log.place
        for events in [[], [2, 3]] {
            guard case .nothing = try log.read(log.page(events, way: .tail, isQuery: true), events) else {
                Issue.record("a tail began with \(events)")
                return
            }
        }
        #expect(log.place == before)
        #expect(log.writer.identityCount(.tail) == 0)
        let checkpoint = try log.store([3, 1_000, 2, 1_001], way: .tail, next: "t1", isQuery: true, since: 77)
        #expect(checkpoint.change == .tailBegan)
        guard case .two(let history, let tail, let backfill) = log.place.ways else {
            Issue.record("\(log.place)")
            return
        }
        #expect(history == before[.main])
        #expect(tail.next == PassedLog.link("t1"))
        #expect(tail.restart == StoredTime(77))
        #expect(backfill.until == StoredTime(77))
        #expect(!backfill.isHeadFull)
        #expect(log.collected == [0, 1, 2, 3, 1_000, 1_001])
        // The head contains only events that the history has not collected.
        #expect(log.writer.identityList(.head) == [1_000, 1_001].map(PassedLog.identity))
    }

    @Test(
        "a tail begins only with events that were published half an hour after the main way's newest event, or later",
        arguments: [(1_800_000, true), (1_799_999, false)])
    func tailIsAhead(ahead: Int64, begins: Bool) throws {
        let log = try PassedLog()
        try log.store([0, 1, 2, 3], next: "h1")
        let before = log.place
        // Only new events count, and most of them must be late enough.
        let events = [2, 3, 1_000, 1_001, 1_002]
        let page = log.page(events, way: .tail, isQuery: true, mainNewest: log.published(3))
        var published = Dictionary(uniqueKeysWithValues: events.dropFirst(2).map { ($0, log.published(3) + ahead) })
        published[1_002] = log.published(0)
        let outcome = try log.read(page, events, published: published)
        if begins {
            guard case .checkpoint(let checkpoint) = outcome else { throw Missing() }
            #expect(checkpoint.change == .tailBegan)
        } else {
            guard case .nothing = outcome else { throw Missing() }
            #expect(log.place == before)
        }
    }

    private struct Missing: Error {}

    @Test(
        "the history does not collect events that the tail has passed, and the tail does not collect those of the history"
    )
    func otherWay() throws {
        let log = try PassedLog.backfill(tail: 12)
        try log.store([9, 110, 10, 111], next: "h1")
        try log.store([9, 10, 112], way: .tail, next: "t2")
        #expect(log.collected == Array(0..<10) + Array(100..<112) + [10, 112])
    }

    @Test(
        "if the head is full, the history ends when it has found half of the head's events, and collects no later events"
    )
    func historyEnds() throws {
        let log = try PassedLog.backfill(tail: 12)
        #expect(log.place.backfill?.isHeadFull == true)
        #expect(log.writer.identityCount(.head) == 6, "nothing is added to a full head")
        #expect(try log.store(Array(10..<50) + [100, 101], next: "h1").change == .none)
        #expect(log.place.backfill?.met == 2)
        // A restart between two pages makes no difference.
        try log.reopen()
        let checkpoint = try log.store([50, 102, 103, 112, 113], next: "h2")
        #expect(checkpoint.change == .historyEnded)
        // The history leaves 112 and 113 to the tail, which has not passed them yet.
        #expect(log.collected == Array(0..<10) + Array(100..<112) + Array(10..<51))
        guard case .one(let way) = log.place.ways else {
            Issue.record("\(log.place)")
            return
        }
        #expect(way.next == PassedLog.link("t109"))
        #expect(log.writer.identityCount(.tail) == 0)
        #expect(log.writer.identityCount(.head) == 0)
        // The remaining way has the tail's events, so 110 and 111 are not collected again.
        try log.store([110, 111, 112, 113], next: "t3")
        #expect(log.collected.suffix(2) == [112, 113])
        #expect(log.twice == [])
    }

    @Test("a short tail is dropped when the history reaches it, and none of its events is collected twice")
    func shortTail() throws {
        let log = try PassedLog.backfill(tail: 5)
        #expect(log.place.backfill?.isHeadFull == false)
        #expect(try log.store(Array(10..<30) + [100, 101], next: "h1").change == .none)
        let checkpoint = try log.store([30, 102, 31, 104], next: "h2")
        #expect(checkpoint.change == .tailDropped)
        guard case .one(let way) = log.place.ways else {
            Issue.record("\(log.place)")
            return
        }
        // The history is now the only way, and collects events that the tail has not passed.
        #expect(way.next == PassedLog.link("h2"))
        #expect(log.writer.identityCount(.tail) == 0)
        #expect(log.writer.identityCount(.head) == 0)
        try log.store([103, 105, 104, 106], next: "h3")
        try log.reopen()
        try log.store([100, 101, 102, 103, 104, 105, 106, 107], next: "h4", isQuery: true)
        #expect(log.collected == Array(0..<10) + Array(100..<105) + Array(10..<32) + [105, 106, 107])
    }

    @Test(
        "the tail is dropped when the history's restart time passes the tail's beginning, even if the history found no event of the tail"
    )
    func restartAfterTail() throws {
        // The events are a minute apart, so the restart time moves by ten minutes with each page of the history.
        let log = try PassedLog.backfill(tail: 2, spacing: 60_000)
        var change = PageCheckpoint.Change.none
        var next = 200
        while change == .none, next < 300 {
            change = try log.store(Array(next..<next + 10), next: "h\(next)").change
            next += 10
        }
        #expect(change == .tailDropped)
        #expect(try #require(log.place[.main]?.restart) > StoredTime(log.published(99)))
        try log.store([100, 101, next], next: "h9")
        #expect(log.twice == [])
    }

    @Test("if Okta has deleted most of the head, events that the history may collect a second time are counted")
    func deletedHead() throws {
        let log = try PassedLog.backfill(tail: 90)
        #expect(!log.writer.knows(PassedLog.identity(130), in: .tail), "the tail has forgotten event 130")
        let before = try log.store(Array(10..<50), next: "h1")
        #expect(before.unproven == 0, "events that are older than the tail are not counted")
        // Okta has deleted the events 100 to 104.
        let checkpoint = try log.store([105, 130, 131, 132, 189], next: "h2")
        #expect(checkpoint.change == .none, "the page has too few events of the head, so the history does not end")
        #expect(log.twice == [130, 131, 132])
        #expect(checkpoint.unproven == 3)
        // This tail has forgotten no event, so no event can be collected twice.
        let short = try PassedLog.backfill(tail: 8)
        #expect(try short.store([108, 109], next: "h1").unproven == 0)
    }

    @Test("if Okta has deleted the head, events that the tail may collect a second time after the history are counted")
    func overtakenTail() throws {
        let log = try PassedLog.backfill(tail: 8)
        try log.store(Array(10..<90), next: "h1")
        let before = try log.store([108, 109], way: .tail, next: "t1")
        #expect(before.unproven == 0, "the history has not reached the head, so the tail does not repeat its events")
        // Okta has deleted the events 100 to 109.
        for start in stride(from: 110, to: 210, by: 10) {
            let checkpoint = try log.store(Array(start..<start + 10), next: "h\(start)")
            #expect(checkpoint.change == .none && checkpoint.unproven == 0)
        }
        #expect(!log.writer.knows(PassedLog.identity(110), in: .main), "the history has forgotten event 110")
        let checkpoint = try log.store([110, 111, 112, 209], way: .tail, next: "t2")
        #expect(log.twice == [110, 111, 112])
        #expect(checkpoint.unproven == 3)
        // The backfill ends, and the tail continues where it was.
        var start = 210
        var change = PageCheckpoint.Change.none
        while change == .none, start < 600 {
            change = try log.store(Array(start..<start + 10), next: "h\(start)").change
            start += 10
        }
        #expect(change == .historyEnded)
        #expect(!log.writer.knows(PassedLog.identity(210), in: .main), "event 210 is forgotten")
        #expect(try log.store([210, 211], next: "t3").unproven == 2)
        #expect(log.twice == [110, 111, 112, 210, 211])
        try log.store(Array(start..<start + 10), next: "t4")
        #expect(try log.store([start + 400], next: "t5").unproven == 0, "this event is new")
    }

    /// The joined window could drop events that the tail is reading again.
    @Test("if a tail has passed as many events as a window remembers, it is queried by time when the backfill ends")
    func fullTailWindow() throws {
        for (count, next) in [(41, nil), (20, PassedLog.link("t118"))] {
            let log = try PassedLog.backfill(tail: count)
            #expect(log.writer.droppedLatest(.tail) == nil)
            try log.store(Array(10..<90), next: "h1")
            #expect(try log.store([100, 101, 102], next: "h2").change == .historyEnded)
            #expect(log.place[.main]?.next == next)
        }
    }

    @Test("if repeats make up half of a small head, the events between the history and the tail are collected")
    func smallHeadOfRepeats() throws {
        let log = try PassedLog.backfill(tail: 4)
        // The events 100 and 101 are also stored among the events of the history.
        #expect(try log.store(Array(10..<91) + [100, 101], next: "h1").change == .tailDropped)
        try log.reopen(filter: "new")
        // The new filter matches few of the events that the history remembers.
        let events = [89] + Array(91..<100) + [102, 103, 104]
        let search = try log.searchToEnd(events)
        try log.store(events, next: "h2", search: search)
        #expect(Set(91..<100).isSubset(of: log.collected))
        #expect(log.twice == [])
    }

    @Test("if the filter changes while the head is not full, the events between the history and the tail are collected")
    func filterChangeBeforeHeadIsFull() throws {
        let log = try PassedLog.backfill(tail: 5)
        try log.store(Array(10..<90), next: "h1")
        #expect(log.place.backfill != nil && log.writer.droppedLatest(.main) != nil)
        try log.reopen(filter: "new")
        // The new filter matches few of the events that the history remembers.
        let events = [88, 89] + Array(90..<105)
        let search = try log.searchToEnd(events)
        try log.store(events, next: "h2", search: search)
        #expect(Set(90..<100).isSubset(of: log.collected))
        #expect(log.twice == [])
    }

    @Test(
        "the tail's window for earlier filters is kept until the backfill ends, because the history may return its events"
    )
    func earlierTailIsKept() throws {
        let log = try PassedLog.backfill(tail: 90, spacing: 60_000)
        try log.store(Array(10..<50), next: "h1")
        try log.reopen(filter: "new")
        try log.store(Array(190..<230), way: .tail, next: "t1")
        let latest = try #require(log.writer.latest(.earlierTail))
        try log.store([230], way: .tail, next: "t2")
        #expect(try #require(log.place[.tail]?.restart) > StoredTime(latest))
        // Okta has deleted the events 100 to 104.
        let checkpoint = try log.store([105, 130, 131, 132, 189], next: "h2")
        #expect(checkpoint.change == .none)
        #expect(log.twice == [130, 131, 132])
        #expect(checkpoint.unproven == 3)
    }

    @Test(
        "if the history has overtaken the tail and forgets events only when the backfill ends, possible duplicates are announced"
    )
    func overtakenWithoutForgetting() throws {
        let log = try PassedLog.backfill(tail: 8, spacing: 60_000)
        var start = 110
        while start < 150, log.place.backfill != nil {
            #expect(log.writer.droppedLatest(.main) == nil)
            try log.store(Array(start..<start + 5), next: "h\(start)")
            start += 5
        }
        #expect(log.place.backfill == nil)
        #expect(log.place[.main]?.unprovenUntil != nil)
    }

    @Test(
        "if the filter has changed and the history has overtaken the tail, the tail collects the events that only its own filter matches"
    )
    func overtakenWithOtherFilter() throws {
        let log = try PassedLog.backfill(tail: 8)
        try log.store(Array(10..<90), next: "h1")
        try log.reopen(filter: "new")
        // The old filter matches even numbers, and the new one multiples of three. Okta has deleted the events 100 to 109.
        var start = 110
        var change = PageCheckpoint.Change.none
        while change == .none, start < 600 {
            change = try log.store(Array(stride(from: start, to: start + 20, by: 2)), next: "h\(start)").change
            start += 20
        }
        #expect(change == .historyEnded)
        let matching = Array(stride(from: 111, to: start + 60, by: 3))
        let search = try log.searchToEnd(matching)
        let checkpoint = try log.store(matching, next: "t2", search: search)
        #expect(Set(matching).isSubset(of: log.collected))
        #expect(!log.twice.isEmpty, "the history has forgotten some of the events that both filters match")
        #expect(checkpoint.unproven >= log.twice.count)
    }

    @Test(
        "if the tail's filter was changed and changed back, no event that the tail has forgotten is collected twice after the backfill"
    )
    func changedBack() throws {
        let log = try PassedLog.backfill(tail: 12)
        try log.store(Array(10..<90), next: "h1")
        try log.reopen(filter: "new")
        for start in stride(from: 112, to: 162, by: 5) {
            try log.store(Array(start..<start + 5), way: .tail, next: "b\(start)", isQuery: start == 112)
        }
        try log.reopen()
        // The first filter matches multiples of three from here on. The tail has forgotten the events 114 to 120.
        let events = Array(100..<112) + Array(stride(from: 114, to: 162, by: 3))
        var search = try log.searchToEnd(events, way: .tail)
        try log.store(events + [163], way: .tail, next: "t2", search: search)
        #expect(try log.store(Array(90..<103), next: "h2").change == .historyEnded)
        search = try log.searchToEnd(events + [163])
        let checkpoint = try log.store(events + [163, 166], next: "t3", search: search)
        #expect(log.twice == [] && log.collected.last == 166 && log.collected.contains(163))
        #expect(checkpoint.unproven == 0)
    }

    @Test("late events in the head do not make a tail count its new events as repeated")
    func lateHead() throws {
        let log = try PassedLog.backfill(tail: 5)
        let day = Dictionary(uniqueKeysWithValues: [105, 106, 107, 108].map { ($0, PassedLog.base) })
        for start in stride(from: 10, to: 90, by: 10) { try log.store(Array(start..<start + 10), next: "h\(start)") }
        #expect(log.writer.droppedLatest(.main) != nil)
        for events in [[105, 106], [107, 108]] {
            let page = log.page(events, way: .tail, next: "t\(events[0])")
            guard case .checkpoint(let checkpoint) = try log.read(page, events, published: day) else {
                Issue.record("the page has no checkpoint")
                return
            }
            #expect(checkpoint.unproven == 0)
        }
    }

    @Test("the tail's events are added to the head until the head is full; then the head does not change")
    func headGrows() throws {
        let log = try PassedLog()
        try log.store([0], next: "h0")
        var full: [Bool?] = []
        for start in [100, 104, 108] {
            try log.store(Array(start..<start + 4), way: .tail, next: "t\(start)", isQuery: start == 100)
            full.append(log.place.backfill?.isHeadFull)
        }
        #expect(full == [false, true, true])
        #expect(log.writer.identityList(.head) == (100..<108).map(PassedLog.identity))
    }

    @Test("if the tail is queried by time, the query searches for events that the tail remembers")
    func tailSearches() throws {
        let log = try PassedLog.backfill(tail: 90)
        let oldest = try #require((100..<190).first { log.writer.knows(PassedLog.identity($0), in: .tail) })
        #expect(oldest > 110)
        let first = try log.search(Array(100..<oldest + 2), way: .tail)
        #expect(first.count == 2)
        let second = try log.search(Array(oldest + 2..<192), way: .tail, after: first)
        #expect(!second.isCounting && !second.hasFailed)
        try log.store(Array(100..<192), way: .tail, next: "t9", search: second)
        #expect(log.collected.suffix(2) == [190, 191])
        #expect(log.twice == [])
    }
}

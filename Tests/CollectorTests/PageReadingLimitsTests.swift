import Testing

@testable import Collector
@testable import OktaAPI
@testable import Spool

/// Cases at the limits of what `docs/exactly-once.md` assumes: wrong dates, repeats, failed searches. Some use the daemon's own limits.
@Suite("Which events of a page are collected, at the limits of the assumptions")
struct PageReadingLimitsTests {
    private func failedSearch(_ log: PassedLog, date: Int64? = nil) throws -> LogSearch {
        var search = try log.search([], date: date)
        while !search.hasFailed { search = try log.search([], after: search, date: date) }
        return search
    }

    private struct Unexpected: Error {}

    /// Reads a page with the real limits and stores it. `published` gives the events' times.
    private func real(
        _ log: PassedLog, _ page: LogPage, _ events: some Sequence<Int>, published: (Int) -> Int64?,
        onTaken: (Int) -> Void = { _ in }
    ) throws -> PageOutcome {
        var reading = PageReading(page, log.writer, PassedLimits())
        var taken: [Int] = []
        for number in events {
            if reading.takes(PassedLog.identity(number)) { taken.append(number) }
            if let time = published(number) { reading.saw(published: time) }
        }
        let outcome = reading.outcome()
        guard case .checkpoint(let checkpoint) = outcome else {
            log.writer.discard()
            return outcome
        }
        try log.writer.commit(cursor: checkpoint.place.text, times: reading.times, at: SystemTime().spool)
        log.place = checkpoint.place
        for number in taken { onTaken(number) }
        return outcome
    }

    // MARK: The restart time comes from a single event

    /// A date in the future of ``stored(_:)``.
    private static let wrongDate = PassedLog.base + 31 * 86_400_000

    private static func stored(_ number: Int) -> Int64 { PassedLog.base + Int64(number) * 1_000 }

    /// Collects pages of old events thirty days later, and checks that a query from the restart time returns the event after them.
    private func expectRestart(_ pageSizes: [Int], published: (Int) -> Int64?) throws {
        let log = try PassedLog(restart: PassedLog.base)
        log.writer.boundIdentities(PassedLimits())
        var next = 0
        for size in pageSizes {
            let page = log.page([], date: PassedLog.base + 30 * 86_400_000)
            _ = try real(log, page, next..<next + size, published: published)
            next += size
        }
        let restart = try #require(log.place[.main]?.restart)
        #expect(
            restart <= StoredTime(Self.stored(next)),
            "a query omits \((restart.milliseconds - Self.stored(next)) / 86_400_000) days of unread events")
    }

    @Test("a single event with a wrong date on a short first page does not move the restart time past unread events")
    func restartFromOneEvent() throws {
        try expectRestart([1] + Array(repeating: 512, count: 17)) { $0 == 0 ? Self.wrongDate : Self.stored($0) }
    }

    @Test("the same with the usual page size of 1,000: 200 events on the first page, 101 of them with a wrong date")
    func restartFromShortPage() throws {
        try expectRestart([200] + Array(repeating: 1_000, count: 9)) { $0 < 101 ? Self.wrongDate : Self.stored($0) }
    }

    @Test("if most events of each page can't become records, the few others do not move the restart time")
    func restartFromRejected() throws {
        try expectRestart(Array(repeating: 1_000, count: 12)) { $0 % 1_000 == 0 ? Self.wrongDate : nil }
    }

    // MARK: Met twice

    @Test("a repeat of a head event counts once, even if the history reads it again after failed searches")
    func metTwice() throws {
        let log = try PassedLog.backfill(tail: 12)
        #expect(log.place.backfill?.isHeadFull == true)
        var change = PageCheckpoint.Change.none
        // Okta has stored event 100 a second time, after event 19. The history reads up to event 89.
        func readAll(_ search: LogSearch?) throws {
            var search = search
            for start in stride(from: 0, to: 90, by: 10) {
                let events = Array(start..<start + 10) + (start == 10 ? [100] : [])
                change = try log.store(events, next: "h\(start)", search: search).change
                search = nil
                if change != .none { return }
            }
        }
        try readAll(nil)
        var rounds = 1
        while change == .none, rounds < 5 {
            // The link is refused, and the query by time begins with four empty answers.
            try readAll(try failedSearch(log))
            rounds += 1
        }
        #expect(change == .none, "the history ended in round \(rounds), although it never reached the events 90..<100")
        #expect(log.place.backfill != nil)
    }

    // MARK: Tails set aside

    @Test("events of many tails that were set aside are not collected twice")
    func manyTails() throws {
        let log = try PassedLog()
        var unproven = 0
        var cycles = 0
        // The org stores its events two hours late.
        func date(_ newest: Int) -> Int64 { log.published(newest) + 7_200_000 }
        while cycles < 120, log.twice.isEmpty {
            let n = cycles * 20
            unproven += try log.store(Array(n..<n + 10), next: "h\(n)", date: date(n + 9)).unproven
            unproven += try log.store(
                Array(n + 13..<n + 18), way: .tail, next: "t\(n)", isQuery: true, date: date(n + 17),
                since: date(n + 9) + 1_000
            ).unproven
            let end = try log.store(Array(n + 10..<n + 16), next: "h\(n)b", date: date(n + 17))
            #expect(end.change == .tailDropped)
            unproven += try log.store(Array(n + 16..<n + 20), next: "h\(n)c", date: date(n + 19)).unproven
            cycles += 1
        }
        #expect(
            log.twice == [],
            "in cycle \(cycles), \(log.writer.identityCount(.earlierMain)) of \(log.writer.identityBound(.earlierMain)); unproven \(unproven)"
        )
    }

    // MARK: Searches after a failed search

    @Test("after a failed search and a filter that was changed back, no forgotten event is collected without a report")
    func failedThenChangedBack() throws {
        let log = try PassedLog.passed()
        try log.reopen(filter: "b")
        let began = log.published(110)
        let failed = try failedSearch(log, date: began)
        // The new filter matches multiples of three.
        let first = try log.store(Array(stride(from: 0, to: 100, by: 3)), next: "b1", search: failed, date: began)
        #expect(first.unproven > 0)
        let reported = Set(log.twice)
        try log.store([150, 153], next: "b2", date: log.published(160))
        try log.reopen()
        let events = Array(0..<100) + [150, 153, 154]
        let search = try log.searchToEnd(events)
        let checkpoint = try log.store(events, next: "a2", search: search)
        let more = log.twice.filter { !reported.contains($0) }
        #expect(more == [] || checkpoint.unproven > 0, "collected twice without a report: \(more)")
    }

    @Test("after a failed search, a later search collects no forgotten event without a report")
    func gapsAfterFailedSearch() throws {
        let log = try PassedLog()
        log.writer.boundIdentities(PassedLimits())
        var times: [Int: Int] = [:]
        let taken: (Int) -> Void = { times[$0, default: 0] += 1 }
        // All events were stored late, in one burst.
        func date(_ number: Int) -> Int64 { PassedLog.base + 86_400_000 + Int64(number) }
        let published: (Int) -> Int64 = { PassedLog.base + Int64($0) }
        var next = 0
        while next < 40_000 {
            _ = try real(log, log.page([], date: date(next)), next..<next + 1_000, published: published, onTaken: taken)
            next += 1_000
        }
        _ = try real(log, log.page([], date: date(next)), next..<next + 760, published: published, onTaken: taken)
        next += 760
        let oldest = try #require((0..<next).first { log.writer.knows(PassedLog.identity($0), in: .main) })
        let start = oldest - 900
        // A query by time returns the events from `start` on. It begins with four empty answers.
        func query(_ search: LogSearch?, from: Int, to: Int) throws -> (LogSearch?, Int) {
            var (search, unproven, at, isFirst) = (search, 0, from, search == nil)
            while at < to {
                let events = at..<min(at + 1_000, to)
                let page = log.page([], next: "\(at)", isQuery: isFirst, search: search, date: date(to))
                switch try real(log, page, events, published: published, onTaken: taken) {
                case .searching(let after):
                    at = after.isCounting == search?.isCounting || search == nil ? events.upperBound : from
                    search = after
                case .checkpoint(let checkpoint):
                    (at, search) = (events.upperBound, nil)
                    unproven += checkpoint.unproven
                case .nothing: Issue.record("nothing")
                }
                isFirst = false
            }
            return (search, unproven)
        }
        var search: LogSearch?
        while search?.hasFailed != true {
            let page = log.page([], next: "e", isQuery: search == nil, search: search, date: date(next))
            guard case .searching(let after) = try real(log, page, [], published: published) else { throw Unexpected() }
            search = after
        }
        let reported = try query(search, from: start, to: next).1
        let before = times
        // New events, which were published after the search.
        _ = try real(
            log, log.page([], date: date(next) + 86_400_000), next..<next + 10,
            published: { _ in PassedLog.base + 2 * 86_400_000 }, onTaken: taken)
        next += 10
        let unproven = try query(nil, from: start, to: next).1
        let more = times.filter { $0.value > 1 && $0.value > before[$0.key] ?? 0 }.count
        #expect(more == 0 || unproven > 0, "\(reported) were reported; later \(more) were collected again, unreported")
    }

    @Test("one event with a late date on a short page does not end the report of possible duplicates")
    func reportEndsEarly() throws {
        let log = try PassedLog.passed()
        let began = log.published(110)
        let failed = try failedSearch(log, date: began)
        _ = try log.store([5, 6], next: "t1", search: failed, date: began)
        // Event 400 was stored before the search began, but its date is later. It is alone on its page.
        _ = try log.store([400], next: "t2", date: began)
        let unproven = try log.store([7, 8, 9], next: "t3", date: began).unproven
        #expect(log.twice.contains(7))
        #expect(unproven == 3)
    }

    @Test("a second failed search extends the time up to which possible duplicates are reported")
    func secondFailure() throws {
        let log = try PassedLog.passed()
        let began = log.published(110)
        _ = try log.store([5], next: "t1", search: try failedSearch(log, date: began), date: began)
        // Later pages: most of their events are old, so the first report goes on; the others are forgotten by now.
        for start in stride(from: 200, to: 320, by: 4) {
            let late = Dictionary(uniqueKeysWithValues: [start, start + 1, start + 2].map { ($0, log.published(100)) })
            let events = Array(start..<start + 4)
            try log.read(log.page(events, date: log.published(start + 5)), events, published: late)
        }
        #expect(log.place[.main]?.unprovenUntil == ServerTime(began))
        let second = try failedSearch(log, date: log.published(330))
        let checkpoint = try log.store([203, 207, 211], next: "t3", search: second, date: log.published(330))
        #expect(log.twice.contains(203) && checkpoint.unproven == 3)
    }

    // MARK: A short first pass made of repeats

    @Test("a first pass that sees only a few repeats proves nothing")
    func earlyEndWithRepeats() throws {
        let log = try PassedLog()
        log.writer.boundIdentities(PassedLimits())
        var times: [Int: Int] = [:]
        func date(_ number: Int) -> Int64 { PassedLog.base + 86_400_000 + Int64(number) }
        let published: (Int) -> Int64 = { PassedLog.base + Int64($0) }
        for next in stride(from: 0, to: 40_000, by: 1_000) {
            // Okta stores the events 100..<116 again after event 38,999, when they are forgotten (a limit of A4). Sixteen are far fewer than 500.
            let again = next == 39_000 ? Array(100..<116) : []
            _ = try real(
                log, log.page([], date: date(next)), again + Array(next..<next + 1_000), published: published,
                onTaken: { times[$0, default: 0] += 1 })
        }
        // All events were stored late, so the query returns the events from 90 on. After its first page come four empty answers.
        let now = date(50_000)
        let events = Array(90..<200)
        var search: LogSearch?
        for page in [events, [], [], [], []] {
            guard
                case .searching(let after) = try real(
                    log, log.page([], isQuery: search == nil, search: search, date: now), page, published: published)
            else { throw Unexpected() }
            search = after
        }
        let second = try #require(search)
        #expect(second.hasFailed)
        var more = 0
        guard
            case .checkpoint(let checkpoint) = try real(
                log, log.page([], search: second, date: now), events, published: published, onTaken: { _ in more += 1 })
        else { throw Unexpected() }
        #expect(more == 0 || checkpoint.unproven > 0, "\(more) events were collected again")
    }

    @Test(
        "if Okta has left few remembered events, a new event that is displaced by fewer than 500 positions is not lost",
        arguments: [7, 9, 100])
    func displacedAmongFew(by displacement: Int) throws {
        let log = try PassedLog()
        log.writer.boundIdentities(PassedLimits())
        var taken: Set<Int> = []
        func date(_ number: Int) -> Int64 { PassedLog.base + Int64(number) * 1_000 + 60_000 }
        let published: (Int) -> Int64 = { PassedLog.base + Int64($0) * 1_000 }
        for next in stride(from: 0, to: 40_000, by: 1_000) {
            _ = try real(log, log.page([], date: date(next + 1_000)), next..<next + 1_000, published: published)
        }
        // Of the remembered events, few are left. The query returns the new event 40,000 some positions early.
        let left = displacement < 16 ? 16 : 150
        var events = Array(40_000 - left..<40_000)
        events.insert(40_000, at: left - displacement)
        let now = date(40_001)
        var search: LogSearch?
        for page in [events, [], [], [], []] {
            guard
                case .searching(let after) = try real(
                    log, log.page([], isQuery: search == nil, search: search, date: now), page, published: published)
            else { throw Unexpected() }
            search = after
        }
        _ = try real(
            log, log.page([], search: search, date: now), events, published: published, onTaken: { taken.insert($0) })
        #expect(taken.contains(40_000))
    }

    // MARK: Overtaken tail with a wrong date

    @Test("a wrong date in the tail does not hide that the history has overtaken it")
    func overtakenWithWrongDate() throws {
        let log = try PassedLog.backfill(tail: 8)
        // A page of the tail with one event of the future.
        let future = log.published(100_000)
        try log.read(
            log.page([108], way: .tail, next: "t108", date: future), [108], published: [108: future])
        try log.store(Array(10..<90), next: "h1", date: future)
        var start = 110
        var change = PageCheckpoint.Change.none
        while change == .none, start < 900 {
            change = try log.store(Array(start..<start + 10), next: "h\(start)", date: future).change
            start += 10
        }
        #expect(change == .historyEnded)
        #expect(!log.writer.knows(PassedLog.identity(210), in: .main))
        let unproven = try log.store([210, 211], next: "t3", date: future).unproven
        #expect(log.twice.contains(210) && unproven == 2)
    }

    // MARK: What is reported

    @Test("the history's possible repeats of the tail are reported although half of the head's last page was rejected")
    func rejectedInHead() throws {
        let log = try PassedLog()
        try log.store(Array(0..<10), next: "h0")
        for start in [100, 102, 104] {
            let page = log.page(
                [start, start + 1], way: .tail, next: "t\(start)", isQuery: start == 100, since: log.published(99))
            // One event of the page at 104 is rejected: it is passed, but has no time.
            var reading = PageReading(page, log.writer, PassedLog.limits)
            for number in [start, start + 1] {
                _ = reading.takes(PassedLog.identity(number))
                if number != 104 { reading.saw(published: log.published(number)) }
            }
            guard case .checkpoint(let checkpoint) = reading.outcome() else {
                Issue.record("no checkpoint")
                return
            }
            try log.writer.commit(cursor: checkpoint.place.text, times: reading.times, at: SystemTime().spool)
            log.place = checkpoint.place
        }
        #expect(log.place.backfill?.isHeadFull == true)
        // The tail goes on and forgets.
        for start in stride(from: 106, to: 306, by: 10) {
            try log.store(Array(start..<start + 10), way: .tail, next: "t\(start)")
        }
        #expect(log.writer.droppedLatest(.tail) != nil)
        // Okta has deleted the head. The history passes the tail's place and collects forgotten events.
        let checkpoint = try log.store(Array(120..<130), next: "h1")
        #expect(log.twice.count == 10 && checkpoint.unproven == 10, "\(log.twice), unproven \(checkpoint.unproven)")
    }

    @Test("a forgotten event with a wrong date, alone among remembered ones, is reported")
    func lateDateAlone() throws {
        let log = try PassedLog()
        let future = log.published(100_000)
        for start in stride(from: 0, to: 100, by: 10) {
            let events = Array(start..<start + 10)
            try log.read(log.page(events, next: "\(start)"), events, published: [55: future])
        }
        for start in stride(from: 100, to: 150, by: 10) { try log.store(Array(start..<start + 10), next: "\(start)") }
        #expect(!log.writer.knows(PassedLog.identity(55), in: .main))
        try log.reopen(filter: "b")
        let began = log.published(160)
        let failed = try failedSearch(log, date: began)
        let events = [55, 140, 147]
        let outcome = try log.read(log.page(events, search: failed, date: began), events, published: [55: future])
        guard case .checkpoint(let checkpoint) = outcome else { throw Unexpected() }
        #expect(log.twice == [55])
        #expect(checkpoint.unproven == 1)
    }

    @Test(
        "many failed searches of a way with few events report nothing, because nothing is forgotten since the restart time"
    )
    func quietWay() throws {
        let log = try PassedLog(spacing: 60_000)
        for start in stride(from: 0, to: 100, by: 10) { try log.store(Array(start..<start + 10), next: "\(start)") }
        try log.reopen(filter: "b")
        // The new filter matches multiples of five: three remembered events since the restart time, and one new event.
        var unproven = 0
        for cycle in 0..<120 {
            let failed = try failedSearch(log, date: log.published(101 + 10 * cycle))
            unproven += try log.store([85, 90, 95, 100], next: "q\(cycle)", search: failed).unproven
        }
        #expect(log.twice == [] && unproven == 0)
        #expect(
            log.writer.identityCount(.earlierMain) <= 60,
            "the window for earlier filters does not grow with each search")
    }

    @Test("what a tail repeats after it was overtaken is reported, also the newest events that the history had passed")
    func overtakenLastPage() throws {
        let log = try PassedLog(spacing: 120_000)
        try log.store(Array(0..<10), next: "h0")
        for start in stride(from: 100, to: 108, by: 2) {
            try log.store(
                [start, start + 1], way: .tail, next: "t\(start)", isQuery: start == 100, since: log.published(99))
        }
        try log.store(Array(10..<90), next: "h1")
        // Okta has deleted the head; the history passes the tail's place.
        var start = 110
        var change = PageCheckpoint.Change.none
        while change == .none, start < 900 {
            change = try log.store(Array(start..<start + 100), next: "h\(start)").change
            start += 100
        }
        #expect(change == .historyEnded)
        let end = start - 1
        var silent: [Int] = []
        var at = 108
        while at <= end + 10 {
            let before = log.twice.count
            let checkpoint = try log.store(Array(at..<at + 5), next: "x\(at)", date: log.published(end + 20))
            if log.twice.count > before, checkpoint.unproven == 0 { silent.append(at) }
            at += 5
        }
        #expect(silent == [])
    }

    @Test("a few events that can't become records do not keep the restart time where it is")
    func restartWithRejected() throws {
        let log = try PassedLog(restart: 0)
        log.writer.boundIdentities(PassedLimits())
        let published: (Int) -> Int64 = { PassedLog.base + Int64($0) * 1_000 }
        for next in stride(from: 0, to: 12_000, by: 2) {
            // One event of 500 can't become a record.
            _ = try real(
                log, log.page([], date: published(next + 2)), [next, next + 1],
                published: { $0 % 500 == 0 ? nil : published($0) })
        }
        #expect(try #require(log.place[.main]?.restart) > StoredTime(0))
    }
}

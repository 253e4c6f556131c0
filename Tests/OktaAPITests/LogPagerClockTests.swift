import CurlHTTPClient
import Testing

@testable import OktaAPI

@Suite("The log pager, gaps and wrong clocks")
struct LogPagerClockTests {
    private func page(_ bench: inout Bench, date: String, next: String, body: String = "[{}]") -> LogPage? {
        let headers = HTTPHeaders([
            .init("Date", date), .init("Content-Type", "application/json"),
            .init("Link", "<\(next)>; rel=\"next\""),
        ])
        let response = HTTPResponse(status: 200, headers: headers, body: Array(body.utf8))
        return bench.pager.received(.success(response), now: bench.now, host: bench.host).page
    }

    @Test(
        "while the daemon runs, a way whose next events Okta has deleted reports a gap, also after an empty page",
        arguments: [false, true])
    func gapWhileRunning(emptyPage: Bool) throws {
        var way = LogPlace.Way(filter: nil, restart: Bench.restart, next: Bench.link("1"))
        // The way reads a backlog; it has reached events of 89 days ago.
        let reached = PublishedTime(Bench.server - 89 * 86_400_000)
        way.reached = reached
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        var bench = try Bench(place: LogPlace(source: query.source, ways: .one(way)))
        _ = try bench.nextRequest()
        #expect(try #require(page(&bench, date: Bench.date, next: Bench.link("2"))).gap == nil)
        try bench.commit(1000, newest: reached.milliseconds)
        if emptyPage {
            #expect(try bench.nextRequest().wait == 0)
            _ = try #require(page(&bench, date: Bench.date, next: Bench.link("2"), body: "[]"))
            try bench.commit(0)
        }
        // For four days, each request fails (the credential is refused, for example); the daemon keeps running.
        _ = try bench.nextRequest()
        let later = try #require(page(&bench, date: "Mon, 15 Sep 2025 16:21:50 GMT", next: Bench.link("3")))
        #expect(later.gap?.from == reached, "three days of events were deleted before they were collected")
    }

    @Test("the tail's pages do not hide the gap of a history that made no progress")
    func gapOfHistory() throws {
        var history = LogPlace.Way(filter: nil, restart: Bench.restart, next: Bench.link("h1"))
        history.reached = PublishedTime(Bench.server - 89 * 86_400_000)
        var tail = LogPlace.Way(filter: nil, restart: StoredTime(Bench.server), next: Bench.link("t1"))
        tail.reached = PublishedTime(Bench.server)
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        var bench = try Bench(
            place: LogPlace(
                source: query.source,
                ways: .two(
                    history: history, tail: tail,
                    .init(from: PublishedTime(0), until: StoredTime(Bench.server), isHeadFull: true))))
        _ = try bench.nextRequest()
        let later = "Mon, 15 Sep 2025 16:21:50 GMT"
        let first = try #require(page(&bench, date: later, next: Bench.link("t2")))
        #expect(first.way == .tail)
        try bench.commit(0)
        var second: LogPage?
        for _ in 0..<4 where second == nil {
            _ = try bench.nextRequest()
            let page = try #require(page(&bench, date: later, next: Bench.link("n")))
            if page.way == .main { second = page } else { try bench.commit(0) }
        }
        #expect(try #require(second).gap != nil)
    }

    @Test("if this host's clock is months ahead, the first query is repeated from the start by Okta's clock")
    func hostAhead() throws {
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        // An absolute start 89 days ago. By a clock that is 120 days ahead, that is longer ago than Okta accepts.
        let start = StoredTime(Bench.server - 89 * 86_400_000)
        let host = HostTime(Bench.server + 120 * 86_400_000)
        var bench = try Bench(place: LogPlace(start: start, query: query))
        bench.host = host
        bench.pager = LogPager(
            query, place: LogPlace(start: start, query: query), pollInterval: .seconds(15), seed: 7, now: bench.now,
            host: host)
        let expected = "since=\(UTCTime(milliseconds: start.milliseconds).rfc3339)&"
        #expect(try !bench.nextRequest().request.url.contains(expected))
        guard case .startMoved(let moved, _) = bench.page(next: Bench.link("1")) else {
            Issue.record("a page was accepted although its query began 29 days after the start")
            return
        }
        #expect(moved == start)
        #expect(try bench.nextRequest().request.url.contains(expected))
        #expect(bench.page(next: Bench.link("1")).page != nil)
    }

    @Test("the Date of a refusal corrects a query that begins too long ago for Okta")
    func hostBehind() throws {
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        // A start 200 days ago; Okta accepts 180. This host's clock is two hours slow.
        let start = StoredTime(Bench.server - 200 * 86_400_000)
        var bench = try Bench(place: LogPlace(start: start, query: query))
        bench.host = HostTime(Bench.server - 7_200_000)
        bench.pager = LogPager(
            query, place: LogPlace(start: start, query: query), pollInterval: .seconds(15), seed: 7, now: bench.now,
            host: bench.host)
        let oldest = UTCTime(milliseconds: Bench.server - 180 * 86_400_000).rfc3339
        var starts: [String] = []
        for _ in 0..<6 {
            let url = try bench.nextRequest().request.url
            starts += (HTTPURL(url)?.queryValues("since") ?? []).map(String.init)
            _ = bench.answer(
                400, [("X-Okta-Request-Id", "r1")],
                body: #"{"errorCode":"E0000053","errorSummary":"Invalid 'since': too old"}"#)
        }
        #expect(
            starts.count == 6 && starts.contains { $0 >= oldest },
            "\(starts), but Okta accepts \(oldest) and later")
    }

    @Test(
        "an org without new events for longer than Okta keeps them has a gap only if the daemon did not see the end of the log",
        arguments: [(nil, true, true), (100, true, true), (1, false, true), (0, false, false)])
    func idleOrg(endDaysAgo: Int64?, isGap: Bool, isStored: Bool) throws {
        var way = LogPlace.Way(filter: nil, restart: Bench.restart, next: Bench.link("1"))
        way.reached = PublishedTime(Bench.server - 120 * 86_400_000)
        way.end = endDaysAgo.map { ServerTime(Bench.server - $0 * 86_400_000) }
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        // A new pager, as after a restart.
        var bench = try Bench(place: LogPlace(source: query.source, ways: .one(way)))
        _ = try bench.nextRequest()
        let page = try #require(page(&bench, date: Bench.date, next: Bench.link("1"), body: "[]"))
        #expect((page.gap != nil) == isGap)
        // The end of the log is stored, but only once a day.
        #expect((page.emptyCheckpoint == nil) == isStored)
    }

    @Test("an answer without a Date does not make an idle org report a gap")
    func missingDate() throws {
        var way = LogPlace.Way(filter: nil, restart: Bench.restart, next: Bench.link("1"))
        way.reached = PublishedTime(Bench.server - 89 * 86_400_000)
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        var bench = try Bench(place: LogPlace(source: query.source, ways: .one(way)))
        let later = "Mon, 15 Sep 2025 16:21:50 GMT"
        for date in [Bench.date, later, nil, later] {
            _ = try bench.nextRequest()
            var headers = HTTPHeaders([
                .init("Content-Type", "application/json"), .init("Link", "<\(Bench.link("1"))>; rel=\"next\""),
            ])
            if let date { headers.append("Date", date) }
            let response = HTTPResponse(status: 200, headers: headers, body: Array("[]".utf8))
            let page = try #require(
                bench.pager.received(.success(response), now: bench.now, host: bench.host).page)
            #expect(page.gap == nil)
            try bench.commit(0)
        }
    }
}

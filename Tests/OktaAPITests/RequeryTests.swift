import CurlHTTPClient
import Testing

@testable import OktaAPI

@Suite("A return from links to a query by time")
struct RequeryTests {
    private static let restart = StoredTime(1_757_599_700_000)
    private static let since = "2025-09-11T14:08:20.000Z"

    private func bench(pageLimit: Int = 1000, reached: PublishedTime? = nil) throws -> Bench {
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin), pageLimit: pageLimit)
        let way = LogPlace.Way(
            filter: nil, restart: Self.restart, next: "\(Bench.origin)/api/v1/logs?after=1&limit=\(pageLimit)",
            reached: reached)
        return try Bench(place: LogPlace(source: query.source, ways: .one(way)), pageLimit: pageLimit)
    }

    private static let slow = "{\"errorCode\":\"E0000009\",\"errorSummary\":\"The query took too long\"}"
    private static let refused = "{\"errorCode\":\"E0000029\"}"

    /// Answers two requests for the link with a refusal. Returns the wait before the query by time that follows.
    private func refuse(_ bench: inout Bench, status: Int = 400) throws -> Double {
        for _ in 1...2 {
            #expect(try bench.nextRequest().request.url.contains("after="))
            #expect(bench.answer(status, body: Self.refused).trouble != nil)
        }
        let (wait, query) = try bench.nextRequest()
        #expect(query.url == "\(Bench.origin)/api/v1/logs?since=\(Self.since)&limit=1000&sortOrder=ASCENDING")
        return wait
    }

    @Test(
        "if Okta refuses a link twice, the log is queried by time, starting before the first missing event",
        arguments: [400, 404, 410])
    func refusedLink(status: Int) throws {
        var bench = try bench()
        let kept = bench.pager.place
        _ = bench.request()
        let first = try #require(bench.answer(status, body: Self.refused).trouble)
        #expect(first.kind == .serverFailure)
        #expect(first.requery == nil)
        let (shortly, again) = try bench.nextRequest()
        #expect(shortly <= 2)
        #expect(again.url == Bench.link("1"))
        let trouble = try #require(bench.answer(status, body: Self.refused).trouble)
        #expect(trouble.kind == .cursorRefused)
        #expect(trouble.requery == LogRequery(way: .main, since: Self.restart, limit: 1000))
        #expect(!trouble.advice.contains("URL"))
        #expect(bench.pager.place == kept, "a refused link does not move the place")
        let (wait, query) = try bench.nextRequest()
        #expect(wait <= 4)
        #expect(query.url == "\(Bench.origin)/api/v1/logs?since=\(Self.since)&limit=1000&sortOrder=ASCENDING")
        let page = try #require(bench.page(next: Bench.link("2")).page)
        #expect(page.isQuery)
        try bench.commit(3)
        #expect(try bench.nextRequest().request.url == Bench.link("2"))
    }

    @Test(
        "a 404 or 410 to a query by time means that the org's address is wrong, even if Okta has refused a link before",
        arguments: [404, 410])
    func wrongAddress(status: Int) throws {
        var bench = try bench()
        _ = try refuse(&bench, status: status)
        for _ in 1...3 {
            let trouble = try #require(bench.answer(status, body: Self.refused).trouble)
            #expect(trouble.kind == .wrongAddress)
            #expect(trouble.advice.contains("URL"))
            let (wait, request) = try bench.nextRequest()
            #expect((60...66).contains(wait))
            #expect(request.url.contains("since=\(Self.since)"))
        }
    }

    @Test(
        "if another link is refused, the next query by time is sent at once if there were new events, and otherwise after a minute"
    )
    func refusedAgain() throws {
        var bench = try bench()
        for round in 1...3 {
            #expect(try refuse(&bench) <= 4)
            _ = bench.page(next: Bench.link("\(round)0"))
            try bench.commit(300, passed: 1)
        }
        #expect(try refuse(&bench) <= 4)
        // The page contains only known events.
        _ = bench.page(next: Bench.link("5"))
        try bench.commit(300, passed: 0)
        #expect((60...66).contains(try refuse(&bench)))
        _ = bench.page(next: Bench.link("6"))
        try bench.commit(300, passed: 0)
        #expect((60...66).contains(try refuse(&bench)))
        _ = bench.page(next: Bench.link("7"))
        try bench.commit(300, passed: 300)
        #expect(try refuse(&bench) <= 4)
    }

    @Test("a search follows the links of its query by time; if a link is refused, the search starts again")
    func searching() throws {
        var bench = try bench()
        _ = try refuse(&bench)
        let first = try #require(bench.page(next: Bench.link("s1")).page)
        #expect(first.search == nil)
        var search = LogSearch(.counting(upTo: 5))
        search.next = first.next
        bench.pager.searching(search, now: bench.now)
        let (wait, request) = try bench.nextRequest()
        #expect(wait == 0)
        #expect(request.url == Bench.link("s1"))
        #expect(try #require(bench.page(next: Bench.link("s2")).page).search == search)
        #expect(bench.pager.place[.main]?.next == Bench.link("1"))
        search.next = Bench.link("s2")
        bench.pager.searching(search, now: bench.now)
        _ = try refuse(&bench)
        #expect(try #require(bench.page(next: Bench.link("s1")).page).search == nil)
    }

    @Test("a query by time uses the filter and the restart time of its way")
    func twoFilters() throws {
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin), filter: "b")
        var bench = try Bench(
            filter: "b",
            place: LogPlace(
                source: query.source,
                ways: .two(
                    history: .init(filter: "a", restart: Self.restart),
                    tail: .init(filter: "b", restart: Bench.restart),
                    .init(from: PublishedTime(0), until: Bench.restart))))
        #expect(
            bench.request()?.url.hasSuffix("since=2025-09-04T15:33:20.000Z&limit=1000&sortOrder=ASCENDING&filter=b")
                == true)
        _ = bench.page(next: Bench.link("1"))
        try bench.commit(1)
        #expect(bench.request()?.url.hasSuffix("since=\(Self.since)&limit=1000&sortOrder=ASCENDING&filter=a") == true)
    }

    @Test(
        "after a time-out, half as many events per page are requested, but at least ten; good pages restore the page size",
        arguments: [true, false])
    func slow(byOkta: Bool) throws {
        var bench = try bench()
        var limits: [Int] = []
        for _ in 0..<40 {
            let (_, request) = try bench.nextRequest()
            let limit = LogQuery.fullPage(of: request.url)
            if limits.last != limit { limits.append(limit) }
            if byOkta {
                _ = bench.answer(500, body: Self.slow)
            } else {
                _ = bench.fail(.timeout)
            }
        }
        #expect(limits == [1000, 500, 250, 125, 62, 31, 15, 10])
        for round in 0..<400 {
            let (_, request) = try bench.nextRequest()
            let limit = LogQuery.fullPage(of: request.url)
            if limits.last != limit { limits.append(limit) }
            _ = bench.page(next: "\(Bench.origin)/api/v1/logs?after=\(round)&limit=\(limit)", body: "[1]")
            try bench.commit(1)
        }
        #expect(limits.suffix(5) == [10, 40, 160, 640, 1000])
    }

    @Test(
        "the page size is not reduced by an outage, or if memory is short because of other bodies",
        arguments: [TransportError.Kind.resolve, .connect, .proxy, .tls, .interrupted, .noRoom])
    func outage(_ kind: TransportError.Kind) throws {
        var bench = try bench()
        for _ in 0..<20 {
            #expect(try bench.nextRequest().request.url.hasSuffix("after=1&limit=1000"))
            _ = bench.fail(kind)
        }
    }

    @Test("an answer from the token endpoint does not change the budget, link or page size of the log")
    func tokenEndpoint() throws {
        var bench = try bench()
        for status in [429, 503, 429, 503] {
            _ = try bench.nextRequest()
            var response = HTTPResponse(
                status: status,
                headers: HTTPHeaders([
                    .init("X-Rate-Limit-Limit", "1"), .init("X-Rate-Limit-Remaining", "0"),
                    .init("X-Okta-Request-Id", "token"),
                ]))
            response.isOfTokenEndpoint = true
            let trouble = bench.pager.received(.success(response), now: bench.now, host: bench.host).trouble
            #expect(trouble?.what.contains("token endpoint answered \(status)") == true)
            #expect(trouble?.advice.contains("rate_limit_share") == false)
        }
        #expect(bench.pager.rateLimit == nil)
        let request = try bench.nextRequest().request
        #expect(request.url.hasSuffix("after=1&limit=1000"))
        #expect(request.headers.first("X-Okta-Retry-For") == nil)
    }

    @Test(
        "an empty page must be stored only if its next link differs from the link that was requested"
    )
    func idlePoll() throws {
        var bench = try bench()
        let url = try #require(bench.request()?.url)
        let first = try #require(bench.page(next: url, body: "[ ]").page)
        #expect(first.emptyCheckpoint == nil, "the end of the log is not known yet")
        try bench.commit(0)
        _ = try bench.nextRequest()
        let idle = try #require(bench.page(next: url, body: "[ ]").page)
        let checkpoint = try #require(idle.emptyCheckpoint)
        #expect(checkpoint.place == bench.pager.place)
        bench.pager.committed(checkpoint, now: bench.now)
        #expect(try bench.nextRequest().wait == 15)
        #expect(try #require(bench.page(next: Bench.link("2"), body: "[]").page).emptyCheckpoint == nil)
        try bench.commit(0)
        _ = try bench.nextRequest()
        #expect(try #require(bench.page(next: Bench.link("2"), body: "[1]").trouble).kind == .nextStandsStill)
    }

    @Test("if three answers in a row have no usable next link, the log is queried by time")
    func links() throws {
        for next in ["https://evil.example/api/v1/logs", Bench.link("1"), ""] {
            var bench = try bench()
            for _ in 1...3 {
                _ = try bench.nextRequest()
                let headers = next.isEmpty ? [] : [("Link", "<\(next)>; rel=\"next\"")]
                #expect(bench.answer(200, headers, body: "[1]").trouble != nil)
            }
            #expect(try bench.nextRequest().request.url.contains("since=\(Self.since)"))
        }
    }

    @Test("if a page is too large three times, smaller pages are requested")
    func tooLarge() throws {
        var bench = try bench()
        for _ in 1...3 {
            _ = try bench.nextRequest()
            _ = bench.fail(.tooLarge)
        }
        #expect(try bench.nextRequest().request.url.contains("limit=500"))
    }

    @Test("if larger pages fail each time, they are tried less and less often")
    func largerPagesFail() throws {
        var bench = try bench()
        var attempts: [ContinuousClock.Instant] = []
        var last = 500
        var number = 0
        let end = bench.now + .seconds(4 * 86_400)
        while bench.now < end {
            let (_, request) = try bench.nextRequest()
            let limit = LogQuery.fullPage(of: request.url)
            if limit == 1000, last == 500 { attempts.append(bench.now) }
            last = limit
            if limit == 1000 {
                _ = bench.fail(.tooLarge)
            } else {
                number += 1
                _ = bench.page(next: "\(Bench.origin)/api/v1/logs?after=\(number)&limit=\(limit)", body: "[1]")
                try bench.commit(1)
            }
        }
        let waits = zip(attempts.dropFirst(), attempts).map { $0 - $1 }
        #expect((6...12).contains(waits.count), "\(waits)")
        #expect(zip(waits.dropFirst(), waits).prefix(6).allSatisfy { $0 > $1 * 3 / 2 }, "\(waits)")
    }

    @Test("if Okta has deleted events before they were collected, their period is reported once")
    func gap() throws {
        let old = PublishedTime(Bench.server - 100 * 86_400_000)
        var bench = try bench(reached: old)
        _ = bench.request()
        let page = try #require(bench.page(next: Bench.link("2")).page)
        #expect(page.gap == LogGap(from: old, to: PublishedTime(Bench.server - LogRetention.kept)))
        // The page could not be stored, so the gap is reported again with the next page.
        bench.pager.notCommitted("no room", now: bench.now)
        _ = try bench.nextRequest()
        let again = try #require(bench.page(next: Bench.link("2")).page)
        #expect(again.gap == page.gap)
        try bench.commit(0)
        _ = try bench.nextRequest()
        #expect(try #require(bench.page(next: Bench.link("3")).page).gap == nil)
    }

    @Test("a link to another name of the org is followed only if the org has reported the name as an https address")
    func aliases() throws {
        var query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        let body = """
            {"id":"00o1","pipeline":"idx","_links":{"organization":{"href":"https://login.acme.example"},\
            "alternate":{"href":"http://127.0.0.1:9"}}}
            """
        let answer = HTTPResponse(status: 200, body: Array(body.utf8))
        query.learn(try #require(OrgProbe(answer)))
        #expect(query.organization == "00o1")
        #expect(query.objection(to: "https://login.acme.example/api/v1/logs?after=1") == nil)
        #expect(query.objection(to: "http://127.0.0.1:9/api/v1/logs?after=1") != nil)
    }
}

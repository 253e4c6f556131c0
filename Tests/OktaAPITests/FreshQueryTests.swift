import Testing

@testable import OktaAPI

@Suite("A fresh query on purpose")
struct FreshQueryTests {
    private static let watermark: Int64 = 1_757_600_000_000
    private static let since = "2025-09-11T14:08:20.000Z"

    private func place(_ fingerprint: String = "0123456789abcdef", next: String = Bench.link("1")) -> LogPlace {
        LogPlace(next: next, fingerprint: fingerprint, watermark: Self.watermark)
    }

    private func bench(pageLimit: Int = 1000) throws -> Bench {
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin), pageLimit: pageLimit)
        return try Bench(
            place: place(query.fingerprint, next: "\(Bench.origin)/api/v1/logs?after=1&limit=\(pageLimit)"),
            pageLimit: pageLimit)
    }

    private static let slow = "{\"errorCode\":\"E0000009\",\"errorSummary\":\"The query took too long\"}"
    private static let refused = "{\"errorCode\":\"E0000029\"}"

    @Test("a link that Okta refuses twice is replaced by a query from before the watermark; again at once, it is not")
    func refusedLink() throws {
        var bench = try bench()
        _ = bench.request()
        #expect(bench.answer(400, body: Self.refused).trouble?.renewal == nil)
        _ = try bench.nextRequest()
        let trouble = bench.answer(400, body: Self.refused).trouble
        #expect(trouble?.kind == .cursorRefused)
        #expect(trouble?.renewal?.since.rfc3339 == Self.since)
        let (wait, fresh) = try bench.nextRequest()
        #expect(wait <= 4)
        #expect(fresh.url == "\(Bench.origin)/api/v1/logs?since=\(Self.since)&limit=1000&sortOrder=ASCENDING")
        _ = try #require(bench.page(next: Bench.link("2")).page)
        try bench.commit(3, known: 3, typical: Self.watermark - 1000)
        #expect(bench.pager.place.tail.next == Bench.link("2"))
        #expect(bench.pager.place.tail.watermark == Self.watermark, "it never goes back")
        for _ in 1...2 {
            #expect(try bench.nextRequest().request.url == Bench.link("2"))
            _ = bench.answer(400, body: Self.refused)
        }
        let (probe, again) = try bench.nextRequest()
        #expect((60...66).contains(probe))
        #expect(again.url == Bench.link("2"))
    }

    @Test("another filter, page size or address of the same organization asks anew; another organization is refused")
    func changed() throws {
        var filtered = try Bench(filter: "severity eq \"WARN\"", place: place())
        let request = filtered.request()
        #expect(request?.url.contains("since=\(Self.since)&limit=1000") == true)
        #expect(request?.url.contains("&filter=severity%20eq%20%22WARN%22") == true)

        var other = place(next: "https://login.acme.example/api/v1/logs?after=1")
        #expect(throws: CursorError.self) { _ = try Bench(place: other) }
        other.organization = "00o1"
        var query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        for (id, isSame) in [("00o1", true), ("00o2", false)] {
            query.organization = id
            let query = query
            let made = { () throws(CursorError) in
                try LogPager(
                    query, place: other, pollInterval: .seconds(1), seed: 1, now: .now,
                    wall: UTCTime(milliseconds: Self.watermark))
            }
            if isSame {
                #expect(
                    try made().place.tail == LogPlace.Way(since: Self.watermark - 300_000, watermark: Self.watermark))
            } else {
                #expect(throws: CursorError.otherOrganization(kept: "00o1", found: "00o2")) { _ = try made() }
            }
        }
    }

    @Test("a cursor of version 1 with another filter is followed until it has brought a time to ask from")
    func oldVersion() throws {
        var bench = try Bench(
            filter: "a eq \"b\"", place: LogPlace(next: Bench.link("1"), fingerprint: "0123456789abcdef"))
        #expect(bench.request()?.url == Bench.link("1"))
        _ = bench.page(next: Bench.link("2"))
        try bench.commit(5, typical: Self.watermark)
        #expect(try bench.nextRequest().request.url.contains("since=\(Self.since)"))
    }

    @Test("time-outs halve the page down to ten events, and good pages bring it back", arguments: [true, false])
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
                _ = bench.pager.received(
                    .failure(TransportError(.timeout, host: "acme.okta.com", detail: "")), now: bench.now)
            }
        }
        #expect(limits == [1000, 500, 250, 125, 62, 31, 15, 10])
        for round in 0..<400 {
            let (_, request) = try bench.nextRequest()
            let limit = LogQuery.fullPage(of: request.url)
            if limits.last != limit { limits.append(limit) }
            _ = bench.page(next: "\(Bench.origin)/api/v1/logs?after=\(round)&limit=\(limit)", body: "[1]")
            try bench.commit(1, typical: Self.watermark)
        }
        #expect(limits.suffix(5) == [10, 40, 160, 640, 1000])
    }

    @Test(
        "an outage, or memory that others hold, makes no page smaller",
        arguments: [TransportError.Kind.resolve, .connect, .proxy, .tls, .interrupted, .noRoom])
    func outage(_ kind: TransportError.Kind) throws {
        var bench = try bench()
        for _ in 0..<20 {
            #expect(try bench.nextRequest().request.url.hasSuffix("after=1&limit=1000"))
            _ = bench.pager.received(
                .failure(TransportError(kind, host: "acme.okta.com", detail: "")), now: bench.now)
        }
    }

    @Test("what the token endpoint answers says nothing of the log's budget, link or page size")
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
            let trouble = bench.pager.received(.success(response), now: bench.now).trouble
            #expect(trouble?.what.contains("token endpoint answered \(status)") == true)
            #expect(trouble?.advice.contains("rate_limit_share") == false)
        }
        #expect(bench.pager.rateLimit == nil)
        let request = try bench.nextRequest().request
        #expect(request.url.hasSuffix("after=1&limit=1000"))
        #expect(request.headers.first("X-Okta-Retry-For") == nil)
    }

    @Test("an empty page that leads nowhere needs nothing kept; one that leads on does")
    func idlePoll() throws {
        var bench = try bench()
        let url = try #require(bench.request()?.url)
        let idle = try #require(bench.page(next: url, body: "[ ]").page)
        let landing = try #require(idle.landingWithoutEvents)
        #expect(landing.place == bench.pager.place && !landing.isFull)
        bench.pager.committed(landing, now: bench.now)
        _ = try bench.nextRequest()
        #expect(try #require(bench.page(next: Bench.link("2"), body: "[]").page).landingWithoutEvents == nil)
        try bench.commit(0)
        _ = try bench.nextRequest()
        #expect(try #require(bench.page(next: Bench.link("2"), body: "[1]").trouble).kind == .nextStandsStill)
    }

    @Test("links that lead nowhere again and again are overcome by one fresh query")
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

    @Test("a page too large is asked for in smaller ones")
    func tooLarge() throws {
        var bench = try bench()
        for _ in 1...3 {
            _ = try bench.nextRequest()
            _ = bench.pager.received(
                .failure(TransportError(.tooLarge, host: "acme.okta.com", detail: "")), now: bench.now)
        }
        #expect(try bench.nextRequest().request.url.contains("limit=500"))
    }

    @Test("what Okta deleted before it was collected is told with its bounds, once")
    func gap() throws {
        let old = Bench.dateSeconds * 1000 - 100 * 86_400_000
        var bench = try Bench(
            place: LogPlace(next: Bench.link("1"), fingerprint: "0123456789abcdef", watermark: old))
        _ = bench.request()
        let page = try #require(bench.page(next: Bench.link("2")).page)
        #expect(page.gap == LogGap(from: old, to: Bench.dateSeconds * 1000 - LogRetention.kept))
        // Not before the page that tells of it is stored.
        bench.pager.notCommitted("no room", now: bench.now)
        _ = try bench.nextRequest()
        #expect(try #require(bench.page(next: Bench.link("2")).page).gap == page.gap)
        try bench.commit(0)
        _ = try bench.nextRequest()
        #expect(try #require(bench.page(next: Bench.link("3")).page).gap == nil)
    }

    @Test("an event dated into the future moves no watermark beyond the others, nor beyond the clock")
    func future() throws {
        var bench = try bench()
        _ = bench.request()
        _ = bench.page(next: Bench.link("2"))
        try bench.commit(5, typical: .max)
        #expect(try #require(bench.pager.place.tail.watermark) <= Bench.dateSeconds * 1000)
    }

    @Test("other names of the org that it told itself over TLS are followed, and no others")
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

import CurlHTTPClient
import Testing

@testable import OktaAPI

/// A pager with a simulated clock.
struct Bench {
    static let origin = "https://acme.okta.com"
    static let date = "Thu, 11 Sep 2025 16:21:50 GMT"
    static let dateSeconds: Int64 = 1_757_607_710
    /// The time by Okta's clock, in milliseconds since 1970.
    static let server: Int64 = dateSeconds * 1000
    /// The default restart time of a place. A query by time begins at the restart time.
    static let restart = StoredTime(1_757_000_000_000)

    var pager: LogPager
    var now = ContinuousClock.now
    /// This host's clock, as passed to `received`.
    var host = HostTime(server)

    init(
        filter: String? = nil, link: String? = nil, place: LogPlace? = nil, pageLimit: Int = 1000,
        pollInterval: Duration = .seconds(15), budgetShare: Double = 1, seed: UInt64 = 7
    ) throws {
        let query = LogQuery(org: try OrgURL(parsing: Self.origin), filter: filter, pageLimit: pageLimit)
        let way = LogPlace.Way(filter: filter, restart: Self.restart, next: link)
        pager = LogPager(
            query, place: place ?? LogPlace(source: query.source, ways: .one(way)), pollInterval: pollInterval,
            budgetShare: budgetShare, seed: seed, now: now, host: host)
    }

    static func link(_ after: String) -> String { "\(origin)/api/v1/logs?after=\(after)&limit=1000" }

    /// The request that the pager wants to send now; nil if it waits.
    mutating func request() -> HTTPRequest? {
        guard case .request(let page) = pager.nextStep(now: now) else { return nil }
        return page.request
    }

    /// Moves the clock to the time of the next request. Returns the wait in seconds, and the request.
    mutating func nextRequest() throws -> (wait: Double, request: HTTPRequest) {
        let before = now
        var due: HTTPRequest?
        switch pager.nextStep(now: now) {
        case .request(let page): due = page.request
        case .wait(let until):
            now = until
            due = request()
        case .outstanding: break
        }
        return (before.duration(to: now).seconds, try #require(due))
    }

    /// Tells the pager that the pending page is durable. The next request of the same way then uses the page's next link.
    mutating func commit(
        _ events: Int, passed: Int? = nil, newest: Int64? = nil, change: PageCheckpoint.Change? = nil
    ) throws {
        guard case .delivering(let page) = pager.phase else { throw NoPage() }
        var checkpoint = PageCheckpoint(place: page.place)
        switch (page.place.ways, page.way) {
        case (.one(var way), .main):
            way.next = page.next
            way.end = page.end(count: events, newest: newest.map { PublishedTime($0) }) ?? way.end
            checkpoint.place.ways = .one(way)
        case (.one(let main), .tail):
            let tail = LogPlace.Way(filter: main.filter, restart: page.since, next: page.next)
            checkpoint.place.ways = .two(
                history: main, tail: tail, .init(from: PublishedTime(main.restart.milliseconds), until: page.since))
            checkpoint.change = .tailBegan
        case (.two(var history, let tail, let backfill), .main):
            history.next = page.next
            switch change {
            case .historyEnded: checkpoint.place.ways = .one(tail)
            case .tailDropped: checkpoint.place.ways = .one(history)
            default: checkpoint.place.ways = .two(history: history, tail: tail, backfill)
            }
        case (.two(let history, var tail, let backfill), .tail):
            tail.next = page.next
            checkpoint.place.ways = .two(history: history, tail: tail, backfill)
        }
        if let change { checkpoint.change = change }
        (checkpoint.count, checkpoint.passed) = (events, passed ?? events)
        checkpoint.newest = newest.map { PublishedTime($0) }
        pager.committed(checkpoint, now: now)
    }

    struct NoPage: Error {}

    mutating func fail(_ kind: TransportError.Kind) -> LogPager.Outcome {
        pager.received(.failure(TransportError(kind, host: "acme.okta.com", detail: "")), now: now, host: host)
    }

    mutating func answer(
        _ status: Int, _ headers: [(String, String)] = [], body: String = "", type: String? = "application/json"
    ) -> LogPager.Outcome {
        var all = HTTPHeaders([.init("Date", Self.date)])
        if let type { all.append("Content-Type", type) }
        for (name, value) in headers { all.append(name, value) }
        return pager.received(
            .success(HTTPResponse(status: status, headers: all, body: Array(body.utf8))), now: now, host: host)
    }

    mutating func page(next: String, body: String = "[{}]", _ headers: [(String, String)] = []) -> LogPager.Outcome {
        answer(200, [("Link", "<\(next)>; rel=\"next\"")] + headers, body: body)
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension LogPager.Outcome {
    var page: LogPage? { if case .page(let page) = self { page } else { nil } }
    var trouble: PagerTrouble? { if case .trouble(let trouble) = self { trouble } else { nil } }
}

@Suite("The log pager")
struct LogPagerTests {
    @Test("the first request is a query by time with the percent-encoded filter")
    func firstRequest() throws {
        var bench = try Bench(filter: "eventType eq \"user.session.start\"")
        let due = bench.request()
        let request = try #require(due)
        #expect(
            request.url
                == "https://acme.okta.com/api/v1/logs?since=2025-09-04T15:33:20.000Z&limit=1000&sortOrder=ASCENDING"
                + "&filter=eventType%20eq%20%22user.session.start%22")
        #expect(request.headers.first("X-Okta-Retry-Count") == nil)
        guard case .outstanding = bench.pager.nextStep(now: bench.now) else {
            Issue.record("a second request was due while the first was pending")
            return
        }
    }

    @Test("the place moves only when a page is durable, and the next link is requested byte for byte")
    func cursorMovesWithCommit() throws {
        var bench = try Bench()
        _ = bench.request()
        let next = "https://acme.okta.com/api/v1/logs?limit=10&filter=severity+ge+%22INFO%22&after=1648112954504_1"
        let page = try #require(bench.page(next: next).page)
        #expect(page.next == next)
        #expect(bench.pager.place[.main]?.next == nil)
        guard case .outstanding = bench.pager.nextStep(now: bench.now + .seconds(3600)) else {
            Issue.record("the next request was due before the commit")
            return
        }
        try bench.commit(10)
        #expect(bench.pager.place[.main]?.next == next)
        #expect(try bench.nextRequest().request.url == next)
    }

    @Test(
        "after a full page the next request is sent immediately; otherwise it is sent after the poll interval",
        arguments: [
            ("after=1&limit=1000", 1000, 0.0), ("after=1&limit=1000", 999, 15.0), ("after=1&limit=1000", 0, 15.0),
            ("after=1&limit=20", 20, 0.0), ("after=1&limit=20", 19, 15.0), ("after=1&limit=1000&limit=200", 200, 0.0),
            ("after=1", 100, 0.0), ("after=1", 99, 15.0),
        ])
    func pageSize(query: String, events: Int, wait: Double) throws {
        let url = "\(Bench.origin)/api/v1/logs?\(query)"
        var bench = try Bench(link: url)
        #expect(bench.request()?.url == url)
        _ = try #require(bench.page(next: Bench.link("2")).page)
        try bench.commit(events)
        #expect(try bench.nextRequest().wait == wait)
    }

    @Test("an empty page whose next link leads to itself is the end of the log and not a problem")
    func emptyPageAtTheEnd() throws {
        var bench = try Bench(link: Bench.link("2"))
        _ = bench.request()
        #expect(bench.page(next: Bench.link("2"), body: " [ ] \n").page != nil)
        try bench.commit(0)
        #expect(bench.pager.trouble == nil)
        #expect(try bench.nextRequest().wait == 15)
    }

    @Test(
        "if an answer with status 200 is not a page, the place does not move, and the same page is requested again",
        arguments: [
            ("<html>Sign in</html>", "text/html", Bench.link("2"), PagerTrouble.Kind.notOkta),
            ("<html>Sign in</html>", "application/json", Bench.link("2"), .notOkta),
            ("[]", "text/plain", Bench.link("2"), .notOkta),
            ("[{\"uuid\":", "application/json", Bench.link("2"), .brokenBody),
            ("[", "application/json", Bench.link("2"), .brokenBody),
            ("{\"errorCode\":\"E0000009\"}", "application/json", Bench.link("2"), .brokenBody),
            ("", "application/json", Bench.link("2"), .brokenBody),
            ("[{}]", "application/json", "", .missingNext),
            ("[{}]", "application/json", Bench.link("1"), .nextStandsStill),
            ("[{}]", "application/json", "https://evil.example/api/v1/logs?after=2", .foreignNext),
            ("[{}]", "application/json", "http://acme.okta.com/api/v1/logs?after=2", .foreignNext),
            ("[{}]", "application/json", "https://acme.okta.com:8443/api/v1/logs?after=2", .foreignNext),
            ("[{}]", "application/json", "https://acme.okta.com@evil.example/api/v1/logs?after=2", .foreignNext),
            ("[{}]", "application/json", "https://x@acme.okta.com/api/v1/logs?after=2", .foreignNext),
            ("[{}]", "application/json", "https://acme.okta.com/api/v1/logs?after=2#x", .foreignNext),
            ("[{}]", "application/json", "https://acme.okta.com/api/v1/logs/../users?after=2", .foreignNext),
            ("[{}]", "application/json", "https://acme.okta.com\\@evil.example/api/v1/logs", .foreignNext),
            ("[{}]", "application/json", "https://acme.okta.com/api/v1/logs?after=2 \u{1}", .foreignNext),
            ("[{}]", "application/json", "/api/v1/logs?after=2", .foreignNext),
        ])
    func unusablePages(body: String, type: String, next: String, kind: PagerTrouble.Kind) throws {
        var bench = try Bench(link: Bench.link("1"))
        _ = bench.request()
        let link = next.isEmpty ? "<\(Bench.link("1"))>; rel=\"self\"" : "<\(next)>; rel=\"next\""
        let trouble = bench.answer(200, [("Link", link), ("X-Okta-Request-Id", "req1")], body: body, type: type).trouble
        #expect(trouble?.kind == kind)
        #expect(trouble?.what.contains("after=") == false)
        #expect(bench.pager.place[.main]?.next == Bench.link("1"))
        let (wait, request) = try bench.nextRequest()
        #expect((1...2).contains(wait))
        #expect(request.url == Bench.link("1"))
        #expect(request.headers.first("X-Okta-Retry-For") == "req1")
        #expect(request.headers.first("X-Okta-Retry-Count") == "1")
    }

    @Test(
        "if a person has to correct a problem, a request is sent once a minute, and the message says what to do",
        arguments: [
            (401, "E0000011", PagerTrouble.Kind.unauthorized, "tributary credential rotate"),
            (401, "", .unauthorized, "Check the token"),
            (403, "E0000005", .forbidden, "secret file"),
            (403, "E0000006", .forbidden, "Read-only Administrator"),
            (401, "E0000015", .unauthorized, "support"),
            (403, "E0000260", .forbidden, "deactivated"),
            (404, "E0000008", .wrongAddress, "URL"), (405, "E0000022", .wrongAddress, "URL"),
            (410, "", .wrongAddress, "URL"),
            (400, "E0000053", .refusedQuery, "filter"), (414, "E0000256", .refusedQuery, "filter"),
            (418, "", .refused, "URL"),
        ])
    func probes(status: Int, code: String, kind: PagerTrouble.Kind, advice: String) throws {
        var bench = try Bench()
        for round in 1...4 {
            let (wait, _) = try bench.nextRequest()
            if round > 1 { #expect((60...66).contains(wait)) }
            let body = code.isEmpty ? "" : "{\"errorCode\":\"\(code)\",\"errorSummary\":\"words\"}"
            let trouble = try #require(bench.answer(status, body: body).trouble)
            #expect(trouble.kind == kind)
            #expect(trouble.advice.contains(advice))
            #expect(trouble.requery == nil)
            #expect(bench.pager.trouble == trouble)
        }
        _ = try bench.nextRequest()
        #expect(bench.page(next: Bench.link("2")).page != nil)
        #expect(bench.pager.trouble?.kind == kind, "the problem is over only when a page is durable")
        try bench.commit(1)
        #expect(bench.pager.trouble == nil)
    }

    @Test(
        "after a temporary problem, the request is repeated; the waits are random and grow up to a minute",
        arguments: [500, 502, 503, 504, 408, 425, 204, 302, -1, -2])
    func backoff(status: Int) throws {
        var bench = try Bench()
        var longest = 0.0
        for round in 1...40 {
            let (wait, request) = try bench.nextRequest()
            #expect(request.url.contains("since="))
            if round > 1 {
                #expect(wait >= 1)
                #expect(wait <= min(60, Double(1 << min(round - 1, 10))))
            }
            longest = max(longest, wait)
            switch status {
            case -1: #expect(bench.fail(.timeout).trouble?.kind == .unreachable)
            case -2: #expect(bench.fail(.tls).trouble?.kind == .unreachable)
            default: #expect(bench.answer(status, body: "<html>", type: "text/html").trouble != nil)
            }
        }
        #expect(longest > 30)
    }

    @Test(
        "after a single answer 204 (no content), the same request is sent again 1 to 2 s later",
        arguments: [nil, Bench.link("1")])
    func noContent(link: String?) throws {
        var bench = try Bench(link: link)
        let first = try #require(bench.request()?.url)
        let trouble = try #require(bench.answer(204).trouble)
        #expect(trouble.kind == .serverFailure)
        #expect(trouble.requery == nil)
        let (wait, request) = try bench.nextRequest()
        #expect((1...2).contains(wait))
        #expect(request.url == first)
    }

    @Test("if a page begins with a byte order mark, the mark is removed and the page is used")
    func byteOrderMark() throws {
        var bench = try Bench(link: Bench.link("1"))
        _ = bench.request()
        let page = try #require(bench.page(next: Bench.link("2"), body: "\u{FEFF} [{}]").page)
        #expect(page.body == Array(" [{}]".utf8))
        try bench.commit(1)
        _ = try bench.nextRequest()
        #expect(bench.page(next: Bench.link("2"), body: "\u{FEFF}[{}]").trouble?.kind == .nextStandsStill)
        _ = try bench.nextRequest()
        let idle = try #require(bench.page(next: Bench.link("2"), body: "\u{FEFF}[]").page)
        #expect(idle.emptyCheckpoint != nil)
        try bench.commit(0)
        _ = try bench.nextRequest()
        #expect(bench.page(next: Bench.link("3"), body: "\u{FEFF}").trouble?.kind == .brokenBody)
    }

    @Test("after a 429 the pager waits until the reset by Okta's clock, even if the local clock is wrong")
    func rateLimited() throws {
        var bench = try Bench()
        _ = bench.request()
        let reset = String(Bench.dateSeconds + 48)
        let trouble = bench.answer(
            429, [("x-rate-limit-limit", "60"), ("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", reset)]
        ).trouble
        #expect(trouble?.kind == .rateLimited)
        #expect((49...51).contains(try bench.nextRequest().wait))
    }

    @Test(
        "if a 429 has meaningless headers, or means too many concurrent requests, the pager waits a short time",
        arguments: [
            [("X-Rate-Limit-Limit", "0"), ("X-Rate-Limit-Remaining", "0"), ("X-Rate-Limit-Reset", "1757607758")],
            [], [("X-Rate-Limit-Reset", "0")], [("X-Rate-Limit-Reset", "soon")],
            [("X-Rate-Limit-Reset", "1757607758000")],
        ])
    func rateLimitedOddly(headers: [(String, String)]) throws {
        var bench = try Bench()
        for round in 1...20 {
            let (wait, _) = try bench.nextRequest()
            if round > 1 { #expect(wait >= 1 && wait <= min(30, Double(1 << (round - 1)))) }
            #expect(bench.answer(429, headers, body: "{}").trouble != nil)
        }
    }

    /// Each row has the headers' limits, remaining requests and seconds to the reset, and then the three values that the pager must use.
    static let buckets: [(limits: [String], remaining: [String], resets: [Int64], (Int64?, Int64?, Int64?))] = [
        // One of the two buckets is used up, so its limit and its reset are used.
        (["600", "60"], ["593", "0"], [50, 5], (60, 0, 5)),
        (["60", "600"], ["0", "593"], [5, 50], (60, 0, 5)),
        (["600", "60"], ["593", "0"], [5, 50], (60, 0, 50)),
        // Both buckets are used up, so the later reset counts.
        (["600", "60"], ["0", "0"], [5, 50], (60, 0, 50)),
        (["600", "60"], ["0", "0"], [50, 5], (600, 0, 50)),
        (["600"], ["3"], [20], (600, 3, 20)),
        // There are two limits but only one remaining count, so the smaller limit is used.
        (["600", "60"], ["3"], [20], (60, 3, 20)),
        (["600"], ["593", "3"], [50, 20], (600, 3, 20)),
        (["many", "60"], ["-", "3"], [50, 20], (60, 3, 20)),
        ([], [], [], (nil, nil, nil)),
    ]

    @Test(
        "if an answer has several rate-limit buckets, the bucket with the fewest requests left is used, with its own reset",
        arguments: [true, false])
    func buckets(inOneHeader: Bool) throws {
        for (limits, remaining, resets, expected) in Self.buckets {
            var fields: [(String, String)] = []
            for (name, values) in [
                ("Limit", limits), ("Remaining", remaining),
                ("Reset", resets.map { String(Bench.dateSeconds + $0) }),
            ] {
                let values = inOneHeader && !values.isEmpty ? [values.joined(separator: ", ")] : values
                for value in values { fields.append(("X-Rate-Limit-\(name)", value)) }
            }
            let limit = RateLimit(HTTPHeaders(fields.map { .init($0.0, $0.1) } + [.init("Date", Bench.date)]))
            #expect((limit.limit, limit.remaining, limit.secondsToReset) == expected, "\(fields)")
            guard expected.1 == 0, let reset = expected.2 else { continue }
            var bench = try Bench()
            _ = bench.request()
            #expect(bench.answer(429, fields).trouble?.kind == .rateLimited)
            #expect((Double(reset + 1)...Double(reset + 3)).contains(try bench.nextRequest().wait), "\(fields)")
        }
    }

    @Test("if an answer says that no request is left, the next request waits until the reset")
    func remainingZero() throws {
        var bench = try Bench()
        _ = bench.request()
        let reset = String(Bench.dateSeconds + 30)
        let outcome = bench.page(
            next: Bench.link("2"), [("X-Rate-Limit-Remaining", "0"), ("X-Rate-Limit-Reset", reset)])
        #expect(outcome.page != nil)
        try bench.commit(1000)
        #expect((31...33).contains(try bench.nextRequest().wait))
    }

    @Test(
        "in a backlog, requests are spaced so that they use only the configured share of the org's budget",
        arguments: [("120", 0.5, 1.0), ("120", 1.0, 0.5), ("20", 0.5, 6.0), ("600", 0.1, 1.0), ("1", 0.01, 60.0)])
    func pace(limit: String, share: Double, seconds: Double) throws {
        var bench = try Bench(budgetShare: share)
        _ = try bench.nextRequest()
        _ = bench.page(next: Bench.link("1"), [("X-Rate-Limit-Limit", limit), ("X-Rate-Limit-Remaining", "9")])
        // The spacing begins with the request, so the 200 ms until the commit are part of it and shorten the wait.
        bench.now += .milliseconds(200)
        try bench.commit(1000)
        let next = try bench.nextRequest()
        #expect(abs(next.wait - (seconds - 0.2)) < 0.001)
    }

    @Test("if the rate limit in a header is meaningless, requests are not spaced", arguments: ["0", "-5", "many", ""])
    func noPace(limit: String) throws {
        var bench = try Bench(budgetShare: 0.5)
        _ = try bench.nextRequest()
        _ = bench.page(next: Bench.link("1"), [("X-Rate-Limit-Limit", limit)])
        try bench.commit(1000)
        #expect(try bench.nextRequest().wait == 0)
    }

    @Test("whatever the headers are, a wait is never negative and never longer than 95 s")
    func rateLimitProperty() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = Jitter(seed: seed)
        let dates = [Bench.date, "", "yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"]
        for _ in 0..<5000 {
            var bench = try Bench(seed: random.next())
            _ = bench.request()
            func number() -> String {
                switch random.next() % 8 {
                case 0: "-5"
                case 1: String(Int64.min)
                case 2: String(Int64.max)
                case 3: "99999999999999999999999"
                case 4: "none"
                case 5: String(Bench.dateSeconds + Int64(random.next() % 8000) - 4000)
                case 6: "0"
                default: String(Bench.dateSeconds + Int64(random.next() % 61))
                }
            }
            var headers = HTTPHeaders()
            for name in ["Limit", "Remaining", "Reset", "Reset"] where random.next() % 4 > 0 {
                headers.append("X-Rate-Limit-\(name)", number())
            }
            headers.append("Date", dates[Int(random.next() % 5)])
            if random.next() % 4 == 0 { headers.append("Retry-After", number()) }
            headers.append("Link", "<\(Bench.link("2"))>; rel=next")
            let status = [429, 200, 503][Int(random.next() % 3)]
            let answer = HTTPResponse(status: status, headers: headers, body: Array("[]".utf8))
            if case .page = bench.pager.received(.success(answer), now: bench.now, host: bench.host) {
                try bench.commit(0)
            }
            let wait = try bench.nextRequest().wait
            #expect(wait >= 0 && wait <= 95)
        }
    }

    @Test("a page that was rejected or could not be stored is requested again")
    func rejectedAndNotCommitted() throws {
        var bench = try Bench()
        let first = bench.request()?.url
        _ = bench.page(next: Bench.link("2"), [("X-Okta-Request-Id", "abc")])
        #expect(bench.pager.rejected("byte 17", now: bench.now).kind == .rejected)
        let (wait, again) = try bench.nextRequest()
        #expect(wait >= 1)
        #expect(again.url == first)
        #expect(again.headers.first("X-Okta-Retry-For") == "abc")
        _ = bench.page(next: Bench.link("2"))
        #expect(bench.pager.notCommitted("disk full", now: bench.now).kind == .notCommitted)
        #expect(try bench.nextRequest().request.url == first)
        #expect(bench.pager.place[.main]?.next == nil)
    }

    @Test("a cancelled request does not count as a failure, and a late answer changes nothing")
    func cancelled() throws {
        var bench = try Bench()
        _ = bench.request()
        #expect(bench.fail(.cancelled).trouble?.kind == .cancelled)
        #expect(bench.pager.trouble == nil)
        #expect(bench.page(next: Bench.link("2")).trouble?.kind == .cancelled)
        #expect(bench.pager.place[.main]?.next == nil)
    }

    @Test("if the start is earlier than Okta accepts, the request uses the earliest accepted time")
    func oldStart() throws {
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        var bench = try Bench(place: LogPlace(start: StoredTime(0), query: query))
        let due = bench.request()
        let request = try #require(due)
        let since = try #require(HTTPURL(request.url)?.queryValues("since").first)
        #expect(since.hasPrefix("2025-03-15T17:21"))
    }

    @Test(
        "until a tail begins, its requests follow the links of empty answers; after a page of known events, it is queried by time"
    )
    func tailToBegin() throws {
        var bench = try Bench(link: Bench.link("h0"))
        let old = Bench.server - 86_400_000
        var tails: [String] = []
        var number = 0
        func isTail(_ url: String) -> Bool { url.contains("after=t") || url.contains("since=") }
        // The tail's answers are empty, and the history's pages are full. At most 8,192 events of the history pass between two requests for the tail.
        while tails.count < 4 {
            let url = try bench.nextRequest().request.url
            number += 1
            if isTail(url) {
                tails.append(url)
                _ = bench.page(next: Bench.link("t\(number)"), body: "[]")
                bench.pager.nothingKept(isEmpty: true, now: bench.now)
            } else {
                _ = bench.page(next: Bench.link("h\(number)"))
                try bench.commit(1000, newest: old)
            }
            try #require(number < 100)
        }
        #expect(tails[0].contains("since="))
        #expect(tails.dropFirst().allSatisfy { $0.contains("after=t") }, "\(tails)")
        // Then the tail gets a page with only known events. Such a page does not begin a tail, so the tail's next request is a query by time.
        while !isTail(try bench.nextRequest().request.url) {
            number += 1
            _ = bench.page(next: Bench.link("h\(number)"))
            try bench.commit(1000, newest: old)
        }
        let page = try #require(bench.page(next: Bench.link("t")).page)
        #expect(page.isAhead(PublishedTime(old + 1_800_000)))
        #expect(!page.isAhead(PublishedTime(old + 1_799_999)))
        bench.pager.nothingKept(isEmpty: false, now: bench.now)
        var next = try bench.nextRequest().request.url
        while !isTail(next) {
            number += 1
            _ = bench.page(next: Bench.link("h\(number)"))
            try bench.commit(1000, newest: old)
            next = try bench.nextRequest().request.url
        }
        #expect(next.contains("since="))
    }

    @Test(
        "a tail whose pages are not full, or that searches, does not keep the history from being read",
        arguments: [false, true])
    func historyHasTurns(isSearching: Bool) throws {
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        let history = LogPlace.Way(filter: nil, restart: Bench.restart, next: Bench.link("h0"))
        let tail = LogPlace.Way(
            filter: nil, restart: StoredTime(Bench.server), next: isSearching ? nil : Bench.link("t0"))
        let backfill = LogPlace.Backfill(from: PublishedTime(0), until: StoredTime(Bench.server), isHeadFull: true)
        var bench = try Bench(
            place: LogPlace(source: query.source, ways: .two(history: history, tail: tail, backfill)))
        var turns = 0
        for number in 0..<40 {
            _ = try bench.nextRequest()
            let page = try #require(bench.page(next: Bench.link("\(number)")).page)
            if page.way == .main {
                turns += 1
                try bench.commit(1000, newest: Bench.server - 86_400_000)
            } else if isSearching {
                let search = LogSearch(.counting(upTo: 4_000), began: page.date, next: page.next)
                bench.pager.searching(search, now: bench.now)
            } else {
                // The events are stored two hours after they were published.
                try bench.commit(300, newest: Bench.server - 7_200_000)
            }
        }
        #expect(turns >= 10)
    }

    @Test("with pages of five events, one empty page does not show the end of a backlog either")
    func emptyPageInSmallBacklog() throws {
        var bench = try Bench(link: Bench.link("0").replacing("limit=1000", with: "limit=5"), pageLimit: 5)
        _ = bench.request()
        _ = bench.page(next: Bench.link("1").replacing("limit=1000", with: "limit=5"))
        try bench.commit(5, newest: Bench.server - 86_400_000)
        _ = try bench.nextRequest()
        let page = try #require(bench.page(next: Bench.link("1"), body: "[]").page)
        #expect(page.expectsMore(count: 0, newest: nil))
    }

    @Test(
        "if a server sends smaller pages than requested, the next request follows immediately while the events are old")
    func cappedPages() throws {
        var bench = try Bench(link: Bench.link("0"))
        // The events of nearly an hour come in pages of 200 or 190. Then come 130 current events.
        for page in 1...30 {
            let (wait, request) = try bench.nextRequest()
            #expect(wait == 0, "page \(page)")
            #expect(request.url == Bench.link("\(page - 1)"))
            _ = bench.page(next: Bench.link("\(page)"))
            try bench.commit(page % 7 == 0 ? 190 : 200, newest: Bench.server - Int64(31 - page) * 110_000)
        }
        #expect(try bench.nextRequest().wait == 0)
        _ = bench.page(next: Bench.link("31"))
        try bench.commit(130, newest: Bench.server - 1_000)
        #expect(try bench.nextRequest().wait == 15)
    }

    @Test(
        "if two pages in a row have the same size, at least ten events, the pager takes this size for the server's limit",
        arguments: [(10, 0.0), (9, 15.0)])
    func equalPages(events: Int, wait: Double) throws {
        var bench = try Bench(link: Bench.link("0"))
        _ = bench.request()
        _ = bench.page(next: Bench.link("1"))
        try bench.commit(events, newest: Bench.server)
        #expect(try bench.nextRequest().wait == 15)
        _ = bench.page(next: Bench.link("2"))
        try bench.commit(events, newest: Bench.server)
        #expect(try bench.nextRequest().wait == wait)
        _ = bench.page(next: Bench.link("3"), body: "[]")
        try bench.commit(0)
        #expect(try bench.nextRequest().wait == 15)
    }

    @Test(
        "after a page of a backlog, one empty page does not show the end of the log, but two do",
        arguments: [(59_000, 15.0), (86_400_000, 0.0)])
    func emptyPageInBacklog(age: Int64, wait: Double) throws {
        var bench = try Bench(link: Bench.link("0"))
        _ = bench.request()
        _ = bench.page(next: Bench.link("1"))
        try bench.commit(1000, newest: Bench.server - age)
        #expect(try bench.nextRequest().wait == 0)
        let first = try #require(bench.page(next: Bench.link("1"), body: "[]").page)
        #expect(first.expectsMore(count: 0, newest: nil) == (wait == 0))
        try bench.commit(0)
        #expect(try bench.nextRequest().wait == wait)
        let second = try #require(bench.page(next: Bench.link("1"), body: "[]").page)
        #expect(!second.expectsMore(count: 0, newest: nil))
        try bench.commit(0)
        #expect(try bench.nextRequest().wait == 15)
    }

    @Test(
        "where events are stored half an hour after they were published, a poll costs few requests",
        arguments: [
            [9, 0], [1, 0], [150, 0, 0], [150, 0, 1], [150, 1, 0], [1000, 0, 20], [1000, 300, 20, 0, 0],
            [1000, 20, 30], [1000, 100, 100],
        ])
    func lateOrg(pages: [Int]) throws {
        var bench = try Bench(link: Bench.link("0"))
        for poll in 0..<3 {
            for (number, events) in pages.enumerated() {
                let (wait, _) = try bench.nextRequest()
                if poll > 0 || number > 0 { #expect(wait == (number == 0 ? 15 : 0), "page \(number) of \(pages)") }
                _ = bench.page(next: Bench.link("\(poll)-\(number)"), body: events > 0 ? "[{}]" : "[]")
                try bench.commit(events, newest: events > 0 ? Bench.server - 1_800_000 : nil)
            }
        }
    }

    @Test(
        "a quiet org costs one request per poll interval",
        arguments: [(15, 59), (15, 0), (300, 299), (300, 61)])
    func quietOrg(pollInterval: Int, age: Int) throws {
        var bench = try Bench(link: Bench.link("0"), pollInterval: .seconds(pollInterval))
        let start = bench.now
        let polls = 40
        for poll in 0..<polls {
            let events = poll % 3
            let (wait, _) = try bench.nextRequest()
            if poll > 0 { #expect(wait == Double(pollInterval)) }
            _ = bench.page(
                next: Bench.link(events > 0 ? "\(poll + 1)" : "same"), body: events > 0 ? "[{}]" : "[]")
            try bench.commit(events, newest: events > 0 ? Bench.server - Int64(age) * 1000 : nil)
        }
        #expect(bench.now - start == .seconds((polls - 1) * pollInterval))
    }

    // MARK: A start relative to now

    private func start(ahead: Int64, back: Int64, counts: Bool = true) throws -> Bench {
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        let host = HostTime(Bench.server + ahead)
        var bench = try Bench(
            place: LogPlace(
                start: StoredTime(host.milliseconds - back), query: query, countedFrom: counts ? host : nil))
        bench.host = host
        return bench
    }

    @Test(
        "if this host's clock is wrong by more than a minute, a start relative to now is computed again with Okta's clock",
        arguments: [7_200_000, -7_200_000, 61_000, -61_000], [0, 3_000_000] as [Int64])
    func startMoves(ahead: Int64, back: Int64) throws {
        var bench = try start(ahead: ahead, back: back)
        _ = bench.request()
        guard case .startMoved(let start, let told) = bench.page(next: Bench.link("1")) else {
            Issue.record("a page was accepted although its query began at the wrong time")
            return
        }
        #expect(start == StoredTime(Bench.server - back))
        #expect(told == .milliseconds(ahead))
        let (wait, request) = try bench.nextRequest()
        #expect(wait == 0)
        let since = UTCTime(milliseconds: Bench.server - back).rfc3339
        #expect(request.url.contains("since=\(since)&"))
        // The start is computed again only once, so this page is accepted.
        let page = try #require(bench.page(next: Bench.link("1")).page)
        #expect(page.place[.main]?.restart == start)
        #expect(page.place.countedFrom == nil)
    }

    @Test(
        "a start is not computed again if it is absolute, or if this host's clock is wrong by at most a minute",
        arguments: [(7_200_000, false), (-7_200_000, false), (60_000, true), (-60_000, true), (0, true)])
    func startStays(ahead: Int64, counts: Bool) throws {
        var bench = try start(ahead: ahead, back: 3_000_000, counts: counts)
        _ = bench.request()
        let page = try #require(bench.page(next: Bench.link("1")).page)
        #expect(page.place[.main]?.restart == StoredTime(Bench.server + ahead - 3_000_000))
    }

    @Test("if a place has a link, its start is not computed again, even if the clocks differ")
    func linkStays() throws {
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin))
        var place = LogPlace(start: Bench.restart, query: query, countedFrom: HostTime(Bench.server + 7_200_000))
        place.changeEach { $0.next = Bench.link("1") }
        var bench = try Bench(place: place)
        bench.host = HostTime(Bench.server + 7_200_000)
        _ = bench.request()
        #expect(bench.page(next: Bench.link("2")).page != nil)
    }
}

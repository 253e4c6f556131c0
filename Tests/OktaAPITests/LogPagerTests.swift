import Testing

@testable import OktaAPI

/// A pager with a simulated clock.
struct Bench {
    static let origin = "https://acme.okta.com"
    static let date = "Thu, 11 Sep 2025 16:21:50 GMT"
    static let dateSeconds: Int64 = 1_757_607_710

    var pager: LogPager
    var now = ContinuousClock.now
    let start: ContinuousClock.Instant

    init(
        filter: String? = nil, link: String? = nil, place: LogPlace? = nil, pageLimit: Int = 1000,
        budgetShare: Double = 1, seed: UInt64 = 7
    ) throws {
        start = now
        let query = LogQuery(org: try OrgURL(parsing: Self.origin), filter: filter, pageLimit: pageLimit)
        let kept =
            place ?? link.map { LogPlace(next: $0, fingerprint: query.fingerprint) }
            ?? LogPlace(since: 1_757_000_000_000, fingerprint: query.fingerprint)
        pager = try LogPager(
            query, place: kept, pollInterval: .seconds(15), budgetShare: budgetShare, seed: seed, now: now,
            wall: UTCTime(milliseconds: Self.dateSeconds * 1000))
    }

    static func link(_ after: String) -> String { "\(origin)/api/v1/logs?after=\(after)&limit=1000" }

    /// The request that is due now, or nil.
    mutating func request() -> HTTPRequest? {
        guard case .request(let page) = pager.nextStep(now: now) else { return nil }
        return page.request
    }

    /// Moves the clock to the next request; the wait in seconds and the request.
    mutating func nextRequest() throws -> (wait: Double, request: HTTPRequest) {
        let before = now
        var due: HTTPRequest?
        switch pager.nextStep(now: now) {
        case .request(let page): due = page.request
        case .page: Issue.record("a page that waited")
        case .wait(let until):
            now = until
            due = request()
        case .outstanding: break
        }
        return (before.duration(to: now).seconds, try #require(due))
    }

    /// The page that is out is durable.
    mutating func commit(
        _ events: Int, known: Int = 0, boundaryRun: Int = 0, typical: Int64? = nil, newest: Int64? = nil
    )
        throws
    {
        guard case .delivering(let page) = pager.phase else { throw NoPage() }
        var contents = PageContents()
        (contents.count, contents.known, contents.boundaryRun) = (events, known, boundaryRun)
        (contents.typical, contents.newest) = (typical, newest ?? typical)
        pager.committed(try #require(page.landing(contents)), now: now)
    }

    struct NoPage: Error {}

    mutating func answer(
        _ status: Int, _ headers: [(String, String)] = [], body: String = "", type: String? = "application/json"
    ) -> LogPager.Outcome {
        var all = HTTPHeaders([.init("Date", Self.date)])
        if let type { all.append("Content-Type", type) }
        for (name, value) in headers { all.append(name, value) }
        return pager.received(.success(HTTPResponse(status: status, headers: all, body: Array(body.utf8))), now: now)
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
    @Test("the first request is a polling query with the filter encoded")
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
            Issue.record("a second request at once")
            return
        }
    }

    @Test("the cursor moves with the commit, not with the page, and next is followed byte for byte")
    func cursorMovesWithCommit() throws {
        var bench = try Bench()
        _ = bench.request()
        let next = "https://acme.okta.com/api/v1/logs?limit=10&filter=severity+ge+%22INFO%22&after=1648112954504_1"
        let page = try #require(bench.page(next: next).page)
        #expect(page.next == next)
        #expect(bench.pager.place.tail.next == nil)
        guard case .outstanding = bench.pager.nextStep(now: bench.now + .seconds(3600)) else {
            Issue.record("a request before the commit")
            return
        }
        try bench.commit(10)
        #expect(bench.pager.place.tail.next == next)
        #expect(try bench.nextRequest().request.url == next)
    }

    @Test(
        "a full page is followed at once, a shorter one after the poll interval",
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
        #expect(bench.pager.health.state == (wait == 0 ? .collecting : .caughtUp))
        #expect(try bench.nextRequest().wait == wait)
    }

    @Test("an empty page whose next is itself is the end of the log, not trouble")
    func emptyPageAtTheEnd() throws {
        var bench = try Bench(link: Bench.link("2"))
        _ = bench.request()
        #expect(bench.page(next: Bench.link("2"), body: " [ ] \n").page != nil)
        try bench.commit(0)
        #expect(bench.pager.health.state == .caughtUp)
    }

    @Test(
        "an unusable 200 leaves the cursor, and the same page is asked for again",
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
        #expect(trouble?.description.contains("acme.okta.com") == true)
        #expect(trouble?.description.contains("after=") == false)
        #expect(bench.pager.place.tail.next == Bench.link("1"))
        let (wait, request) = try bench.nextRequest()
        #expect((1...2).contains(wait))
        #expect(request.url == Bench.link("1"))
        #expect(request.headers.first("X-Okta-Retry-For") == "req1")
        #expect(request.headers.first("X-Okta-Retry-Count") == "1")
    }

    @Test(
        "what a person has to put right is probed once a minute and says what to do",
        arguments: [
            (401, "E0000011", PagerTrouble.Kind.unauthorized, "put it into the secret file"),
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
            #expect(bench.pager.health.consecutiveFailures == round)
            #expect(bench.pager.health.since == bench.start || round > 0)
        }
        _ = try bench.nextRequest()
        #expect(bench.page(next: Bench.link("2")).page != nil)
        try bench.commit(1)
        #expect(bench.pager.health.state == .caughtUp)
        #expect(bench.pager.health.trouble == nil)
        #expect(bench.pager.health.consecutiveFailures == 0)
    }

    @Test(
        "what passes by itself is retried with growing, jittered waits up to a minute",
        arguments: [500, 502, 503, 504, 408, 302, -1, -2])
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
            case -1:
                let error = TransportError(.timeout, host: "acme.okta.com", detail: "")
                #expect(bench.pager.received(.failure(error), now: bench.now).trouble?.kind == .unreachable)
            case -2:
                let error = TransportError(.tls, host: "acme.okta.com", detail: "")
                #expect(bench.pager.received(.failure(error), now: bench.now).trouble?.kind == .unreachable)
            default: #expect(bench.answer(status, body: "<html>", type: "text/html").trouble != nil)
            }
            #expect(bench.pager.health.state == .unreachable)
        }
        #expect(longest > 30)
    }

    @Test("400 on a kept link is tried once more, then said to be a refused cursor, and still tried slowly")
    func cursorRefused() throws {
        var bench = try Bench(link: Bench.link("1"))
        _ = bench.request()
        #expect(bench.answer(400, body: "{\"errorCode\":\"E0000029\"}").trouble?.kind == .serverFailure)
        #expect(try bench.nextRequest().wait <= 2)
        #expect(bench.answer(400, body: "{\"errorCode\":\"E0000029\"}").trouble?.kind == .cursorRefused)
        #expect(bench.pager.health.state == .cursorRefused)
        let (wait, request) = try bench.nextRequest()
        #expect((60...66).contains(wait))
        #expect(request.url == Bench.link("1"))
    }

    @Test("429 waits for the reset by the server's clock, whatever the local one says")
    func rateLimited() throws {
        var bench = try Bench()
        _ = bench.request()
        let reset = String(Bench.dateSeconds + 48)
        let trouble = bench.answer(
            429, [("x-rate-limit-limit", "60"), ("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", reset)]
        ).trouble
        #expect(trouble?.kind == .rateLimited)
        #expect(bench.pager.health.state == .waitingForRateLimit)
        #expect(bench.pager.health.consecutiveFailures == 0)
        #expect((49...51).contains(try bench.nextRequest().wait))
    }

    @Test(
        "429 without sense in its headers, or for concurrency, backs off shortly",
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

    @Test("the least of a repeated rate-limit header counts")
    func repeatedHeaders() {
        let headers = HTTPHeaders([
            .init("Date", Bench.date), .init("X-Rate-Limit-Limit", "600"), .init("x-rate-limit-limit", "60, 120"),
            .init("X-Rate-Limit-Remaining", "5"), .init("X-Rate-Limit-Remaining", "3"),
            .init("X-Rate-Limit-Reset", "1757607758"), .init("X-Rate-Limit-Reset", "1757607730"),
        ])
        let limit = RateLimit(headers)
        #expect(limit.limit == 60)
        #expect(limit.remaining == 3)
        #expect(limit.secondsToWait == 21)
    }

    @Test("a used-up budget on a 200 holds the next request back until the reset")
    func remainingZero() throws {
        var bench = try Bench()
        _ = bench.request()
        let reset = String(Bench.dateSeconds + 30)
        let outcome = bench.page(
            next: Bench.link("2"), [("X-Rate-Limit-Remaining", "0"), ("X-Rate-Limit-Reset", reset)])
        #expect(outcome.page != nil)
        try bench.commit(1000)
        #expect(bench.pager.health.state == .waitingForRateLimit)
        #expect((31...33).contains(try bench.nextRequest().wait))
    }

    @Test(
        "requests of a backlog are spaced so that they take their share of the org's budget",
        arguments: [("120", 0.5, 1.0), ("120", 1.0, 0.5), ("20", 0.5, 6.0), ("600", 0.1, 1.0), ("1", 0.01, 60.0)])
    func pace(limit: String, share: Double, seconds: Double) throws {
        var bench = try Bench(budgetShare: share)
        _ = try bench.nextRequest()
        _ = bench.page(next: Bench.link("1"), [("X-Rate-Limit-Limit", limit), ("X-Rate-Limit-Remaining", "9")])
        // What the page itself took counts towards the wait.
        bench.now += .milliseconds(200)
        try bench.commit(1000)
        let next = try bench.nextRequest()
        #expect(abs(next.wait - (seconds - 0.2)) < 0.001)
    }

    @Test("without sense in the limit, nothing is spaced", arguments: ["0", "-5", "many", ""])
    func noPace(limit: String) throws {
        var bench = try Bench(budgetShare: 0.5)
        _ = try bench.nextRequest()
        _ = bench.page(next: Bench.link("1"), [("X-Rate-Limit-Limit", limit)])
        try bench.commit(1000)
        #expect(try bench.nextRequest().wait == 0)
    }

    @Test("no header makes a wait negative or longer than 95 s")
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
            if case .page = bench.pager.received(.success(answer), now: bench.now) {
                try bench.commit(0)
            }
            let wait = try bench.nextRequest().wait
            #expect(wait >= 0 && wait <= 95)
        }
    }

    @Test("a rejected page and one that could not be stored are asked for again")
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
        #expect(bench.pager.health.state == .spoolTrouble)
        #expect(try bench.nextRequest().request.url == first)
        #expect(bench.pager.place.tail.next == nil)
    }

    @Test("a cancelled request counts as no failure, and a late answer changes nothing")
    func cancelled() throws {
        var bench = try Bench()
        _ = bench.request()
        let error = TransportError(.cancelled, host: "acme.okta.com", detail: "")
        #expect(bench.pager.received(.failure(error), now: bench.now).trouble?.kind == .cancelled)
        #expect(bench.pager.health.consecutiveFailures == 0)
        #expect(bench.page(next: Bench.link("2")).trouble?.kind == .cancelled)
        #expect(bench.pager.place.tail.next == nil)
    }

    @Test("a kept place of another org is refused, and a place comes back from its text")
    func placeText() throws {
        let query = LogQuery(org: try OrgURL(parsing: "acme.okta.com"), filter: "a eq \"b\"")
        #expect(query.fingerprint != LogQuery(org: query.org).fingerprint)
        var place = LogPlace(next: Bench.link("1%3D+x"), fingerprint: query.fingerprint, watermark: 17)
        #expect(try LogPlace(parsing: place.text) == place)
        place.organization = "00o1"
        place.backfill = .init(history: .init(next: Bench.link("2"), since: -1), from: 1, until: 2, boundary: 3)
        place.retiring = 9
        #expect(try LogPlace(parsing: place.text) == place)
        #expect(place.text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
        let old = try LogPlace(parsing: "tributary-cursor/1 0123456789abcdef \(Bench.link("7"))")
        #expect(old == LogPlace(next: Bench.link("7"), fingerprint: "0123456789abcdef"))
        #expect(throws: CursorError.newerVersion(3)) { try LogPlace(parsing: "tributary-cursor/3 x") }
        for text in [
            "", "x", "tributary-cursor/1", "tributary-cursor/1 0123456789abcdef",
            "tributary-cursor/1 0123456789abcdef x y", "tributary-cursor/2", "tributary-cursor/2 {}",
            "tributary-cursor/2 {\"fingerprint\":\"0\",\"tail\":{}}",
            "tributary-cursor/2 {\"fingerprint\":\"0\",\"tail\":{\"next\":\"x\"}}",
        ] {
            #expect(throws: CursorError.unreadable, "\(text)") { try LogPlace(parsing: text) }
        }
        let other = LogPlace(next: "https://other.okta.com/api/v1/logs?after=1", fingerprint: query.fingerprint)
        #expect(other.isElsewhere(than: query))
        #expect(throws: CursorError.self) { _ = try Bench(place: other) }
    }

    @Test("a start older than Okta accepts is moved when it is asked for")
    func oldStart() throws {
        var bench = try Bench(place: LogPlace(since: 0, fingerprint: "0123456789abcdef"))
        let due = bench.request()
        let request = try #require(due)
        let since = try #require(HTTPURL(request.url)?.queryValues("since").first)
        #expect(since.hasPrefix("2025-03-15T17:21"))
    }
}

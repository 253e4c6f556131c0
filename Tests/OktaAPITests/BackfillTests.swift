import Foundation
import Testing

@testable import OktaAPI

/// A log in the order in which its events were stored, read by a pager against a spool that remembers as the real one does.
private struct Reading {
    struct Event {
        let persisted: Int64
        let published: Int64
    }

    /// Newest first to be dropped last: what the spool's windows hold.
    struct Window {
        private var commits: [(mark: Int64, events: Set<Int>)] = []
        let count: Int
        let span: Int64?

        private var all: Set<Int> = []

        init(count: Int, span: Int64?) { (self.count, self.span) = (count, span) }

        func knows(_ event: Int) -> Bool { all.contains(event) }

        mutating func empty() { (commits, all) = ([], []) }

        mutating func add(_ events: Set<Int>, mark: Int64?) {
            guard let mark = [mark, commits.last?.mark].compactMap(\.self).max() else { return }
            if !events.isEmpty { commits.append((mark, events)) }
            all.formUnion(events)
            while let first = commits.first, all.count > count || span.map({ first.mark < mark - $0 }) ?? false {
                all.subtract(first.events)
                commits.removeFirst()
            }
        }
    }

    static let base = Bench.dateSeconds * 1000
    let events: [Event]
    let query: LogQuery
    let pollInterval: Duration
    var random: Jitter
    let start = ContinuousClock.now
    var now = ContinuousClock.now
    var pager: LogPager
    var kept: String
    var tail = Window(count: 32_768, span: 1_200_000)
    var history = Window(count: 32_768, span: 1_200_000)
    var boundary = Window(count: 4_096, span: nil)
    var taken: [Int]
    /// For how long after its event was stored a live one waited, in ms.
    var lags: [Int64] = []
    var requests = 0
    var backfills = 0
    /// Links given out before this request are refused from it on.
    var refusesAt: Set<Int> = []
    var refusedBefore = 0
    var skew: Int64 = 0
    /// Requests a minute.
    var rateLimit = 600

    init(_ events: [Event], start since: Int64, pageLimit: Int, poll: Duration, seed: UInt64) throws {
        self.events = events
        query = LogQuery(org: try OrgURL(parsing: Bench.origin), pageLimit: pageLimit)
        pollInterval = poll
        random = Jitter(seed: seed)
        kept = LogPlace(since: since, fingerprint: query.fingerprint).text
        taken = Array(repeating: 0, count: events.count)
        pager = try Self.pager(query, kept, poll, now, wall: Self.base, seed)
    }

    static func pager(
        _ query: LogQuery, _ kept: String, _ poll: Duration, _ now: ContinuousClock.Instant, wall: Int64, _ seed: UInt64
    ) throws -> LogPager {
        try LogPager(
            query, place: try LogPlace(parsing: kept), pollInterval: poll, budgetShare: 1, seed: seed, now: now,
            wall: UTCTime(milliseconds: wall))
    }

    var wall: Int64 { Self.base + Int64((now - start) / .milliseconds(1)) }

    /// As after a kill: only what was committed is left.
    mutating func restart() throws {
        pager = try Self.pager(query, kept, pollInterval, now, wall: wall, random.next())
    }

    /// One step of the pager. False when it only waits.
    mutating func step() throws {
        switch pager.nextStep(now: now) {
        case .wait(let until): now = max(until, now + .milliseconds(1))
        case .outstanding: Issue.record("outstanding")
        case .page(let page): try ingest(page)
        case .request(let request):
            requests += 1
            now += .milliseconds(Int64(random.next() % 300) + 20)
            if refusesAt.contains(requests) { refusedBefore = requests }
            switch pager.received(.success(answer(request.request.url)), now: now) {
            case .page(let page): try ingest(page)
            case .held: break
            case .trouble(let trouble):
                guard trouble.kind == .serverFailure || trouble.kind == .cursorRefused else {
                    Issue.record("\(trouble)")
                    return
                }
            }
        }
    }

    private func answer(_ url: String) -> HTTPResponse {
        let parts = HTTPURL(url)
        let limit = Int(parts?.queryValues("limit").first ?? "") ?? 100
        var position = 0
        if let after = parts?.queryValues("after").first {
            let fields = after.split(separator: "_").compactMap { Int($0) }
            guard fields[1] >= refusedBefore else {
                return HTTPResponse(status: 400, body: Array("{\"errorCode\":\"E0000029\"}".utf8))
            }
            position = fields[0]
        } else if let since = parts?.queryValues("since").first {
            position = events.firstIndex { UTCTime(milliseconds: $0.persisted).rfc3339 >= since } ?? events.count
            position = min(position, count)
        }
        let page = position..<min(position + limit, max(count, position))
        var headers = HTTPHeaders([
            .init("Content-Type", "application/json"), .init("X-Rate-Limit-Limit", "\(rateLimit)"),
        ])
        let seconds = (wall + skew) / 1000
        headers.append("Date", httpDate(seconds))
        headers.append(
            "Link", "<\(Bench.origin)/api/v1/logs?after=\(page.upperBound)_\(requests)&limit=\(limit)>; rel=\"next\"")
        return HTTPResponse(
            status: 200, headers: headers, body: Array("[\(page.map(String.init).joined(separator: ","))]".utf8))
    }

    /// How many events are stored by now.
    private var count: Int {
        var (low, high) = (0, events.count)
        while low < high {
            let middle = (low + high) / 2
            if events[middle].persisted <= wall { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func ingest(_ page: LogPage) throws {
        let numbers = String(decoding: page.body, as: UTF8.self).dropFirst().dropLast().split(separator: ",").compactMap
        {
            Int($0)
        }
        var contents = PageContents()
        var new: Set<Int> = []
        for number in numbers {
            contents.count += 1
            let isBoundary = page.way == .history && boundary.knows(number)
            contents.boundaryRun = isBoundary ? contents.boundaryRun + 1 : 0
            if isBoundary || tail.knows(number) || history.knows(number) || new.contains(number) {
                contents.known += 1
            } else {
                new.insert(number)
            }
        }
        let times = numbers.map { events[$0].published }.sorted()
        contents.newest = times.last
        contents.typical = times.isEmpty ? nil : times[(times.count - 1) / 2]
        guard let landing = page.landing(contents) else { return pager.tooEarly(now: now) }
        let mark = landing.mark
        if landing.isSplit || landing.isRetired {
            history.empty()
            boundary.empty()
        }
        if landing.isSplit { backfills += 1 }
        if page.way == .tail { tail.add(new, mark: mark) }
        if page.way == .history || landing.isSplit { history.add(new, mark: mark) }
        if landing.isBoundary { boundary.add(new, mark: mark) }
        for number in new {
            taken[number] += 1
            if page.way == .tail, pager.place.backfill != nil { lags.append(wall - events[number].persisted) }
        }
        kept = landing.place.text
        pager.committed(landing, now: now)
    }

    /// RFC 9110's form of a time.
    private func httpDate(_ seconds: Int64) -> String {
        let text = UTCTime(milliseconds: seconds * 1000).rfc3339
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let month = months[(Int(text.dropFirst(5).prefix(2)) ?? 1) - 1]
        return "Thu, \(text.dropFirst(8).prefix(2)) \(month) \(text.prefix(4)) \(text.dropFirst(11).prefix(8)) GMT"
    }
}

@Suite("A backfill beside the tail")
struct BackfillTests {
    /// A history of evenly stored events, and live ones that come in bursts; some are stored late.
    private static func log(
        _ random: inout Jitter, history: Int, span: Int64, live: Int, gap: Int64, late: Bool
    ) -> [Reading.Event] {
        var events: [Reading.Event] = []
        func published(_ persisted: Int64, _ random: inout Jitter) -> Int64 {
            persisted - (late && random.next() % 20 == 0 ? Int64(random.next() % 7_200_000) : 200)
        }
        for number in 0..<history {
            let persisted = Reading.base - span + span * Int64(number) / Int64(history)
            events.append(.init(persisted: persisted, published: published(persisted, &random)))
        }
        var time = Reading.base
        while events.count < history + live {
            time += Int64(random.next() % UInt64(2 * gap + 1))
            // Now and then a burst.
            let burst = random.next() % 50 == 0 ? Int(random.next() % 3000) : 1
            for _ in 0..<min(burst, history + live - events.count) {
                events.append(.init(persisted: time, published: published(time, &random)))
            }
        }
        return events
    }

    @Test(
        "each event is taken exactly once, whatever the sizes, the rates, the kills, and the refused links",
        arguments: 0..<24)
    func exactlyOnce(round: Int) throws {
        let environment = ProcessInfo.processInfo.environment["BACKFILL_SEED"]
        let seed = environment.flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
        var random = Jitter(seed: seed)
        let limit = [1000, 1000, 200, 50][Int(random.next() % 4)]
        let history = [0, 30, limit, 5 * limit, 40 * limit][Int(random.next() % 5)]
        let span = [600_000, 7_200_000, 90_000_000, 40 * 86_400_000][Int(random.next() % 4)]
        let live = [0, 20, 500, 5_000][Int(random.next() % 4)]
        let events = Self.log(
            &random, history: history, span: Int64(span), live: live, gap: [3, 40, 2000][Int(random.next() % 3)],
            late: random.next() % 2 == 0)
        var reading = try Reading(
            events, start: Reading.base - Int64(span) - 10_000_000, pageLimit: limit,
            poll: .seconds([1, 15][Int(random.next() % 2)]), seed: random.next())
        if random.next() % 3 == 0 { reading.skew = [-7_200_000, 3_600_000][Int(random.next() % 2)] }
        let setting = "limit \(limit) history \(history) span \(span) live \(live) skew \(reading.skew)"
        let kills = random.next() % 2 == 0
        // Twice in a row a refused link is asked for anew; once in ten minutes at most.
        if random.next() % 2 == 0 { reading.refusesAt = [Int(random.next() % 60) + 2] }
        let end = (events.last?.persisted ?? 0) + 8 * 3_600_000
        while reading.wall < end {
            try reading.step()
            if kills, random.next() % 20 == 0 { try reading.restart() }
            if reading.requests % 16 == 0, reading.taken.allSatisfy({ $0 == 1 }), reading.pager.place.backfill == nil {
                break
            }
        }
        #expect(reading.pager.place.backfill == nil, "the backfill is over")
        // And it goes on as a tail, with nothing doubled.
        for _ in 0..<20 { try reading.step() }
        #expect(
            reading.taken.count { $0 == 0 } == 0,
            "lost; BACKFILL_SEED=\(seed) \(setting) first \(reading.taken.firstIndex(of: 0) ?? 0) \(reading.pager.place.text) \(reading.backfills)"
        )
        #expect(reading.taken.count { $0 > 1 } == 0, "doubled; BACKFILL_SEED=\(seed) \(setting)")
    }

    @Test("newest events come within a poll interval while the history fills in")
    func lag() throws {
        var random = Jitter(seed: 5)
        let events = Self.log(
            &random, history: 200_000, span: 30 * 86_400_000, live: 3_000, gap: 20, late: false)
        var reading = try Reading(
            events, start: Reading.base - 90 * 86_400_000, pageLimit: 1000, poll: .seconds(5), seed: 1)
        while reading.requests % 16 != 0 || reading.taken.contains(0) || reading.pager.place.backfill != nil {
            try reading.step()
            try #require(reading.requests < 2000)
        }
        #expect(reading.backfills == 1)
        #expect(reading.taken.allSatisfy { $0 == 1 })
        let sorted = reading.lags.sorted()
        try #require(sorted.count > 500)
        #expect(sorted[sorted.count * 99 / 100] < 6_500)
    }

    @Test("where the budget has room for one request a poll, the history and the tail take turns")
    func turns() throws {
        var random = Jitter(seed: 7)
        let events = Self.log(&random, history: 2_000, span: 2 * 86_400_000, live: 50, gap: 500, late: false)
        var reading = try Reading(
            events, start: Reading.base - 7 * 86_400_000, pageLimit: 100, poll: .seconds(1), seed: 1)
        reading.rateLimit = 60
        reading.pager.poll(by: PollGrid(origin: reading.start))
        while reading.taken.contains(0) || reading.pager.place.backfill != nil {
            try reading.step()
            try #require(reading.requests < 200)
        }
        #expect(reading.taken.allSatisfy { $0 == 1 })
    }

    @Test(
        "near its end the history waits for a tail in trouble: its pages are not fetched again and again, and the tail keeps its pause"
    )
    func tailInTrouble() throws {
        let query = LogQuery(org: try OrgURL(parsing: Bench.origin), pageLimit: 1000)
        let now = Bench.dateSeconds * 1000
        var place = LogPlace(next: Bench.link("9"), fingerprint: query.fingerprint, watermark: now)
        place.backfill = .init(
            history: .init(next: Bench.link("1"), since: 0), from: 0, until: now - 1, boundary: LogPage.boundary)
        var bench = try Bench(place: place)
        var urls: [String] = []
        let began = bench.now
        while bench.now - began < .seconds(600) {
            let request = try bench.nextRequest().request
            urls.append(request.url)
            if request.url != Bench.link("1") {
                _ = bench.answer(200, [("Link", "<https://evil.example/x>; rel=\"next\"")], body: "[1]")
            } else if case .page = bench.page(next: Bench.link("2"), body: "[1]") {
                bench.pager.tooEarly(now: bench.now)
            }
            bench.now += .milliseconds(50)
        }
        #expect(urls.count { $0 == Bench.link("1") } <= 2, "\(urls.count)")
        #expect(urls.count < 40, "\(urls.count)")
    }
}

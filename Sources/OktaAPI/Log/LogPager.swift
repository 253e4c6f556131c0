/// Decides how an org's System Log is read: what to request when, and what an answer is worth. A plain value without I/O and clock.
///
///     switch pager.nextStep(now: clock.now) {
///     case .wait(let until): …sleep…
///     case .request(let page):
///         switch pager.received(await result of AuthorizedTransport(transport).send(page.request, as: credential), now: clock.now, …) {
///         case .trouble(let trouble): …log…
///         case .startMoved(let start): …log…
///         case .page(let page): …read it; commit its events together with landing.place; pager.committed(landing, now: clock.now)…
///         }
///     case .outstanding: …a response or a commit is still pending…
///     }
///
/// What holds at any time:
/// - At most one request is out, and none while a page waits for its commit.
/// - The place moves in ``committed(_:now:)`` alone. Whatever happens before, the same page is requested again.
/// - A `next` link is followed byte for byte, and only on the org's own origins and the log's own path.
/// - No request goes out before its wait is over, and no wait is longer than 95 s or the poll interval.
/// - Requests are spaced evenly, so that this client takes its share of the org's budget and no more.
/// - Whether a page is full, short or empty decides when the next request goes out, and nothing else.
/// - A way whose link is of no use is queried by time, from ``LogPlace/Way/restart``. `docs/exactly-once.md` says why nothing is lost or
///   collected twice by that.
/// - Of two ways the tail goes first whenever it is due; the history has the rest, and at least every other request. While the only way is far behind, a
///   tail is begun along with it: the log is queried from the `Date` of its last answer on, and polled until that brings an event.
package struct LogPager: Sendable {
    /// Time, as the caller's clock gives it.
    package typealias Instant = ContinuousClock.Instant

    /// What the caller does next.
    package enum Step: Sendable {
        /// Send it, then call ``LogPager/received(_:now:host:)``.
        case request(LogPageRequest)
        /// Nothing before this instant.
        case wait(until: Instant)
        /// A response or a commit is still pending.
        case outstanding
    }

    /// What an answer was worth.
    package enum Outcome: Sendable {
        /// Events; answer with `committed`, `searching`, `nothingKept`, `rejected` or `notCommitted`.
        case page(LogPage)
        /// None this time; the pager knows how to go on.
        case trouble(PagerTrouble)
        /// Okta's clock and this host's differ, and the start is counted by Okta's: the log is queried from there.
        case startMoved(to: StoredTime, ahead: Duration)
    }

    enum Phase {
        case idle
        case requesting(LogWay)
        case delivering(LogPage)
    }

    /// How far behind the server's clock the only way's events are when a tail is begun along with it, milliseconds.
    static let farBehind: Int64 = 3_600_000
    /// The time between a query by time and one that asks for larger pages again.
    static let largerPagesAfter = Duration.seconds(600)
    /// The smallest page that is requested where larger ones don't come.
    static let smallestPage = 10
    /// Useless answers to the same request before it is given up for a query by time.
    static let patience = 3

    /// What is read.
    package private(set) var query: LogQuery
    /// The wait after the end of the log is reached.
    package var pollInterval: Duration
    /// The moments of its polls; `nil`: an interval after each page.
    private var pollGrid: PollGrid?
    /// The place after the last committed page.
    package private(set) var place: LogPlace
    /// The last trouble, until a page is committed.
    package internal(set) var trouble: PagerTrouble?
    /// Okta's id of the last answer.
    package internal(set) var lastRequestID: String?

    var phase = Phase.idle
    var budget: RequestBudget
    var main: WayProgress
    /// While there are two ways the tail's; while there is one, that of a tail that may begin.
    var tail: WayProgress?
    /// The tail has had its turn: the next request is the other way's, however few there may be between two polls.
    private var isMainNext = false
    /// The `Date` of the last answer of the main way whose page is durable.
    private var mainDate: ServerTime?
    /// How many events the main way remembers at least. A tail that may begin is asked for after a quarter of them: what the main way has passed since
    /// the last empty answer of the tail has to be remembered when the tail comes to it.
    private let remembered: Int
    /// Events that the main way has passed since that answer.
    private var passedSinceTail = 0
    /// The `Date` of the last answer whose page is durable, and of the last one of all.
    private var keptDate: ServerTime?
    private var lastDate: ServerTime?
    /// This host's time, for as long as Okta has told none.
    private let hostTime: HostTime
    /// Where the last gap that was told begins.
    private var toldGap: PublishedTime?
    var jitter: Jitter

    /// Makes a pager that requests its first page at once.
    ///
    /// - Parameters:
    ///   - place: where it goes on; of this query (``LogPlace/check(against:)``).
    ///   - pollInterval: the wait after the end of the log.
    ///   - budgetShare: moved into its range, 0.01…1.
    ///   - seed: of the jitter; equal seeds give equal waits.
    ///   - host: the time by this host's clock, to keep a start within what Okta accepts.
    ///   - remembered: how many events a way remembers at least.
    package init(
        _ query: LogQuery, place: LogPlace, pollInterval: Duration, budgetShare: Double = 1, seed: UInt64, now: Instant,
        host: HostTime, remembered: Int = 32_768
    ) {
        self.query = query
        self.place = place
        self.pollInterval = pollInterval
        budget = RequestBudget(share: budgetShare)
        hostTime = host
        self.remembered = remembered
        jitter = Jitter(seed: seed)
        switch place.ways {
        case .one(let way): main = Self.progress(way, query, now)
        case .two(let history, let tail, _):
            main = Self.progress(history, query, now)
            self.tail = Self.progress(tail, query, now)
        }
    }

    private static func progress(_ kept: LogPlace.Way, _ query: LogQuery, _ now: Instant) -> WayProgress {
        var progress = WayProgress(kept, limit: query.pageLimit, due: now)
        // Smaller pages than configured: larger ones did not come, and they are not tried at every start.
        if progress.fullPage < query.pageLimit { progress.requeriedAt = now }
        return progress
    }

    /// The longest wait before a request that failed is repeated, in seconds. Waits grow up to it with each failure (`Jitter`); where only a
    /// person can help, as with a refused credential, each is that long and up to a tenth more.
    static let longestWait = 60.0
    /// The same after a page that could not be stored.
    static let longestSpoolWait = 30.0

    /// What the last answer said of the budget.
    package var rateLimit: RateLimit? { budget.rateLimit }

    /// When the next request is due; nil while one is out or a page waits for its commit.
    package var nextAttempt: Instant? {
        guard case .idle = phase else { return nil }
        let due = min(main.due, tail?.due ?? main.due)
        return max(due, budget.earliest ?? due)
    }

    /// Okta told more of itself: its id, and other origins of the same org.
    ///
    /// - Throws: ``CursorError/otherOrganization(kept:found:)``; collection must not go on then.
    package mutating func learn(_ probe: OrgProbe) throws(CursorError) {
        if let kept = place.organization, kept != probe.organizationID {
            throw .otherOrganization(kept: kept, found: probe.organizationID)
        }
        query.learn(probe)
    }

    /// Polls at the moments of `grid` from now on, and requests nothing before it starts.
    package mutating func poll(by grid: PollGrid) {
        pollGrid = grid
        main.due = max(main.due, grid.start)
        if let due = tail?.due { tail?.due = max(due, grid.start) }
    }

    /// What to do at `now`.
    package mutating func nextStep(now: Instant) -> Step {
        guard case .idle = phase else { return .outstanding }
        guard let due = nextAttempt, due <= now else { return .wait(until: nextAttempt ?? now) }
        let way = nextWay(now)
        isMainNext = false
        phase = .requesting(way)
        budget.requested(at: now)
        if way == .tail { placeTail() }
        let progress = self[way]
        var headers = HTTPHeaders([.init("Accept", "application/json")])
        if progress.retries > 0, let first = progress.firstRequestID {
            // Okta asks for both with every repetition (rate limit documentation).
            headers.append("X-Okta-Retry-For", first)
            headers.append("X-Okta-Retry-Count", String(progress.retries))
        }
        let request = HTTPRequest(
            .get, address(of: way), headers: headers, expectedBodyBytes: progress.expectedBodyBytes)
        return .request(LogPageRequest(request: request, retry: progress.retries))
    }

    /// A tail that may begin begins after all that the main way has passed. It keeps that place, by the links of its empty answers, for as long as
    /// the main way remembers what it has passed meanwhile.
    private mutating func placeTail() {
        guard place[.tail] == nil, let mainDate, tail?.next == nil || passedSinceTail > remembered / 2 else { return }
        tail?.next = nil
        tail?.since = mainDate.latestStored
        passedSinceTail = 0
    }

    private func nextWay(_ now: Instant) -> LogWay {
        guard let tail, tail.due <= now else { return .main }
        return isMainNext && main.due <= now ? .main : .tail
    }

    /// Where the way's next request goes.
    func address(of way: LogWay) -> String {
        let progress = self[way]
        if let link = progress.link { return link }
        let since = LogRetention.accepted(progress.since, at: lastDate ?? ServerTime(hostTime.milliseconds))
        return query.firstURL(since: since, filter: (place[way] ?? place[.main])?.filter, limit: progress.limit)
    }

    /// Takes a whole page from Okta's answer to a request of `way`.
    mutating func deliver(_ response: HTTPResponse, next: String, _ way: LogWay, host: HostTime) -> Outcome {
        let date = response.headers.first("Date").flatMap { UTCTime(httpDate: $0) }.map { ServerTime($0.milliseconds) }
        lastDate = date ?? lastDate
        if let moved = moveStart(date, host: host) { return moved }
        self[way].expectedBodyBytes = response.body.count
        if self[way].firstRequestID == nil { self[way].firstRequestID = response.oktaRequestID }
        let progress = self[way]
        let page = LogPage(
            body: response.body.starts(with: PageCheck.byteOrderMark)
                ? Array(PageCheck.content(of: response.body)) : response.body,
            share: response.share, way: way, place: place, next: next, since: progress.since,
            isQuery: progress.link == nil, search: progress.search,
            limit: progress.fullPage, date: date, previousCount: progress.previousCount,
            freshness: max(Int64(pollInterval / .milliseconds(1)), 60_000), gap: gap(way, date),
            organization: query.organization,
            requestID: response.oktaRequestID)
        phase = .delivering(page)
        return .page(page)
    }

    /// A first run's start that counts from now is counted by Okta's clock once that is known, if this host's is another: a start in Okta's
    /// future would leave out what is stored until then.
    private mutating func moveStart(_ date: ServerTime?, host: HostTime) -> Outcome? {
        guard let countedFrom = place.countedFrom, let date, case .one(var way) = place.ways, way.next == nil else {
            return nil
        }
        // The clock may have been ahead when the start was counted, and be right now.
        let ahead = max(host.milliseconds, countedFrom.milliseconds) - date.milliseconds
        place.countedFrom = nil
        guard abs(ahead) > HostTime.tolerance else { return nil }
        let moved = way.restart.advanced(by: -ahead)
        // Some time after the start was counted, the clock may have been set since: then the start is not moved to a later time.
        let isOfNow = (0...300_000).contains(host.milliseconds - countedFrom.milliseconds)
        guard isOfNow || moved < way.restart else { return nil }
        way.restart = moved
        place.ways = .one(way)
        main.since = way.restart
        phase = .idle
        return .startMoved(to: way.restart, ahead: .milliseconds(ahead))
    }

    /// What Okta has deleted since the last event of `way` and the last answer; nil once a page has told of it.
    private func gap(_ way: LogWay, _ date: ServerTime?) -> LogGap? {
        guard let date, let reached = place[way]?.reached else { return nil }
        let oldest = date.milliseconds - LogRetention.kept
        let last = max(reached.milliseconds, keptDate?.milliseconds ?? .min)
        guard last < oldest, toldGap != reached else { return nil }
        return LogGap(from: reached, to: PublishedTime(oldest))
    }

    /// The page's events and `landing.place` are durable: the next page may be requested.
    package mutating func committed(_ landing: PageLanding, now: Instant) {
        guard case .delivering(let page) = phase else { return }
        phase = .idle
        place = landing.place
        toldGap = page.gap?.from ?? toldGap
        keptDate = page.date ?? keptDate
        if page.way == .main { mainDate = page.date ?? mainDate }
        settle(landing, page, now)
        if trouble?.way == nil || trouble?.way == page.way || tail == nil { trouble = nil }
        raisePageSize(of: page.way, now)
    }

    /// Nothing of the page is kept: its way looks further for what it has passed.
    package mutating func searching(_ search: LogSearch, now: Instant) {
        guard case .delivering(let page) = phase else { return }
        phase = .idle
        self[page.way].answered(next: nil)
        self[page.way].search = search
        self[page.way].due = now
        trouble = nil
    }

    /// Nothing of the page is kept: no tail begins with it.
    ///
    /// - Parameter isEmpty: whether it had no event, so that its link leads on from the same place.
    package mutating func nothingKept(isEmpty: Bool, now: Instant) {
        guard case .delivering(let page) = phase else { return }
        phase = .idle
        let due = nextPoll(after: now)
        tail?.answered(next: isEmpty ? page.next : nil)
        tail?.due = due
        passedSinceTail = 0
        isMainNext = true
        if trouble?.way == .tail { trouble = nil }
    }

    private mutating func settle(_ landing: PageLanding, _ page: LogPage, _ now: Instant) {
        switch landing.change {
        case .none, .tailBegan:
            self[page.way].answered(next: place[page.way]?.next)
            self[page.way].since = place[page.way]?.restart ?? self[page.way].since
        case .historyEnded:
            // The tail's request and its waits stay; only a search of the tail, which looked for another memory, begins again.
            if var tail {
                tail.search = nil
                main = tail
            }
            tail = nil
        case .tailDropped:
            main.answered(next: place[.main]?.next)
            main.since = place[.main]?.restart ?? main.since
            tail = nil
        }
        self[page.way].search = nil
        if landing.passed > 0 { self[page.way].hasNewsSinceRequery = true }
        schedule(landing, page, now)
    }

    private mutating func schedule(_ landing: PageLanding, _ page: LogPage, _ now: Instant) {
        let expectsMore = page.expectsMore(count: landing.count, newest: landing.newest)
        let way: LogWay = tail == nil ? .main : page.way
        if landing.change != .historyEnded {
            self[way].due = expectsMore ? now : nextPoll(after: now)
            if landing.count > 0 { self[way].previousCount = landing.count }
        }
        if page.way == .tail, !expectsMore { isMainNext = true }
        guard place.backfill == nil, way == .main, page.way == .main else { return }
        let isFarBehind =
            expectsMore && page.date != nil
            && landing.newest.map { $0.milliseconds < (page.date?.milliseconds ?? 0) - Self.farBehind } ?? false
        main.pagesFarBehind = isFarBehind ? main.pagesFarBehind + 1 : 0
        passedSinceTail += landing.passed
        if passedSinceTail >= remembered / 4 { tail?.due = now }
        if main.pagesFarBehind < 2 {
            tail = nil
        } else if tail == nil, let kept = place[.main] {
            tail = WayProgress(.init(filter: kept.filter, restart: kept.restart), limit: query.pageLimit, due: now)
        }
    }

    private func nextPoll(after now: Instant) -> Instant {
        pollGrid?.next(after: now, interval: pollInterval) ?? now + pollInterval
    }

    // MARK: Queries by time

    /// Gives up the way's link for a query by time.
    mutating func requery(_ way: LogWay, limit: Int, _ now: Instant) -> LogRequery {
        let since = place[way]?.restart ?? self[way].since
        self[way].requery(since: since, limit: limit, at: now)
        return LogRequery(way: way, since: since, limit: limit)
    }

    /// After a while of good pages that are smaller than configured, larger ones are tried again.
    private mutating func raisePageSize(of way: LogWay, _ now: Instant) {
        guard let last = self[way].requeriedAt, now - last >= Self.largerPagesAfter, place[way] != nil,
            self[way].search == nil
        else { return }
        let limit = self[way].fullPage
        guard limit < query.pageLimit else { return }
        let due = self[way].due
        _ = requery(way, limit: min(4 * limit, query.pageLimit), now)
        self[way].due = due
    }

    /// A way's progress; the tail's only while there is one.
    subscript(way: LogWay) -> WayProgress {
        get { way == .tail ? tail ?? main : main }
        set {
            if way == .main {
                main = newValue
            } else if tail != nil {
                tail = newValue
            }
        }
    }
}

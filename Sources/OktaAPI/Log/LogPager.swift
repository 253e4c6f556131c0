import CurlHTTPClient

/// Decides how an org's System Log is read: what to request and when, and what to do with an answer. A plain value without I/O and without a clock.
///
///     switch pager.nextStep(now: clock.now) {
///     case .wait(let until): …sleep…
///     case .request(let page):
///         switch pager.received(await result of AuthorizedTransport(transport).send(page.request, as: credential), now: clock.now, …) {
///         case .trouble(let trouble): …log…
///         case .startMoved(let start): …log…
///         case .page(let page): …read it; commit its events together with checkpoint.place; pager.committed(checkpoint, now: clock.now)…
///         }
///     case .outstanding: …a response or a commit is still pending…
///     }
///
/// What always holds:
/// - At most one request is pending. No request is pending while a page waits for its commit.
/// - Only ``committed(_:now:)`` moves the place past a page. If anything fails before that, the same page is requested again.
/// - A `next` link is followed byte for byte, and only on the org's own origins and on the log's path.
/// - No request goes out before its wait is over, and no wait is longer than one and a half poll intervals or 95 s, whichever is longer.
/// - Requests are spaced evenly, so that this client uses no more than its share of the org's rate limit.
/// - Whether a page is full, short or empty affects when the next request goes out and when a search ends. It never causes the loss of an event.
/// - If a way's link can't be used, the way is queried by time, from ``LogPlace/Way/restart``. `docs/exactly-once.md` explains why nothing is lost or
///   collected twice.
/// - If there are two ways, the tail goes first whenever it is due. After a page of the tail that was not full or that showed the end of the log, and
///   while the tail searches, the history gets the next request if it is due.
/// - If the events of the only way are more than an hour old, the pager also queries the newest events: those stored after the `Date` of the way's last
///   durable page. A tail begins with the first of these pages whose new events are half an hour newer than those of the only way.
package struct LogPager: Sendable {
    /// Time on the caller's clock.
    package typealias Instant = ContinuousClock.Instant

    /// What the caller has to do next.
    package enum Step: Sendable {
        /// Send this request, then call ``LogPager/received(_:now:host:)``.
        case request(LogPageRequest)
        /// Do nothing before this instant.
        case wait(until: Instant)
        /// A response or a commit is still pending.
        case outstanding
    }

    /// What an answer means for the caller.
    package enum Outcome: Sendable {
        /// A page of events. After reading it, call `committed`, `searching`, `nothingKept`, `rejected` or `notCommitted`.
        case page(LogPage)
        /// There is no page. ``LogPager/nextStep(now:)`` says when to try again.
        case trouble(PagerTrouble)
        /// The query began at a time that was computed with this host's clock, but that clock and Okta's differ. The time has been computed again with
        /// Okta's clock. The log is queried from this new start.
        case startMoved(to: StoredTime, ahead: Duration)
    }

    enum Phase {
        case idle
        case requesting(LogWay)
        case delivering(LogPage)
    }

    /// While there is only one way, a tail may begin if the way's events are older than this limit, in milliseconds by the server's clock.
    static let farBehind: Int64 = 3_600_000
    /// The wait before the first attempt with larger pages, if the pager had to request smaller ones.
    static let largerPagesAfter = Duration.seconds(600)
    /// The smallest page that is requested if larger ones fail.
    static let smallestPage = 10
    /// After this many answers in a row without a usable page, the way is queried by time.
    static let patience = 3

    /// The org, the filter and the page size.
    package private(set) var query: LogQuery
    /// The wait after the log has been read to its end.
    package var pollInterval: Duration
    /// The scheduled times of polls. If nil, the next poll is one interval after the last page.
    private var pollGrid: PollGrid?
    /// The place after the last committed page.
    package private(set) var place: LogPlace
    /// The latest trouble; nil if there was none, or if it is over.
    package internal(set) var trouble: PagerTrouble?
    /// The request id of Okta's last answer.
    package internal(set) var lastRequestID: String?

    var phase = Phase.idle
    var budget: RequestBudget
    var main: WayProgress
    /// The tail's progress. While there is only one way, it is the progress of a tail that may begin; nil if none may begin.
    var tail: WayProgress?
    /// Whether the main way goes next if it is due, because the tail's last page was not full, showed the end of the log, or belonged to a search.
    /// Without this rule, a tail that is always due would leave no request to the main way.
    private var isMainNext = false
    /// The `Date` of the answer that contained the main way's last durable page.
    private var mainDate: ServerTime?
    /// The `published` of the newest event in the main way's last durable page that had events.
    private var mainNewest: PublishedTime?
    /// The minimum number of events that the main way's window remembers. While a tail may begin, the pager sends the tail's request from time to
    /// time. The tail begins with the first answer that has an event which the main way does not know. So when an answer arrives, the main way must
    /// still remember every event that it has passed since the previous answer. Therefore the tail's request becomes due at the latest when the main
    /// way has passed a quarter of this number of events since the previous answer.
    private let remembered: Int
    /// Before a tail begins: the number of events that the main way has passed since the tail's last answer.
    private var passedSinceTail = 0
    /// The `Date` of the last answer of the org.
    var lastDate: ServerTime?
    /// The host's time, used until Okta's is known.
    private let hostTime: HostTime
    /// The beginning of the gap that was reported last.
    private var toldGap: PublishedTime?
    var jitter: Jitter

    /// Creates a pager that requests its first page immediately.
    ///
    /// - Parameters:
    ///   - place: where to continue. It must belong to this query (``LogPlace/check(against:)``).
    ///   - pollInterval: the wait after the log has been read to its end.
    ///   - budgetShare: this client's share of the rate limit, clamped to 0.01…1.
    ///   - seed: seed of the jitter; equal seeds give equal waits.
    ///   - host: the time by this host's clock, to keep the start within the range that Okta accepts.
    ///   - remembered: the minimum number of events that a way remembers.
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
        // The stored link asks for smaller pages than configured, because larger pages failed earlier. The pager waits before it tries larger pages
        // again, even after a restart of the daemon.
        if progress.fullPage < query.pageLimit { progress.requeriedAt = now }
        return progress
    }

    /// The longest backoff before a failed request is repeated, in seconds. The backoff is random, and its limit grows with each failure up to this
    /// value (`Jitter`). If only a person can solve the problem, such as a refused credential, the pager waits this long every time, plus up to a
    /// tenth.
    static let longestWait = 60.0
    /// The longest wait after a page that could not be stored, in seconds.
    static let longestSpoolWait = 30.0

    /// The rate limit according to the last answer.
    package var rateLimit: RateLimit? { budget.rateLimit }

    /// When the next request is due; nil while a request is pending or a page waits for its commit.
    package var nextAttempt: Instant? {
        guard case .idle = phase else { return nil }
        let due = min(main.due, tail?.due ?? main.due)
        return max(due, budget.earliest ?? due)
    }

    /// Adopts what Okta has said about the org: its id, and other origins of the same org.
    ///
    /// - Throws: ``CursorError/otherOrganization(kept:found:)``. Collection must stop then.
    package mutating func learn(_ probe: OrgProbe) throws(CursorError) {
        if let kept = place.organization, kept != probe.organizationID {
            throw .otherOrganization(kept: kept, found: probe.organizationID)
        }
        query.learn(probe)
    }

    /// From now on, the pager polls at the times of `grid`, and sends no request before the grid's start.
    package mutating func poll(by grid: PollGrid) {
        pollGrid = grid
        main.due = max(main.due, grid.start)
        if let due = tail?.due { tail?.due = max(due, grid.start) }
    }

    /// What the caller has to do at `now`.
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
            // Okta requires both headers in every repeated request (rate limit documentation).
            headers.append("X-Okta-Retry-For", first)
            headers.append("X-Okta-Retry-Count", String(progress.retries))
        }
        let request = HTTPRequest(
            .get, address(of: way), headers: headers, expectedBodyBytes: progress.expectedBodyBytes)
        return .request(LogPageRequest(request: request, retry: progress.retries))
    }

    /// Prepares the next request of a tail that has not begun: a query that starts after everything that the main way has passed. If the last answer
    /// was empty, the request follows that answer's link instead, unless the main way has passed so many events since then that it may have forgotten
    /// some of them.
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

    /// The address of the way's next request.
    func address(of way: LogWay) -> String {
        let progress = self[way]
        if let link = progress.link { return link }
        return query.firstURL(
            since: acceptedSince(of: way), filter: (place[way] ?? place[.main])?.filter, limit: progress.limit)
    }

    /// The way's `since`, but not before the earliest time that Okta accepts.
    func acceptedSince(of way: LogWay) -> StoredTime {
        LogRetention.accepted(self[way].since, at: lastDate ?? ServerTime(hostTime.milliseconds))
    }

    /// Turns Okta's answer to a request of `way` into a page, unless the answer shows that the start must be moved.
    ///
    /// - Parameter asked: the `since` of the request, if it was a query by time.
    mutating func deliver(
        _ response: HTTPResponse, next: String, _ way: LogWay, asked: StoredTime, host: HostTime
    ) -> Outcome {
        let date = response.serverTime
        lastDate = date ?? lastDate
        if let moved = moveStart(date, host: host) ?? queryEarlier(way, asked, date, host: host) { return moved }
        self[way].expectedBodyBytes = response.body.count
        if self[way].firstRequestID == nil { self[way].firstRequestID = response.oktaRequestID }
        let progress = self[way]
        let page = LogPage(
            body: response.body.starts(with: PageCheck.byteOrderMark)
                ? Array(PageCheck.content(of: response.body)) : response.body,
            allowance: response.allowance, way: way, place: place, next: next, since: progress.since,
            isQuery: progress.link == nil, search: progress.search,
            limit: progress.fullPage, date: date, previousCount: progress.previousCount,
            largestCount: progress.largestCount, followsBacklog: progress.isInBacklog,
            mainNewest: mainNewest,
            freshness: max(Int64(pollInterval / .milliseconds(1)), 60_000),
            gap: gap(way, date),
            organization: query.organization,
            requestID: response.oktaRequestID)
        phase = .delivering(page)
        return .page(page)
    }

    /// On a first run, the start may be relative to the present. If Okta's clock differs from this host's, the start is computed again with Okta's
    /// clock. A start by this host's clock could be too late, and earlier events would be missed.
    private mutating func moveStart(_ date: ServerTime?, host: HostTime) -> Outcome? {
        guard let countedFrom = place.countedFrom, let date, case .one(var way) = place.ways, way.next == nil else {
            return nil
        }
        // This host's clock may have been ahead when the start was computed, and may have been corrected since.
        let ahead = max(host.milliseconds, countedFrom.milliseconds) - date.milliseconds
        place.countedFrom = nil
        guard abs(ahead) > HostTime.tolerance else { return nil }
        let moved = way.restart.advanced(by: -ahead)
        // If the start was computed more than five minutes ago, this host's clock may have been corrected since then. So such a start is never moved
        // to a later time.
        let isOfNow = (0...300_000).contains(host.milliseconds - countedFrom.milliseconds)
        guard isOfNow || moved < way.restart else { return nil }
        way.restart = moved
        place.ways = .one(way)
        main.since = way.restart
        phase = .idle
        return .startMoved(to: way.restart, ahead: .milliseconds(ahead))
    }

    /// The first query of a way may begin at the earliest time that Okta accepts according to this host's clock. If the clock is months ahead, that time
    /// is too late, and events that Okta still has would be missed. In that case the query is repeated with Okta's time.
    private mutating func queryEarlier(
        _ way: LogWay, _ asked: StoredTime, _ date: ServerTime?, host: HostTime
    ) -> Outcome? {
        guard let date, self[way].link == nil, case let since = acceptedSince(of: way), since < asked,
            asked.milliseconds > date.milliseconds - LogRetention.kept
        else { return nil }
        phase = .idle
        return .startMoved(to: since, ahead: .milliseconds(host.milliseconds - date.milliseconds))
    }

    /// The period whose events Okta has deleted before `way` could collect them; nil if there is none, or if an earlier page has already reported it.
    private func gap(_ way: LogWay, _ date: ServerTime?) -> LogGap? {
        guard let date, let reached = place[way]?.reached else { return nil }
        let oldest = date.milliseconds - LogRetention.kept
        let last = max(reached.milliseconds, place[way]?.end?.milliseconds ?? .min)
        guard last < oldest, toldGap != reached else { return nil }
        return LogGap(from: reached, to: PublishedTime(oldest))
    }

    /// Records that the page's events and `checkpoint.place` are durable. From then on, the next page may be requested.
    package mutating func committed(_ checkpoint: PageCheckpoint, now: Instant) {
        guard case .delivering(let page) = phase else { return }
        phase = .idle
        place = checkpoint.place
        toldGap = page.gap?.from ?? toldGap
        if page.way == .main {
            mainDate = page.date ?? mainDate
            mainNewest = checkpoint.newest ?? mainNewest
        }
        settle(checkpoint, page, now)
        if trouble?.way == nil || trouble?.way == page.way || tail == nil { trouble = nil }
        raisePageSize(of: page.way, now)
    }

    /// Records that nothing of the page was stored, because its way is still searching for events that it has passed.
    package mutating func searching(_ search: LogSearch, now: Instant) {
        guard case .delivering(let page) = phase else { return }
        phase = .idle
        self[page.way].answered(next: nil)
        self[page.way].search = search
        self[page.way].due = now
        if page.way == .tail { isMainNext = true }
        trouble = nil
    }

    /// Records that nothing of the page was stored, because the page has no new event with which a tail could begin.
    ///
    /// - Parameter isEmpty: whether the page had no events. In that case, its link continues from the same place.
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

    private mutating func settle(_ checkpoint: PageCheckpoint, _ page: LogPage, _ now: Instant) {
        switch checkpoint.change {
        case .none, .tailBegan:
            self[page.way].answered(next: place[page.way]?.next)
            self[page.way].since = place[page.way]?.restart ?? self[page.way].since
        case .historyEnded:
            // The tail becomes the only way and keeps its waits. It also keeps its link, unless the checkpoint has dropped the link. A search in
            // progress starts again, because the events that the remaining way remembers are not those that the search has looked for.
            if var tail {
                tail.search = nil
                tail.largestCount = max(main.largestCount, tail.largestCount)
                if let way = place[.main], way.next == nil {
                    tail.answered(next: nil)
                    tail.since = way.restart
                }
                main = tail
            }
            tail = nil
        case .tailDropped:
            main.answered(next: place[.main]?.next)
            main.since = place[.main]?.restart ?? main.since
            tail = nil
        }
        // An attempt with larger pages is a query by time, which can begin another search. So the pager waits some time after a search before it
        // tries larger pages again.
        if page.search != nil, self[page.way].requeriedAt != nil { self[page.way].requeriedAt = now }
        self[page.way].search = nil
        if checkpoint.passed > 0 { self[page.way].hasNewsSinceRequery = true }
        schedule(checkpoint, page, now)
    }

    private mutating func schedule(_ checkpoint: PageCheckpoint, _ page: LogPage, _ now: Instant) {
        let expectsMore = page.expectsMore(count: checkpoint.count, newest: checkpoint.newest)
        let way: LogWay = tail == nil ? .main : page.way
        if checkpoint.change != .historyEnded {
            self[way].due = expectsMore ? now : nextPoll(after: now)
            self[way].previousCount = checkpoint.count
            self[way].largestCount = expectsMore ? max(self[way].largestCount, checkpoint.count) : 0
            self[way].isInBacklog = page.isInBacklog(count: checkpoint.count, newest: checkpoint.newest)
        }
        // The tail's backlog is read first. But pages that are not full may keep coming from an org that stores its events late, or from a server
        // with a limit, and must not keep the history from being read.
        if page.way == .tail, !expectsMore || checkpoint.count < page.limit { isMainNext = true }
        guard place.backfill == nil, way == .main, page.way == .main else { return }
        // One empty page says nothing about the age of the way's events.
        if checkpoint.count == 0, expectsMore { return }
        let isFarBehind =
            expectsMore && page.date != nil
            && checkpoint.newest.map { $0.milliseconds < (page.date?.milliseconds ?? 0) - Self.farBehind } ?? false
        main.pagesFarBehind = isFarBehind ? main.pagesFarBehind + 1 : 0
        passedSinceTail += checkpoint.passed
        if passedSinceTail >= remembered / 4 { tail?.due = now }
        if main.pagesFarBehind < 2 {
            tail = nil
        } else if tail == nil, let kept = place[.main] {
            tail = WayProgress(.init(filter: kept.filter, restart: kept.restart), limit: query.pageLimit, due: now)
            tail?.largestCount = main.largestCount
        }
    }

    private func nextPoll(after now: Instant) -> Instant {
        pollGrid?.next(after: now, interval: pollInterval) ?? now + pollInterval
    }

    // MARK: Queries by time

    /// Replaces the way's link with a query by time.
    mutating func requery(_ way: LogWay, limit: Int, _ now: Instant) -> LogRequery {
        let since = place[way]?.restart ?? self[way].since
        self[way].requery(since: since, limit: limit, at: now)
        return LogRequery(way: way, since: since, limit: limit)
    }

    /// If the way's pages are smaller than configured, tries larger pages again once the wait since `requeriedAt` is over:
    /// ``largerPagesAfter``, doubled after each attempt that brought no larger page.
    private mutating func raisePageSize(of way: LogWay, _ now: Instant) {
        guard let last = self[way].requeriedAt, now - last >= self[way].raiseWait(Self.largerPagesAfter),
            place[way] != nil, self[way].search == nil
        else { return }
        let limit = self[way].fullPage
        guard limit < query.pageLimit else { return }
        let due = self[way].due
        self[way].noteRaise(from: limit)
        _ = requery(way, limit: min(4 * limit, query.pageLimit), now)
        self[way].due = due
    }

    /// A way's progress. While `tail` is nil, reading `.tail` returns the main way's progress, and writing to `.tail` has no effect.
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

/// Decides how an org's System Log is read: what to ask when, and what an answer is worth. A plain value without I/O and clock.
///
///     switch pager.nextStep(now: clock.now) {
///     case .wait(let until): …sleep…
///     case .request(let page):
///         switch pager.received(await result of AuthorizedTransport(transport).send(page.request, as: credential), now: clock.now) {
///         case .trouble(let trouble): …log…
///         case .held: …the page waits inside the pager…
///         case .page(let page): …as below…
///         }
///     case .page(let page):
///         …normalise; ask page.landing(…) what to commit together with the events, and commit…
///         pager.committed(landing, now: clock.now)
///     case .outstanding: …an answer or a commit is still awaited…
///     }
///
/// What holds at any time:
/// - One request at most is out, and none while a page waits for its commit.
/// - The place moves in ``committed(_:now:)`` alone. Whatever happens before, the same page is asked for again.
/// - A `next` link is followed byte for byte, and only on the org's own origins and the log's own path.
/// - No request goes out before its wait is over, and no wait is longer than 95 s or the poll interval.
/// - Requests are spaced evenly, so that this client takes its share of the org's budget and no more.
/// - While a backfill runs there are two ways, the tail and the history. The tail goes first whenever it is due; the history has the
///   rest. The history never takes an event that was stored since the tail began before the tail had its turn.
/// - A way whose link is no use is asked for anew, from a time a little before what is not collected yet, so that nothing is lost;
///   what comes twice by that is the caller's to recognise. That happens once in ten minutes at most, but for ever smaller pages.
package struct LogPager: Sendable {
    /// Time, as the caller's clock gives it.
    package typealias Instant = ContinuousClock.Instant

    /// What the caller does next.
    package enum Step: Sendable {
        /// Send it, then call ``LogPager/received(_:now:)``.
        case request(LogPageRequest)
        /// A page that had to wait for the tail; answer as to one from ``LogPager/received(_:now:)``.
        case page(LogPage)
        /// Nothing before this instant.
        case wait(until: Instant)
        /// An answer, or the fate of a page, has to come first.
        case outstanding
    }

    /// What an answer was worth.
    package enum Outcome: Sendable {
        /// Events; answer with `committed`, `tooEarly`, `rejected` or `notCommitted`.
        case page(LogPage)
        /// A page of the history that waits inside until the tail is at its end.
        case held
        /// None this time; the pager knows how to go on.
        case trouble(PagerTrouble)
    }

    enum Phase {
        case idle
        case requesting(LogWay)
        case delivering(LogPage)
    }

    /// How far a fresh query goes back behind the watermark, in milliseconds. What it brings again is dropped by its identity.
    static let overlap: Int64 = 300_000
    /// The least time between two fresh queries of a way that don't make its pages smaller.
    static let renewalPause = Duration.seconds(600)
    /// The smallest page that is asked for where larger ones don't come.
    static let smallestPage = 10
    /// Useless answers to the same request before it is asked for anew.
    static let patience = 3

    /// What is read.
    package private(set) var query: LogQuery
    /// The wait after the end of the log is reached.
    package var pollInterval: Duration
    /// The moments of its polls; `nil`: an interval after each page.
    private var pollGrid: PollGrid?
    /// How it goes.
    package internal(set) var health: PagerHealth
    /// The place after the last committed page, or where a fresh query begins.
    package internal(set) var place: LogPlace

    var phase = Phase.idle
    var budget: RequestBudget
    var tail: WayProgress
    var history: WayProgress?
    /// A page of the history that waits for the tail.
    private var held: LogPage?
    /// The history's pages are so young that each has to wait for the tail.
    private var isNear = false
    private var boundaryRun = 0
    /// The tail was at its end: the next request is the history's, however few there may be between two polls.
    private var isHistoryNext = false
    /// The query that the kept links came from, where that is an older one that can't be asked anew yet.
    private var fingerprint: String
    /// The watermark of the last gap that was told.
    private var toldGap: Int64?
    /// The wall clock when the pager was made.
    private let wall: UTCTime
    private let madeAt: Instant
    var jitter: Jitter

    /// Makes a pager that asks for its first page at once.
    ///
    /// - Parameters:
    ///   - place: where it goes on. If filter, page size or the org's address are others than the place's, the log is asked anew.
    ///   - pollInterval: the wait after a page that was not full.
    ///   - budgetShare: moved into its range, 0.01…1.
    ///   - seed: of the jitter; equal seeds give equal waits.
    ///   - wall: the time by this host's clock, to keep a start within what Okta accepts.
    /// - Throws: ``CursorError/foreign(_:)`` when a kept link is not one of this org's log and nothing tells that it is the same
    ///   organization, ``CursorError/otherOrganization(kept:found:)`` when it surely is another.
    package init(
        _ query: LogQuery, place: LogPlace, pollInterval: Duration, budgetShare: Double = 1, seed: UInt64, now: Instant,
        wall: UTCTime
    ) throws(CursorError) {
        self.query = query
        self.pollInterval = pollInterval
        budget = RequestBudget(share: budgetShare)
        if let kept = place.organization, let found = query.organization, kept != found {
            throw .otherOrganization(kept: kept, found: found)
        }
        let isSameOrganization = place.organization != nil && place.organization == query.organization
        for link in [place.tail.next, place.backfill?.history.next].compactMap(\.self) {
            if let objection = query.objection(to: link), !isSameOrganization { throw .foreign(objection) }
        }
        var place = place
        fingerprint = place.fingerprint
        if place.fingerprint != query.fingerprint, place.tail.restart(overlap: Self.overlap) != nil {
            place.tail.renew(overlap: Self.overlap)
            place.backfill?.history.renew(overlap: Self.overlap)
            fingerprint = query.fingerprint
        } else if let next = place.tail.next, let objection = query.objection(to: next) {
            throw .foreign(objection)
        }
        self.place = place
        tail = WayProgress(place.tail, query, now: now, wall: wall)
        history = place.backfill.map { WayProgress($0.history, query, now: now, wall: wall) }
        health = PagerHealth(state: .starting, since: now)
        jitter = Jitter(seed: seed)
        self.wall = wall
        madeAt = now
    }

    /// What the last answer said of the budget.
    package var rateLimit: RateLimit? { budget.rateLimit }

    /// When the next request is due; nil while one is out or a page waits for its commit.
    package var nextAttempt: Instant? {
        guard case .idle = phase else { return nil }
        let due = asksHistory ? min(tail.due, history?.due ?? tail.due) : tail.due
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

    /// What to do at `now`.
    package mutating func nextStep(now: Instant) -> Step {
        guard case .idle = phase else { return .outstanding }
        if var page = held, page.isCleared {
            held = nil
            page.place = place
            phase = .delivering(page)
            return .page(page)
        }
        guard let due = nextAttempt, due <= now else { return .wait(until: nextAttempt ?? now) }
        let way = nextWay(now)
        isHistoryNext = false
        phase = .requesting(way)
        budget.requested(at: now)
        let progress = self[way]
        var headers = HTTPHeaders([.init("Accept", "application/json")])
        if progress.retries > 0, let first = progress.firstRequestID {
            // Okta asks for both with every repetition (rate limit documentation).
            headers.append("X-Okta-Retry-For", first)
            headers.append("X-Okta-Retry-Count", String(progress.retries))
        }
        var request = HTTPRequest(
            .get, progress.url, headers: headers, expectedBodyBytes: progress.expectedBodyBytes)
        request.isUrgent = held != nil
        return .request(LogPageRequest(request: request, retry: progress.retries))
    }

    /// Near its end, a page of the history waits for the tail: none is asked for while that is in trouble.
    private var asksHistory: Bool { held == nil && history != nil && !(isNear && tail.failures > 0) }

    private func nextWay(_ now: Instant) -> LogWay {
        guard asksHistory, let history else { return .tail }
        return tail.due > now || isHistoryNext && history.due <= now ? .history : .tail
    }

    /// The page is durable as `landing` has it: the next one may be asked for.
    package mutating func committed(_ landing: PageLanding, now: Instant) {
        guard case .delivering(let page) = phase else { return }
        phase = .idle
        place = landing.place
        boundaryRun = landing.boundaryRun
        toldGap = page.gap?.from ?? toldGap
        self[page.way].settled(at: page.next)
        if landing.isSplit {
            history = tail
            history?.due = now
            tail = WayProgress(place.tail, query, now: now, wall: nil)
            isNear = false
        } else if landing.isBackfillOver {
            history = nil
            if place.tail.next == page.next {
                tail.settled(at: page.next)
                tail.due = nextPoll(after: now)
            }
        } else {
            self[page.way].due = landing.isFull || page.way == .history ? now : nextPoll(after: now)
        }
        if page.way == .tail, !landing.isFull {
            held?.isCleared = true
            isHistoryNext = true
        }
        if health.trouble?.way == nil || health.trouble?.way == page.way {
            health.trouble = nil
            health.consecutiveFailures = 0
        }
        // A link of an older query has brought events, so there is a time now from which to ask by the new one.
        if !fingerprintIsCurrent, place.tail.watermark != nil {
            fingerprint = query.fingerprint
            _ = renew(.tail, limit: query.pageLimit, now)
        }
        raisePageSize(of: page.way, now)
        if budget.isUsedUp(at: now) {
            health.enter(.waitingForRateLimit, at: now)
        } else {
            health.enter(landing.isFull || history != nil ? .collecting : .caughtUp, at: now)
        }
    }

    /// Polls at the moments of `grid` from now on, and asks for nothing before it starts.
    package mutating func poll(by grid: PollGrid) {
        pollGrid = grid
        tail.due = max(tail.due, grid.start)
        if let due = history?.due { history?.due = max(due, grid.start) }
    }

    private func nextPoll(after now: Instant) -> Instant {
        pollGrid?.next(after: now, interval: pollInterval) ?? now + pollInterval
    }

    /// `landing` had nothing to say: the page waits inside until the tail is at its end.
    package mutating func tooEarly(now: Instant) {
        guard case .delivering(let page) = phase else { return }
        isNear = true
        hold(page, now)
    }

    private mutating func hold(_ page: LogPage, _ now: Instant) {
        phase = .idle
        held = page
        if tail.failures == 0 { tail.due = min(tail.due, now) }
    }

    /// Takes a whole page from Okta's answer to a request of `way`.
    mutating func deliver(_ response: HTTPResponse, next: String, _ way: LogWay, _ now: Instant) -> Outcome {
        self[way].expectedBodyBytes = response.body.count
        if self[way].firstRequestID == nil { self[way].firstRequestID = response.oktaRequestID }
        let serverTime = response.headers.first("Date").flatMap { UTCTime(httpDate: $0) }?.milliseconds
        let page = LogPage(
            body: response.body, share: response.share, way: way, requestID: response.oktaRequestID, place: place,
            next: next,
            fingerprint: fingerprint, organization: query.organization, limit: self[way].limit,
            serverTime: serverTime,
            wall: wall.milliseconds + Int64((now - madeAt) / .milliseconds(1)), boundaryRun: boundaryRun,
            gap: gap(way, serverTime))
        guard way == .tail || !isNear else {
            hold(page, now)
            return .held
        }
        phase = .delivering(page)
        return .page(page)
    }

    /// What was stored between the last event of `way` and the oldest that Okta keeps; nil once a page has brought word of it.
    private func gap(_ way: LogWay, _ serverTime: Int64?) -> LogGap? {
        let last = way == .tail ? place.tail.watermark : place.backfill?.history.watermark
        guard let serverTime, let last, last < serverTime - LogRetention.kept, toldGap != last else { return nil }
        return LogGap(from: last, to: serverTime - LogRetention.kept)
    }

    /// Whether the requests are those of the query that is configured now.
    var fingerprintIsCurrent: Bool { fingerprint == query.fingerprint }

    /// Whoever asked, a page that waits for the tail waits no longer than the tail is well.
    mutating func dropHeld() { held = nil }

    /// A way's progress; the history's only while there is one.
    subscript(way: LogWay) -> WayProgress {
        get { way == .history ? history ?? tail : tail }
        set {
            if way == .tail {
                tail = newValue
            } else if history != nil {
                history = newValue
            }
        }
    }
}

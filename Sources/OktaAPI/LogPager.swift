/// Decides how an org's System Log is read: what to ask when, and what an answer is worth. A plain value without I/O and clock.
///
///     switch pager.nextStep(now: clock.now) {
///     case .wait(let until): …sleep…
///     case .request(let page):
///         var request = page.request
///         try await credential.authorize(&request)
///         switch pager.received(await result of transport.send(request), now: clock.now) {
///         case .trouble(let trouble): …log…
///         case .page(let page): …normalise and commit the events together with page.cursor.text…
///             pager.committed(events: count, now: clock.now)
///         }
///     case .outstanding: …an answer or a commit is still awaited…
///     }
///
/// What holds at any time:
/// - One request at most is out, and none while a page waits for its commit.
/// - The cursor moves in ``committed(events:now:)`` alone. Whatever happens before, the same page is asked for again.
/// - A `next` link is followed byte for byte, and only on the org's own origin and the log's own path.
/// - No request goes out before its wait is over, and no wait is longer than 95 s or the poll interval.
/// - Requests are spaced evenly, so that this client takes its share of the org's budget and no more.
package struct LogPager: Sendable {
    /// Time, as the caller's clock gives it.
    package typealias Instant = ContinuousClock.Instant

    /// What the caller does next.
    package enum Step: Sendable {
        /// Send it, then call ``LogPager/received(_:now:)``.
        case request(LogPageRequest)
        /// Nothing before this instant.
        case wait(until: Instant)
        /// An answer, or the fate of a page, has to come first.
        case outstanding
    }

    /// What an answer was worth.
    package enum Outcome: Sendable {
        /// Events; answer with `committed`, `rejected` or `notCommitted`.
        case page(LogPage)
        /// None this time; the pager knows how to go on.
        case trouble(PagerTrouble)
    }

    private enum Phase {
        case idle(Instant)
        case requesting
        case delivering(CursorRecord)
    }

    /// What is read.
    package let query: LogQuery
    /// The wait after the end of the log is reached.
    package var pollInterval: Duration
    /// The moments of its polls; `nil`: an interval after each page.
    package var pollGrid: PollGrid?
    /// The share of the org's budget for the log that this client takes, above 0, up to 1; the rest is for others.
    package let budgetShare: Double
    /// The place after the last committed page; `nil` before the first.
    package private(set) var cursor: CursorRecord?
    /// How it goes.
    package private(set) var health: PagerHealth
    /// What the last answer said of the budget.
    package private(set) var rateLimit: RateLimit?

    private var phase: Phase
    private var url: String
    /// No request before this: the window's budget is used up.
    private var hold: Instant?
    private var requestedAt: Instant?
    private var firstRequestID: String?
    private var retries = 0
    private var badRequests = 0
    private var rateLimitStreak = 0
    private var expectedBodyBytes = 0
    private var jitter: Jitter

    /// Makes a pager that asks for its first page at once.
    ///
    /// - Parameters:
    ///   - pollInterval: the wait after a page that was not full.
    ///   - budgetShare: moved into its range, 0.01…1.
    ///   - seed: of the jitter; equal seeds give equal waits.
    /// - Throws: ``CursorError/foreign(_:)`` when the kept link is not one of this org's log. A cursor of another filter is
    ///   taken; compare its fingerprint with the query's.
    package init(
        _ query: LogQuery, start: LogStart, pollInterval: Duration, budgetShare: Double = 1, seed: UInt64, now: Instant
    ) throws(CursorError) {
        self.query = query
        self.pollInterval = pollInterval
        self.budgetShare = min(max(budgetShare, 0.01), 1)
        switch start {
        case .since(let since): url = query.firstURL(since: since)
        case .cursor(let record):
            if let objection = query.objection(to: record.nextLink) { throw .foreign(objection) }
            url = record.nextLink
            cursor = record
        }
        phase = .idle(now)
        health = PagerHealth(state: .starting, since: now, nextAttempt: now)
        jitter = Jitter(seed: seed)
    }

    /// What to do at `now`.
    package mutating func nextStep(now: Instant) -> Step {
        guard case .idle(let due) = phase else { return .outstanding }
        guard now >= due else { return .wait(until: due) }
        phase = .requesting
        requestedAt = now
        health.nextAttempt = nil
        var headers = HTTPHeaders([.init("Accept", "application/json")])
        if retries > 0, let firstRequestID {
            // Okta asks for both with every repetition (rate limit documentation).
            headers.append("X-Okta-Retry-For", firstRequestID)
            headers.append("X-Okta-Retry-Count", String(retries))
        }
        return .request(
            LogPageRequest(
                request: HTTPRequest(.get, url, headers: headers, expectedBodyBytes: expectedBodyBytes), retry: retries)
        )
    }

    /// Takes the answer to the request that is out.
    package mutating func received(_ result: Result<HTTPResponse, TransportError>, now: Instant) -> Outcome {
        guard case .requesting = phase else {
            return .trouble(
                makeTrouble(
                    .cancelled, "an answer came that nobody waited for", next: "it is dropped", advice: "Report this"))
        }
        switch result {
        case .failure(let error): return .trouble(failed(error, now))
        case .success(let response):
            health.lastRequestID = response.oktaRequestID ?? health.lastRequestID
            let limit = RateLimit(response.headers)
            rateLimit = limit
            if limit.remaining == 0, response.status != 429, let seconds = limit.secondsToWait {
                hold = now + .seconds(seconds) + jitter.upTo(2)
            }
            switch response.status {
            case 200: return received(page: response, now)
            case 429: return .trouble(limited(response, limit, now))
            default: return .trouble(refused(response, now))
            }
        }
    }

    /// The page and its cursor are durable: the next one may be asked for.
    ///
    /// - Parameter events: how many elements the page had, those set aside included.
    /// - Returns: whether the page was full, so that there is more at once.
    @discardableResult
    package mutating func committed(events: Int, now: Instant) -> Bool {
        guard case .delivering(let next) = phase else { return false }
        let isFull = events >= query.fullPage(of: url)
        cursor = next
        url = next.nextLink
        (retries, badRequests, rateLimitStreak, firstRequestID) = (0, 0, 0, nil)
        health.consecutiveFailures = 0
        health.trouble = nil
        health.lastCommit = now
        let wanted = isFull ? now : nextPoll(after: now)
        if let hold, hold > wanted {
            health.enter(.waitingForRateLimit, at: now)
        } else {
            health.enter(isFull ? .collecting : .caughtUp, at: now)
        }
        wait(until: wanted)
        return isFull
    }

    private func nextPoll(after now: Instant) -> Instant {
        pollGrid?.next(after: now, interval: pollInterval) ?? now + pollInterval
    }

    /// The page could not be read (broken in the middle, say): it is asked for again.
    @discardableResult
    package mutating func rejected(_ reason: String, now: Instant) -> PagerTrouble {
        guard case .delivering = phase else { return unexpected("a page was rejected that is not out") }
        return again(
            .rejected, "a page could not be read (\(reason.oneLine(limit: 300)))",
            "If it persists, Okta's support finds the request by its id", requestID: health.lastRequestID,
            delay: backoff(), now)
    }

    /// The page could not be made durable: it is asked for again later, and Okta is not to blame.
    @discardableResult
    package mutating func notCommitted(_ reason: String, now: Instant) -> PagerTrouble {
        guard case .delivering = phase else { return unexpected("a page was not committed that is not out") }
        return again(
            .notCommitted, "a page could not be stored (\(reason.oneLine(limit: 300)))", "See what the spool says",
            delay: jitter.backoff(attempt: retries + 1, cap: 30), now)
    }
}

// What answers are worth.
extension LogPager {
    private mutating func received(page response: HTTPResponse, _ now: Instant) -> Outcome {
        if let (kind, what) = PageCheck.objection(to: response) {
            return .trouble(
                again(
                    kind, what,
                    kind == .notOkta
                        ? "Something on the way answers in Okta's place: check the URL, the proxy, and for a login page"
                        : "If it persists, check for a proxy that cuts answers; Okta's support finds the request by its id",
                    response, delay: backoff(), now))
        }
        guard let next = LinkHeader.next(in: response.headers.values("Link")) else {
            return .trouble(
                again(
                    .missingNext, "an answer without a next link, which a polling query always has",
                    "If it persists, check for a proxy that strips headers", response, delay: backoff(), now))
        }
        if let objection = query.objection(to: next) {
            return .trouble(
                again(
                    .foreignNext, "a next link that is not followed: \(objection)",
                    "Check for a proxy that rewrites headers; if it is another name of this org, put that name as its URL",
                    response, delay: backoff(), now))
        }
        if next == url, !PageCheck.isEmptyArray(response.body) {
            return .trouble(
                again(
                    .nextStandsStill, "a page with events whose next link leads to itself",
                    "If it persists, Okta's support finds the request by its id", response, delay: backoff(), now))
        }
        expectedBodyBytes = response.body.count
        let record = CursorRecord(nextLink: next, fingerprint: cursor?.fingerprint ?? query.fingerprint)
        phase = .delivering(record)
        if firstRequestID == nil { firstRequestID = response.oktaRequestID }
        return .page(
            LogPage(
                body: response.body, cursor: record, requestID: response.oktaRequestID,
                serverTime: response.headers.first("Date").flatMap { UTCTime(httpDate: $0) }, timings: response.timings)
        )
    }

    private mutating func failed(_ error: TransportError, _ now: Instant) -> PagerTrouble {
        switch error.kind {
        case .cancelled, .shutDown:
            wait(until: now)
            return makeTrouble(.cancelled, error.summary, next: "nothing is lost", advice: error.advice)
        case .invalidRequest:
            return again(.invalidRequest, error.summary, error.advice, delay: probe(), now)
        case .tooLarge:
            return again(.brokenBody, error.summary, error.advice, delay: backoff(), now)
        case .resolve, .connect, .proxy, .tls, .timeout, .interrupted, .protocol:
            return again(.unreachable, error.summary, error.advice, delay: backoff(), now)
        }
    }

    /// 429. Okta's headers tell the wait; without sense in them, a short exponential one.
    private mutating func limited(_ response: HTTPResponse, _ limit: RateLimit, _ now: Instant) -> PagerTrouble {
        rateLimitStreak += 1
        let short = jitter.backoff(attempt: rateLimitStreak, cap: 30)
        let retryAfter = response.headers.first("Retry-After").flatMap { Int64($0) }
        var delay = short
        if !limit.isConcurrency, let seconds = limit.secondsToWait {
            delay = .seconds(seconds) + jitter.upTo(2)
            // A reset that is always now must not become a request a second.
            if rateLimitStreak > 2 { delay = max(delay, short) }
        } else if !limit.isConcurrency, let retryAfter, retryAfter >= 0 {
            // Not Okta's; of a gateway before it (RFC 9110, 10.2.3).
            delay = .seconds(min(max(retryAfter, 1), RateLimit.longestWait)) + jitter.upTo(2)
        }
        let said = OktaError(body: response.body).text.map { " (\($0))" } ?? ""
        let failures = health.consecutiveFailures
        let trouble = again(
            limit.isConcurrency ? .concurrencyLimited : .rateLimited,
            (limit.isConcurrency ? "too many requests at once to the org" : "the org's rate limit is used up") + said,
            limit.isConcurrency
                ? "If it persists, find who else calls this org so often (Reports > Rate Limits)"
                : "If it persists, lower this integration's rate_limit_share or see who else uses the log (Reports > Rate Limits)",
            response, delay: delay, now)
        health.consecutiveFailures = failures
        return trouble
    }

    private mutating func refused(_ response: HTTPResponse, _ now: Instant) -> PagerTrouble {
        let error = OktaError(body: response.body)
        if response.status == 400 { badRequests += 1 }
        let refusal = Refusal(response, error, isStoredCursor: cursor != nil, isRepeated: badRequests > 1)
        let delay = refusal.pace == .probe ? probe() : backoff()
        return again(refusal.kind, refusal.what, refusal.advice, response, code: error.code, delay: delay, now)
    }

    /// A minute, and a little more so that many orgs don't probe together.
    private mutating func probe() -> Duration { .seconds(60) + jitter.upTo(6) }

    private mutating func backoff() -> Duration { jitter.backoff(attempt: health.consecutiveFailures + 1, cap: 60) }

    private mutating func wait(until wanted: Instant) {
        let due = [hold, requestedAt.map { $0 + pace }].compactMap(\.self).reduce(wanted, max)
        hold = nil
        phase = .idle(due)
        health.nextAttempt = due
    }

    /// The least time from one request to the next: a window's minute, divided by this client's share of its requests. A minute at
    /// most, whatever the headers say.
    private var pace: Duration {
        guard let limit = rateLimit?.limit, limit > 0 else { return .zero }
        return .milliseconds(Int64(min(60_000 / (Double(limit) * budgetShare), 60_000)))
    }

    /// Notes the trouble, and that the same page is asked for again after `delay`.
    private mutating func again(
        _ kind: PagerTrouble.Kind, _ what: String, _ advice: String, _ response: HTTPResponse? = nil,
        code: String? = nil, requestID: String? = nil, delay: Duration, _ now: Instant
    ) -> PagerTrouble {
        retries += 1
        if firstRequestID == nil { firstRequestID = response?.oktaRequestID }
        health.consecutiveFailures += 1
        wait(until: now + delay)
        let seconds = now.duration(to: health.nextAttempt ?? now).components.seconds + 1
        let trouble = makeTrouble(
            kind, what, next: "Tributary asks for the same page again in \(seconds) s", advice: advice,
            status: response?.status, code: code, requestID: response?.oktaRequestID ?? requestID)
        if let state = kind.state { health.enter(state, at: now) }
        health.trouble = trouble
        return trouble
    }

    private func makeTrouble(
        _ kind: PagerTrouble.Kind, _ what: String, next: String, advice: String, status: Int? = nil,
        code: String? = nil, requestID: String? = nil
    ) -> PagerTrouble {
        PagerTrouble(
            kind: kind, host: query.org.host, what: what, next: next, advice: advice, status: status, errorCode: code,
            requestID: requestID)
    }

    private func unexpected(_ what: String) -> PagerTrouble {
        makeTrouble(.cancelled, what, next: "nothing changes", advice: "Report this")
    }
}

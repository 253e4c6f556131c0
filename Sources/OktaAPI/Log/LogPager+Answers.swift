import CurlHTTPClient

// How the pager handles answers.
extension LogPager {
    /// Takes the answer to the pending request.
    ///
    /// - Parameter host: the time by this host's clock.
    package mutating func received(
        _ result: Result<HTTPResponse, TransportError>, now: Instant, host: HostTime
    ) -> Outcome {
        guard case .requesting(let way) = phase else {
            return .trouble(unexpected("an answer arrived although no request was pending"))
        }
        let progress = self[way]
        let asked = acceptedSince(of: way)
        let request = LogAnswer.Request(
            url: address(of: way), isLink: progress.link != nil, isRepeated: progress.refusals > 0)
        var wait: Duration?
        if case .success(let response) = result {
            lastRequestID = response.oktaRequestID ?? lastRequestID
            if !response.isOfTokenEndpoint {
                // The `Date` of a refusal by Okta counts as well: if `since` was too early for Okta, the next request has a later one.
                if response.oktaRequestID != nil { lastDate = response.serverTime ?? lastDate }
                wait = budget.answered(response, at: now, jitter: &jitter)
            } else if response.status == 429 {
                wait = RateLimit(response.headers).secondsToWait.map { .seconds($0) + jitter.upTo(2) }
            }
        }
        switch LogAnswer(result, to: request, of: query) {
        case .page(let next):
            guard case .success(let response) = result else {
                return .trouble(unexpected("a result was read as a page, but it contains no HTTP response"))
            }
            return deliver(response, next: next, way, asked: asked, host: host)
        case .problem(let problem): return .trouble(scheduleRetry(way, problem, wait: wait, now))
        }
    }

    /// Records that the page could not be read, for example because it is broken in the middle. The page is requested again.
    @discardableResult
    package mutating func rejected(_ reason: String, now: Instant) -> PagerTrouble {
        guard case .delivering(let page) = phase else {
            return unexpected("a page was reported as unreadable although no page was pending")
        }
        return scheduleRetry(
            page.way,
            LogAnswer.Problem(
                kind: .rejected, what: "a page could not be read (\(reason.oneLine(limit: 300)))",
                advice: "If the problem persists, Okta's support can find the request by its id",
                requestID: lastRequestID), now)
    }

    /// Records that the page could not be stored, which is not Okta's fault. The page is requested again later.
    @discardableResult
    package mutating func notCommitted(_ reason: String, now: Instant) -> PagerTrouble {
        guard case .delivering(let page) = phase else {
            return unexpected("a page was reported as not stored although no page was pending")
        }
        return scheduleRetry(
            page.way,
            LogAnswer.Problem(
                kind: .notCommitted, what: "a page could not be stored (\(reason.oneLine(limit: 300)))",
                advice: "Use tributary status to see why the spool can't store pages, then correct that problem"),
            wait: jitter.backoff(attempt: self[page.way].retries + 1, cap: Self.longestSpoolWait), now)
    }

    /// Whether the pager is waiting for a credential that a person has to correct.
    package var awaitsCredential: Bool { trouble?.kind.awaitsCredential ?? false }

    /// Records that the credential has been replaced, so that a refused request is sent again immediately.
    package mutating func credentialReplaced(now: Instant) {
        guard case .idle = phase, awaitsCredential else { return }
        main.due = now
        tail?.due = now
    }

    /// Records the trouble. Schedules either another request for the same page or a query by time. After a cancellation, it does neither.
    private mutating func scheduleRetry(
        _ way: LogWay, _ problem: LogAnswer.Problem, wait: Duration? = nil, _ now: Instant
    ) -> PagerTrouble {
        phase = .idle
        guard problem.kind != .cancelled else { return PagerTrouble(problem) }
        let isRateLimit = problem.kind == .rateLimited || problem.kind == .concurrencyLimited
        let isOfWay = problem.kind.isOfOneWay || problem.isSlow
        if self[way].link != nil, [400, 404, 410].contains(problem.status) { self[way].refusals += 1 }
        self[way].retries += 1
        // The id is recorded only if the request was for the log, not for a token. After a failed token request, `status` is nil.
        if self[way].firstRequestID == nil, problem.status != nil { self[way].firstRequestID = problem.requestID }
        let hadNews = self[way].hasNewsSinceRequery
        let requery = requeryIfUseless(way, problem, now)
        // The pager waits about a minute after a problem that a person has to correct. It also waits a minute if Okta refuses a link again before the
        // last query by time has brought a new event.
        let isProbe = problem.pace == .probe && (requery == nil || !hadNews)
        let delay =
            wait
            ?? (isProbe
                ? .seconds(Self.longestWait) + jitter.upTo(Self.longestWait / 10)
                : jitter.backoff(attempt: self[way].failures + 1, cap: Self.longestWait))
        if !isRateLimit { self[way].failures += 1 }
        self[way].due = now + delay
        if !isOfWay {
            main.due = max(main.due, now + delay)
            if let due = tail?.due { tail?.due = max(due, now + delay) }
        }
        var trouble = PagerTrouble(problem)
        trouble.requery = requery
        trouble.way = isOfWay && tail != nil ? way : nil
        self.trouble = trouble
        return trouble
    }

    /// Queries the way by time after a refused link, or after several answers without a usable page.
    private mutating func requeryIfUseless(
        _ way: LogWay, _ problem: LogAnswer.Problem, _ now: Instant
    ) -> LogRequery? {
        let limit = self[way].fullPage
        switch problem.kind {
        case .cursorRefused: return requery(way, limit: min(limit, query.pageLimit), now)
        case _ where problem.isSlow, .brokenBody, .rejected, .tooLarge:
            self[way].sizeStrikes += 1
            guard self[way].sizeStrikes >= Self.patience, limit > Self.smallestPage else { return nil }
            return requery(way, limit: max(limit / 2, Self.smallestPage), now)
        case .foreignNext, .nextStandsStill, .missingNext:
            self[way].linkStrikes += 1
            guard self[way].linkStrikes >= Self.patience else { return nil }
            return requery(way, limit: limit, now)
        default: return nil
        }
    }

    private func unexpected(_ what: String) -> PagerTrouble {
        PagerTrouble(LogAnswer.Problem(kind: .cancelled, what: what, advice: "Report this bug in Tributary"))
    }
}

extension HTTPResponse {
    /// Okta's time when it answered, from the header `Date`.
    var serverTime: ServerTime? {
        headers.first("Date").flatMap { UTCTime(httpDate: $0) }.map { ServerTime($0.milliseconds) }
    }
}

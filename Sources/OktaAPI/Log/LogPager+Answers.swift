// What answers are worth.
extension LogPager {
    /// Takes the answer to the request that is out.
    ///
    /// - Parameter host: the time by this host's clock.
    package mutating func received(
        _ result: Result<HTTPResponse, TransportError>, now: Instant, host: HostTime
    ) -> Outcome {
        guard case .requesting(let way) = phase else {
            return .trouble(unexpected("an answer came that no request was out for"))
        }
        var wait: Duration?
        if case .success(let response) = result {
            lastRequestID = response.oktaRequestID ?? lastRequestID
            if !response.isOfTokenEndpoint {
                wait = budget.answered(response, at: now, jitter: &jitter)
            } else if response.status == 429 {
                wait = RateLimit(response.headers).secondsToWait.map { .seconds($0) + jitter.upTo(2) }
            }
        }
        let progress = self[way]
        let request = LogAnswer.Request(
            url: address(of: way), isLink: progress.link != nil, isRepeated: progress.refusals > 0)
        switch LogAnswer(result, to: request, of: query) {
        case .page(let next):
            guard case .success(let response) = result else { return .trouble(unexpected("a page without an answer")) }
            return deliver(response, next: next, way, host: host)
        case .problem(let problem): return .trouble(again(way, problem, wait: wait, now))
        }
    }

    /// The page could not be read (broken in the middle, say): it is requested again.
    @discardableResult
    package mutating func rejected(_ reason: String, now: Instant) -> PagerTrouble {
        guard case .delivering(let page) = phase else { return unexpected("a page was rejected that is not out") }
        return again(
            page.way,
            LogAnswer.Problem(
                kind: .rejected, what: "a page could not be read (\(reason.oneLine(limit: 300)))",
                advice: "If it persists, Okta's support finds the request by its id", requestID: lastRequestID), now)
    }

    /// The page could not be made durable: it is requested again later, and Okta is not to blame.
    @discardableResult
    package mutating func notCommitted(_ reason: String, now: Instant) -> PagerTrouble {
        guard case .delivering(let page) = phase else { return unexpected("a page was not committed that is not out") }
        return again(
            page.way,
            LogAnswer.Problem(
                kind: .notCommitted, what: "a page could not be stored (\(reason.oneLine(limit: 300)))",
                advice: "See what the spool says"),
            wait: jitter.backoff(attempt: self[page.way].retries + 1, cap: Self.longestSpoolWait), now)
    }

    /// Whether the wait is for a credential that a person has to put right.
    package var awaitsCredential: Bool { trouble?.kind.awaitsCredential ?? false }

    /// The credential has been replaced: what was refused may be tried at once.
    package mutating func credentialReplaced(now: Instant) {
        guard case .idle = phase, awaitsCredential else { return }
        main.due = now
        tail?.due = now
    }

    /// Notes the trouble, and that the same page, or a query by time instead, is requested after a wait.
    private mutating func again(
        _ way: LogWay, _ problem: LogAnswer.Problem, wait: Duration? = nil, _ now: Instant
    ) -> PagerTrouble {
        phase = .idle
        guard problem.kind != .cancelled else { return PagerTrouble(problem) }
        let isRateLimit = problem.kind == .rateLimited || problem.kind == .concurrencyLimited
        let isOfWay = problem.kind.isOfOneWay || problem.isSlow
        if self[way].link != nil, [400, 404, 410].contains(problem.status) { self[way].refusals += 1 }
        self[way].retries += 1
        // Not that of a request for a token.
        if self[way].firstRequestID == nil, problem.status != nil { self[way].firstRequestID = problem.requestID }
        let hadNews = self[way].hasNewsSinceRequery
        let requery = requeryIfUseless(way, problem, now)
        // A way that is refused again before a query by time has brought anything waits as long as for a person.
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

    /// After a refused link, and after some useless answers, the way is queried by time.
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
        PagerTrouble(LogAnswer.Problem(kind: .cancelled, what: what, advice: "Report this"))
    }
}

// What answers are worth.
extension LogPager {
    /// Takes the answer to the request that is out.
    package mutating func received(_ result: Result<HTTPResponse, TransportError>, now: Instant) -> Outcome {
        guard case .requesting(let way) = phase else {
            return .trouble(unexpected("an answer came that nobody waited for"))
        }
        switch result {
        case .failure(let error): return .trouble(failed(error, way, now))
        case .success(let response):
            health.lastRequestID = response.oktaRequestID ?? health.lastRequestID
            guard !response.isOfTokenEndpoint else { return .trouble(withoutToken(response, way, now)) }
            let limited = budget.answered(response, at: now, jitter: &jitter)
            switch response.status {
            case 200: return received(page: response, way, now)
            case 429: return .trouble(rateLimited(response, wait: limited ?? .seconds(1), way, now))
            default: return .trouble(refused(response, way, now))
            }
        }
    }

    /// The page could not be read (broken in the middle, say): it is asked for again.
    @discardableResult
    package mutating func rejected(_ reason: String, now: Instant) -> PagerTrouble {
        guard case .delivering(let page) = phase else { return unexpected("a page was rejected that is not out") }
        return again(
            page.way, .rejected, "a page could not be read (\(reason.oneLine(limit: 300)))",
            "If it persists, Okta's support finds the request by its id", requestID: health.lastRequestID,
            delay: backoff(page.way), now)
    }

    /// The page could not be made durable: it is asked for again later, and Okta is not to blame.
    @discardableResult
    package mutating func notCommitted(_ reason: String, now: Instant) -> PagerTrouble {
        guard case .delivering(let page) = phase else { return unexpected("a page was not committed that is not out") }
        return again(
            page.way, .notCommitted, "a page could not be stored (\(reason.oneLine(limit: 300)))",
            "See what the spool says", delay: jitter.backoff(attempt: self[page.way].retries + 1, cap: 30), now)
    }

    /// Whether the wait is for a credential that a person has to put right.
    package var awaitsCredential: Bool {
        switch health.trouble?.kind {
        case .unauthorized, .forbidden, .invalidRequest: true
        default: false
        }
    }

    /// The credential has been replaced: what was refused may be tried at once.
    package mutating func credentialReplaced(now: Instant) {
        guard case .idle = phase, awaitsCredential else { return }
        tail.due = now
        history?.due = now
    }

    private mutating func received(page response: HTTPResponse, _ way: LogWay, _ now: Instant) -> Outcome {
        if let (kind, what) = PageCheck.objection(to: response) {
            return .trouble(
                again(
                    way, kind, what,
                    kind == .notOkta
                        ? ForeignAnswer.advice
                        : "If it persists, check for a proxy that cuts answers; Okta's support finds the request by its id",
                    response, delay: backoff(way), now))
        }
        guard let next = LinkHeader.next(in: response.headers.values("Link")) else {
            return .trouble(
                again(
                    way, .missingNext, "an answer without a next link, which a polling query always has",
                    "If it persists, check for a proxy that strips headers", response, delay: backoff(way), now))
        }
        // A link that was followed is not looked at again.
        if !(self[way].isLink && next == self[way].url), let objection = query.objection(to: next) {
            return .trouble(
                again(
                    way, .foreignNext, "a next link that is not followed: \(objection)",
                    "Check for a proxy that rewrites headers; if it is another name of this org, put that name as its URL",
                    response, delay: backoff(way), now))
        }
        if next == self[way].url, !PageCheck.isEmptyArray(response.body) {
            return .trouble(
                again(
                    way, .nextStandsStill, "a page with events whose next link leads to itself",
                    "If it persists, Okta's support finds the request by its id", response, delay: backoff(way), now))
        }
        return deliver(response, next: next, way, now)
    }

    private mutating func failed(_ error: TransportError, _ way: LogWay, _ now: Instant) -> PagerTrouble {
        switch error.kind {
        case .cancelled, .shutDown:
            phase = .idle
            return makeTrouble(.cancelled, error.summary, next: "nothing is lost", advice: error.advice)
        case .invalidRequest:
            return again(way, .invalidRequest, error.summary, error.advice, delay: probe(), now)
        case .tooLarge:
            return again(way, .tooLarge, error.summary, error.advice, delay: backoff(way), now)
        case .resolve, .connect, .proxy, .tls, .timeout, .noRoom, .interrupted, .protocol:
            return again(
                way, .unreachable, error.summary, error.advice, delay: backoff(way), isSlow: error.kind == .timeout, now
            )
        }
    }

    /// The token endpoint has limits of its own: of the log's this says nothing, and no request of the log was sent.
    private mutating func withoutToken(_ response: HTTPResponse, _ way: LogWay, _ now: Instant) -> PagerTrouble {
        let isLimited = response.status == 429
        let wait = isLimited ? RateLimit(response.headers).secondsToWait : nil
        return again(
            way, isLimited ? .rateLimited : .serverFailure,
            "there is no access token: the token endpoint answered \(response.status)",
            isLimited
                ? "If it persists, see who else asks this org for tokens (Reports > Rate Limits)"
                : "If it persists, see Okta's status page",
            requestID: response.oktaRequestID, delay: wait.map { .seconds($0) + jitter.upTo(2) } ?? backoff(way), now)
    }

    /// 429: no failure of the org.
    private mutating func rateLimited(
        _ response: HTTPResponse, wait: Duration, _ way: LogWay, _ now: Instant
    ) -> PagerTrouble {
        let limit = RateLimit(response.headers)
        let said = OktaError(body: response.body).text.map { " (\($0))" } ?? ""
        let failures = (health.consecutiveFailures, self[way].failures)
        let trouble = again(
            way, limit.isConcurrency ? .concurrencyLimited : .rateLimited,
            (limit.isConcurrency ? "too many requests at once to the org" : "the org's rate limit is used up") + said,
            limit.isConcurrency
                ? "If it persists, find who else calls this org so often (Reports > Rate Limits)"
                : "If it persists, lower this integration's rate_limit_share or see who else uses the log (Reports > Rate Limits)",
            response, delay: wait, now)
        (health.consecutiveFailures, self[way].failures) = failures
        return trouble
    }

    private mutating func refused(_ response: HTTPResponse, _ way: LogWay, _ now: Instant) -> PagerTrouble {
        let error = OktaError(body: response.body)
        if response.status == 400 { self[way].badRequests += 1 }
        let refusal = Refusal(
            response, error, isStoredCursor: self[way].isLink, isRepeated: self[way].badRequests > 1)
        let renewal = refusal.kind == .cursorRefused ? renew(way, limit: query.pageLimit, now) : nil
        let delay = refusal.pace == .probe && renewal == nil ? probe() : backoff(way)
        // Okta gives a query 30 s and then answers so (System Log query documentation).
        let isSlow = response.status == 500 && error.code == "E0000009"
        return again(
            way, refusal.kind, refusal.what, refusal.advice, response, code: error.code, delay: delay,
            renewal: renewal, isSlow: isSlow, now)
    }

    /// A minute, and a little more so that many orgs don't probe together.
    private mutating func probe() -> Duration { .seconds(60) + jitter.upTo(6) }

    private mutating func backoff(_ way: LogWay) -> Duration {
        jitter.backoff(attempt: self[way].failures + 1, cap: 60)
    }

    /// Notes the trouble, and that the same page, or a fresh query in its place, is asked for after `delay`.
    private mutating func again(
        _ way: LogWay, _ kind: PagerTrouble.Kind, _ what: String, _ advice: String, _ response: HTTPResponse? = nil,
        code: String? = nil, requestID: String? = nil, delay: Duration, renewal: LogRenewal? = nil,
        isSlow: Bool = false, _ now: Instant
    ) -> PagerTrouble {
        phase = .idle
        self[way].retries += 1
        self[way].failures += 1
        if self[way].firstRequestID == nil { self[way].firstRequestID = response?.oktaRequestID }
        health.consecutiveFailures = self[way].failures
        let renewal = renewal ?? renewIfStuck(way, kind, isSlow: isSlow, now)
        if renewal != nil { (self[way].retries, self[way].firstRequestID) = (0, nil) }
        let isOfWay = kind.isOfOneWay || isSlow
        self[way].due = now + delay
        if !isOfWay {
            tail.due = max(tail.due, now + delay)
            if let history { self.history?.due = max(history.due, now + delay) }
        }
        if way == .tail || !isOfWay { dropHeld() }
        let seconds = now.duration(to: nextAttempt ?? now).components.seconds + 1
        let next =
            renewal.map { "Tributary asks anew for what Okta stored since \($0.since.rfc3339), in \(seconds) s" }
            ?? "Tributary asks for the same page again in \(seconds) s"
        var trouble = makeTrouble(
            kind, what, next: next, advice: advice, status: response?.status, code: code,
            requestID: response?.oktaRequestID ?? requestID)
        trouble.renewal = renewal
        trouble.way = isOfWay && history != nil ? way : nil
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

extension PagerTrouble.Kind {
    /// Whether it says something of one request and not of the org.
    fileprivate var isOfOneWay: Bool {
        switch self {
        case .brokenBody, .tooLarge, .missingNext, .foreignNext, .nextStandsStill, .rejected, .cursorRefused,
            .refusedQuery:
            true
        default: false
        }
    }
}

import CurlHTTPClient

/// Classifies one answer to a request for the log. It does not know how requests are scheduled.
package enum LogAnswer: Sendable {
    /// The answer is a page of events.
    case page(next: String)
    /// The answer is not a page of events.
    case problem(Problem)

    /// Why there is no page, in words for an operator.
    package struct Problem: Sendable {
        package var kind: PagerTrouble.Kind
        package var what: String
        package var advice: String
        package var status: Int?
        package var requestID: String?
        /// How long to wait before the same request is repeated.
        var pace = Refusal.Pace.backoff
        /// Whether a smaller page might help, because Okta or the connection to Okta was too slow.
        var isSlow = false
    }

    /// The request that was answered.
    package struct Request: Sendable {
        /// The address of the request.
        package var url: String
        /// Whether the address is a `next` link from Okta.
        package var isLink: Bool
        /// Whether the same link was refused before.
        package var isRepeated: Bool

        package init(url: String, isLink: Bool = false, isRepeated: Bool = false) {
            self.url = url
            self.isLink = isLink
            self.isRepeated = isRepeated
        }
    }

    /// Reads an answer to a request of `query`.
    package init(_ result: Result<HTTPResponse, TransportError>, to request: Request, of query: LogQuery) {
        switch result {
        case .failure(let error): self = .problem(Self.failed(error))
        case .success(let response):
            switch response.status {
            case _ where response.isOfTokenEndpoint: self = .problem(Self.withoutToken(response))
            case 200: self = Self.page(response, request, query)
            case 429: self = .problem(Self.limited(response))
            default: self = .problem(Self.refused(response, request, query))
            }
        }
    }

    private static func page(_ response: HTTPResponse, _ request: Request, _ query: LogQuery) -> LogAnswer {
        func problem(_ kind: PagerTrouble.Kind, _ what: String, _ advice: String) -> LogAnswer {
            .problem(Problem(kind: kind, what: what, advice: advice, status: 200, requestID: response.oktaRequestID))
        }
        if let (kind, what) = PageCheck.objection(to: response) {
            return problem(
                kind, what,
                kind == .notOkta
                    ? ForeignAnswer.advice
                    : "If the problem persists, check for a proxy that cuts off answers; Okta's support can find the request by its id"
            )
        }
        guard let next = LinkHeader.next(in: response.headers.values("Link")) else {
            return problem(
                .missingNext, "the answer has no next link, although Okta sends one with every page",
                "If the problem persists, check for a proxy that strips headers")
        }
        // A `next` link that equals the requested link needs no check, because the requested link has already been checked.
        if !(request.isLink && next == request.url), let objection = query.objection(to: next) {
            return problem(
                .foreignNext, "Tributary does not follow the next link of this answer: \(objection)",
                "Check for a proxy that rewrites headers. If the link leads to another host name of this org, set the integration's url to that name"
            )
        }
        if next == request.url, !PageCheck.isEmptyArray(response.body) {
            return problem(
                .nextStandsStill, "the page has events, but its next link leads to the same page",
                "If the problem persists, Okta's support can find the request by its id")
        }
        return .page(next: next)
    }

    private static func failed(_ error: TransportError) -> Problem {
        let (kind, pace): (PagerTrouble.Kind, Refusal.Pace) =
            switch error.kind {
            case .cancelled, .shutDown: (.cancelled, .backoff)
            case .invalidRequest: (.invalidRequest, .probe)
            case .tooLarge: (.tooLarge, .backoff)
            case .resolve, .connect, .proxy, .tls, .timeout, .noRoom, .interrupted, .protocol: (.unreachable, .backoff)
            }
        return Problem(
            kind: kind, what: error.summary, advice: error.advice, pace: pace, isSlow: error.kind == .timeout)
    }

    /// Describes an answer of the token endpoint that contains no token. No request for the log was sent. The token endpoint has its own rate limit.
    private static func withoutToken(_ response: HTTPResponse) -> Problem {
        let isLimited = response.status == 429
        return Problem(
            kind: isLimited ? .rateLimited : .serverFailure,
            what: "there is no access token: the token endpoint answered \(response.status)",
            advice: isLimited
                ? "If the problem persists, find who else requests tokens from this org (Reports > Rate Limits)"
                : "If the problem persists, see Okta's status page",
            requestID: response.oktaRequestID)
    }

    /// Describes an answer with status 429, which is not a failure of the org.
    private static func limited(_ response: HTTPResponse) -> Problem {
        let isConcurrency = RateLimit(response.headers).isConcurrency
        let said = OktaError(body: response.body).text.map { " (\($0))" } ?? ""
        return Problem(
            kind: isConcurrency ? .concurrencyLimited : .rateLimited,
            what: (isConcurrency ? "the org got too many requests at once" : "the org's rate limit is used up") + said,
            advice: isConcurrency
                ? "If the problem persists, find who else calls this org so often (Reports > Rate Limits)"
                : "If the problem persists, lower this integration's rate_limit_share, or find who else uses the log (Reports > Rate Limits)",
            status: 429, requestID: response.oktaRequestID)
    }

    private static func refused(_ response: HTTPResponse, _ request: Request, _ query: LogQuery) -> Problem {
        let error = OktaError(body: response.body)
        let refusal = Refusal(
            response, error, isStoredCursor: request.isLink, isRepeated: request.isRepeated,
            tokenReplacement: query.tokenReplacement)
        return Problem(
            kind: refusal.kind, what: refusal.what, advice: refusal.advice, status: response.status,
            requestID: response.oktaRequestID, pace: refusal.pace,
            // Okta ends a query after 30 s and answers with this code (System Log query documentation).
            isSlow: response.status == 500 && error.code == "E0000009")
    }
}

/// One attempt that brought no page, in words for an operator.
package struct PagerTrouble: Sendable, Hashable {
    /// What a caller can tell apart.
    package enum Kind: Sendable, Hashable, CaseIterable {
        /// No answer; the transport says why.
        case unreachable
        /// The request can't be sent as configured.
        case invalidRequest
        /// 5xx, 408: Okta, or something before it, failed for now.
        case serverFailure
        /// 429 for the rate.
        case rateLimited
        /// 429 for too many requests at once.
        case concurrencyLimited
        /// 401: the credential is not accepted.
        case unauthorized
        /// 403: the credential may not read the log.
        case forbidden
        /// 404, 405, 410: not an Okta org's address.
        case wrongAddress
        /// 3xx: never followed.
        case redirected
        /// 400 on the first request: filter or start.
        case refusedQuery
        /// 400, 404 or 410 on a kept `next` link, again.
        case cursorRefused
        /// Another status.
        case refused
        /// A 200 with a web page or another content type: not Okta's answer.
        case notOkta
        /// A 200 that is no whole JSON array.
        case brokenBody
        /// A page beyond the bound on an answer's size.
        case tooLarge
        /// A 200 without a `next` link.
        case missingNext
        /// A `next` link to elsewhere.
        case foreignNext
        /// A `next` link that would bring the same events again.
        case nextStandsStill
        /// The caller could not make use of the page.
        case rejected
        /// The caller could not commit the page.
        case notCommitted
        /// The task was cancelled, or an answer came that nobody waited for.
        case cancelled
    }

    /// What happened, as a kind.
    package let kind: Kind
    /// What happened; no secret, and nothing of the query.
    package let what: String
    /// What the operator should do.
    package let advice: String
    /// By which Okta's support finds the exchange.
    package let requestID: String?
    /// Which way through the log it holds up; nil if there is only one, or for both.
    package var way: LogWay?
    /// The query by time that replaces the link.
    package var requery: LogRequery?

    init(_ problem: LogAnswer.Problem) {
        (kind, what, advice) = (problem.kind, problem.what, problem.advice)
        requestID = problem.requestID
    }
}

/// A way through the log that is queried by time instead of by Okta's link.
package struct LogRequery: Sendable, Hashable {
    package let way: LogWay
    /// From when on.
    package let since: StoredTime
    /// Events a page.
    package let limit: Int
}

extension PagerTrouble.Kind {
    /// Whether it concerns one request and not the org.
    var isOfOneWay: Bool {
        switch self {
        case .brokenBody, .tooLarge, .missingNext, .foreignNext, .nextStandsStill, .rejected, .cursorRefused,
            .refusedQuery:
            true
        default: false
        }
    }

    /// Whether it waits for a credential that a person has to put right.
    var awaitsCredential: Bool {
        switch self {
        case .unauthorized, .forbidden, .invalidRequest: true
        default: false
        }
    }
}

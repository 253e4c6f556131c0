/// Why a page could not be fetched, read or stored, described for an operator.
package struct PagerTrouble: Sendable, Hashable {
    /// The kinds of trouble that a caller can distinguish.
    package enum Kind: Sendable, Hashable, CaseIterable {
        /// No answer. The transport's error gives the reason.
        case unreachable
        /// The request can't be sent as configured.
        case invalidRequest
        /// 5xx, 204, 408 or 425: Okta, or a server in front of it, failed temporarily. Also used if a stored link is refused for the first
        /// time, or if the token endpoint answers without sending a token.
        case serverFailure
        /// 429 because of too many requests in a window.
        case rateLimited
        /// 429 because of too many simultaneous requests.
        case concurrencyLimited
        /// 401: the credential is not accepted.
        case unauthorized
        /// 403: the credential may not read the log.
        case forbidden
        /// 404, 405, 410: the address is not an Okta org's.
        case wrongAddress
        /// 3xx, which is never followed.
        case redirected
        /// 414, or 400 for a query by time: the filter or the start is wrong.
        case refusedQuery
        /// A stored `next` link was answered repeatedly with 400, 404 or 410.
        case cursorRefused
        /// An answer with a status for which there is no other kind.
        case refused
        /// A 200 with a web page, or with a content type other than JSON: not an answer from Okta.
        case notOkta
        /// A 200 that is not a complete JSON array.
        case brokenBody
        /// A page that exceeds the limit on an answer's size.
        case tooLarge
        /// A 200 without a `next` link.
        case missingNext
        /// A `next` link that does not lead to the org's log.
        case foreignNext
        /// The `next` link of a page leads to the same page, and would bring the same events again.
        case nextStandsStill
        /// The caller could not read the page.
        case rejected
        /// The caller could not store the page.
        case notCommitted
        /// The task was cancelled. Or, because of a bug, the pager was called at the wrong time.
        case cancelled
    }

    /// The kind of trouble.
    package let kind: Kind
    /// What happened, without any secret or part of the query.
    package let what: String
    /// What the operator should do.
    package let advice: String
    /// The request's id, by which Okta's support can find it.
    package let requestID: String?
    /// The affected way; nil if there is only one way, or if both ways are affected.
    package var way: LogWay?
    /// The query by time that replaces the way's link; nil if the link is not replaced.
    package var requery: LogRequery?

    init(_ problem: LogAnswer.Problem) {
        (kind, what, advice) = (problem.kind, problem.what, problem.advice)
        requestID = problem.requestID
    }
}

/// A query by time that replaces a way's link.
package struct LogRequery: Sendable, Hashable {
    package let way: LogWay
    /// Where the query starts.
    package let since: StoredTime
    /// Events per page.
    package let limit: Int
}

extension PagerTrouble.Kind {
    /// Whether this kind of trouble affects only the way whose request failed, such as a broken page. Trouble of any other kind may affect all
    /// requests to the org.
    var isOfOneWay: Bool {
        switch self {
        case .brokenBody, .tooLarge, .missingNext, .foreignNext, .nextStandsStill, .rejected, .cursorRefused,
            .refusedQuery:
            true
        default: false
        }
    }

    /// Whether a person has to correct the credential before collection can continue.
    var awaitsCredential: Bool {
        switch self {
        case .unauthorized, .forbidden, .invalidRequest: true
        default: false
        }
    }
}

/// One attempt that brought no page, in words for an operator.
package struct PagerTrouble: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a caller can tell apart.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
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
        /// 400 on a kept `next` link, again.
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
    /// The org's host.
    package let host: String
    /// What happened.
    package let what: String
    /// What Tributary does next.
    package let next: String
    /// What the operator should do.
    package let advice: String
    /// The answer's status, if there was one.
    package let status: Int?
    /// Okta's error code, if it gave one.
    package let errorCode: String?
    /// By which Okta's support finds the exchange.
    package let requestID: String?
    /// Which way through the log it holds up; nil for both.
    package var way: LogWay?
    /// The fresh query that is tried in the place of the stored one.
    package var renewal: LogRenewal?

    /// All of it in one line, without any secret.
    package var description: String {
        let id = requestID.map { " [Okta request \($0)]" } ?? ""
        return "\(host): \(what); \(next). \(advice).\(id)"
    }
}

/// A way through the log that is asked for anew, by time in the place of Okta's link.
package struct LogRenewal: Sendable, Hashable {
    package let way: LogWay
    /// From when on.
    package let since: UTCTime
    /// Events a page.
    package let limit: Int
}

/// How an org's log is being read, for status and alarms.
package struct PagerHealth: Sendable, Hashable {
    /// In one word.
    package enum State: String, Sendable, Hashable, CaseIterable {
        /// No answer yet.
        case starting
        /// Pages come, and there is more.
        case collecting
        /// The end of the log is reached; the poll interval runs.
        case caughtUp
        /// The budget is used up until the next window.
        case waitingForRateLimit
        /// No answer, or failing ones, from the org.
        case unreachable
        /// Answers that can't be used.
        case badAnswers
        /// 401.
        case unauthorized
        /// 403.
        case forbidden
        /// URL, filter, start or another setting is not right.
        case misconfigured
        /// Okta does not take the kept cursor any more.
        case cursorRefused
        /// Pages come, but can't be committed.
        case spoolTrouble
    }

    /// The state now.
    package internal(set) var state: State
    /// When it began.
    package internal(set) var since: ContinuousClock.Instant
    /// Attempts without a page since the last one; waits for the rate limit are not counted.
    package internal(set) var consecutiveFailures = 0
    /// The last trouble, until a page is committed.
    package internal(set) var trouble: PagerTrouble?
    /// Okta's id of the last answer.
    package internal(set) var lastRequestID: String?

    mutating func enter(_ state: State, at now: ContinuousClock.Instant) {
        if self.state != state { since = now }
        self.state = state
    }
}

extension PagerTrouble.Kind {
    /// The state that a trouble of this kind puts the org into; `nil` leaves it.
    var state: PagerHealth.State? {
        switch self {
        case .unreachable, .serverFailure, .redirected: .unreachable
        case .invalidRequest, .wrongAddress, .refusedQuery, .refused: .misconfigured
        case .rateLimited, .concurrencyLimited: .waitingForRateLimit
        case .unauthorized: .unauthorized
        case .forbidden: .forbidden
        case .cursorRefused: .cursorRefused
        case .notOkta, .brokenBody, .tooLarge, .missingNext, .foreignNext, .nextStandsStill, .rejected: .badAnswers
        case .notCommitted: .spoolTrouble
        case .cancelled: nil
        }
    }
}

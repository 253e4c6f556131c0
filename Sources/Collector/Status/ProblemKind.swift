import OktaAPI
import Systemd

/// What prevents events from being collected or sealed: the `kind` of a problem in `status.json`. The values are for programs and do not change;
/// `docs/status.md` explains each.
enum ProblemKind: String, Sendable, CaseIterable {
    case unreachable
    case invalidRequest = "invalid_request"
    case serverFailure = "server_failure"
    case rateLimited = "rate_limited"
    case concurrencyLimited = "concurrency_limited"
    case unauthorized
    case forbidden
    case credential
    case configuration
    case wrongAddress = "wrong_address"
    case redirected
    case notOkta = "not_okta"
    case refusedQuery = "refused_query"
    case refused
    case cursorRefused = "cursor_refused"
    case brokenBody = "broken_body"
    case tooLarge = "too_large"
    case missingNext = "missing_next"
    case foreignNext = "foreign_next"
    case nextStandsStill = "next_stands_still"
    case unreadablePage = "unreadable_page"
    case cursor
    case spool
    case spoolFull = "spool_full"

    /// The kind of an integration's problem; nil for a stop and for a page that the spool did not store, because these are not problems of the
    /// integration. The spool's own problem is reported separately.
    init?(_ kind: PagerTrouble.Kind) {
        switch kind {
        case .unreachable: self = .unreachable
        case .invalidRequest: self = .invalidRequest
        case .serverFailure: self = .serverFailure
        case .rateLimited: self = .rateLimited
        case .concurrencyLimited: self = .concurrencyLimited
        case .unauthorized: self = .unauthorized
        case .forbidden: self = .forbidden
        case .wrongAddress: self = .wrongAddress
        case .redirected: self = .redirected
        case .refusedQuery: self = .refusedQuery
        case .cursorRefused: self = .cursorRefused
        case .refused: self = .refused
        case .notOkta: self = .notOkta
        case .brokenBody: self = .brokenBody
        case .tooLarge: self = .tooLarge
        case .missingNext: self = .missingNext
        case .foreignNext: self = .foreignNext
        case .nextStandsStill: self = .nextStandsStill
        case .rejected: self = .unreadablePage
        case .notCommitted, .cancelled: return nil
        }
    }

    /// What the integration does while it has the problem. A rate limit ends without help and is not a failure.
    var state: StatusReport.State {
        switch self {
        case .rateLimited, .concurrencyLimited: .rateLimited
        case .spool, .spoolFull: .paused
        default: .failing
        }
    }

    /// The id of the log messages about the problem.
    var messageID: MessageID {
        switch self {
        case .rateLimited, .concurrencyLimited: .rateLimited
        case .unauthorized, .forbidden, .credential: .credentialRefused
        case .unreachable: .oktaUnreachable
        case .notOkta, .brokenBody, .tooLarge, .unreadablePage: .pageUnreadable
        case .cursorRefused: .cursorRefused
        case .cursor, .spool: .spoolError
        case .spoolFull: .spoolFull
        case .configuration: .configurationRefused
        default: .oktaError
        }
    }
}

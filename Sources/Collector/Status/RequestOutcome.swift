import OktaAPI

/// What came of a request for the log, as `requests_by_outcome` of `status.json` and the metrics count it.
enum RequestOutcome: Sendable {
    /// 200.
    case answered
    /// 429: of a rate limit, or too many requests at once.
    case rateLimited
    /// Another status.
    case refused
    /// No answer: the name, the network, the proxy, TLS or a time-out.
    case unanswered

    init(_ result: Result<HTTPResponse, TransportError>) {
        switch result {
        case .success(let response):
            self = response.status == 200 ? .answered : response.status == 429 ? .rateLimited : .refused
        case .failure: self = .unanswered
        }
    }
}

import CurlHTTPClient

/// The result of a request for the log, as counted in `requests_by_outcome` of `status.json` and in the metrics.
enum RequestOutcome: Sendable {
    /// An answer with status 200.
    case answered
    /// An answer with status 429, because of a rate limit or too many simultaneous requests.
    case rateLimited
    /// An answer with another status.
    case refused
    /// No answer, because of a problem with the name, the network, the proxy, TLS or a time-out.
    case unanswered

    init(_ result: Result<HTTPResponse, TransportError>) {
        switch result {
        case .success(let response):
            self = response.status == 200 ? .answered : response.status == 429 ? .rateLimited : .refused
        case .failure: self = .unanswered
        }
    }
}

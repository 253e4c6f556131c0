import CurlHTTPClient

extension HTTPResponse {
    /// The id by which Okta's support finds this exchange, if it has the form of one.
    package var oktaRequestID: String? {
        guard let id = headers.first("X-Okta-Request-Id"), !id.isEmpty, id.utf8.count <= 128,
            id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return id
    }
}

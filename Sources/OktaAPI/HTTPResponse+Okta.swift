import CurlHTTPClient

extension HTTPResponse {
    /// Okta's id of the request, by which Okta's support can find it; nil if the header is missing or not a valid id.
    package var oktaRequestID: String? {
        guard let id = headers.first("X-Okta-Request-Id"), !id.isEmpty, id.utf8.count <= 128,
            id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return id
    }
}

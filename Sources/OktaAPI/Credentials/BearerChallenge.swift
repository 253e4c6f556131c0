import CurlHTTPClient

/// Reads the error that a server reports for an access token. The error is in `WWW-Authenticate` (RFC 6750, 3; RFC 9449, 7.1), or in the body like
/// Okta's other errors.
enum BearerChallenge {
    /// The error code of OAuth or Okta, such as `invalid_token`; nil if there is none, or if the status is not 400, 401 or 403.
    static func code(in response: HTTPResponse) -> String? {
        guard [400, 401, 403].contains(response.status) else { return nil }
        for challenge in response.headers.values("WWW-Authenticate") {
            let scheme = challenge.prefix { $0 != " " }.lowercased()
            guard scheme == "dpop" || scheme == "bearer", let start = challenge.firstRange(of: "error=\"") else {
                continue
            }
            let code = challenge[start.upperBound...].prefix { $0 != "\"" }
            if !code.isEmpty, code.utf8.count <= 64, code.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
                return String(code)
            }
        }
        return OktaError(body: response.body).code
    }
}

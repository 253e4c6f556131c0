/// The org refuses to issue an access token to a service app: what it said, and what to do.
package struct TokenRefusal: Sendable, Hashable, CustomStringConvertible {
    /// The host name of the org.
    package let host: String
    /// The app's client ID, which is not secret.
    package let clientID: String
    /// The requested scopes.
    package let scope: String
    /// The answer's status.
    package let status: Int
    /// OAuth's error code, such as `invalid_client`; nil if the answer contains none.
    package let code: String?
    /// Okta's text about the error, in one line.
    package let said: String?

    /// What happened, and what to do; one line.
    package var description: String {
        let words = said ?? "status \(status)"
        return "\(host) gives no access token to the service app \(clientID) (\(words)): \(advice)"
    }

    private var advice: String {
        switch code {
        case "invalid_client":
            """
            check client_id and key_id, that the app is active, and that the public key registered with it (Applications > the app > \
            Client Credentials) belongs to the configured private key
            """
        case "invalid_scope":
            "grant \(scope) to the app (Applications > the app > Okta API Scopes)"
        case "unauthorized_client", "unsupported_grant_type":
            "use an app of the type API Services, with the grant type Client Credentials"
        case "access_denied", "insufficient_scope":
            "check the app's network zone, that \(scope) is granted to the app, and that the app has an admin role"
        case "invalid_dpop_proof", "use_dpop_nonce":
            "check whether a proxy changes headers or the host name, and check this machine's clock"
        default:
            "check client_id, key_id, the app's public key and scopes, and check for a proxy that changes traffic"
        }
    }
}

/// The org's refusal to give a service app an access token: what it said, and what to do.
package struct TokenRefusal: Sendable, Hashable, CustomStringConvertible {
    /// The org.
    package let host: String
    /// The app's client ID; no secret.
    package let clientID: String
    /// What was asked for.
    package let scope: String
    /// The answer's status.
    package let status: Int
    /// OAuth's word, such as `invalid_client`; nil when the answer holds none.
    package let code: String?
    /// Okta's own words with the code, one line.
    package let said: String?

    /// What, and what to do; one line.
    package var description: String {
        let words = said ?? "status \(status)"
        return "\(host) gives no access token to the service app \(clientID) (\(words)): \(advice)"
    }

    private var advice: String {
        switch code {
        case "invalid_client":
            """
            check client_id and key_id, that the app is active, and that the public key registered with it (Applications > the app > \
            Client Credentials) belongs to the private key here
            """
        case "invalid_scope":
            "grant \(scope) to the app (Applications > the app > Okta API Scopes)"
        case "unauthorized_client", "unsupported_grant_type":
            "the app must be of the type API Services, with the grant type Client Credentials"
        case "access_denied", "insufficient_scope":
            "check the app's network zone, that \(scope) is granted, and that an admin role is assigned to it"
        case "invalid_dpop_proof", "use_dpop_nonce":
            "check for a proxy that changes headers or the host name, and this machine's clock"
        default:
            "check client_id, key_id, the app's public key and scopes, and for a proxy on the way"
        }
    }
}

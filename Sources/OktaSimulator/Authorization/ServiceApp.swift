/// An OAuth 2.0 service app that is registered with the simulated org.
public struct ServiceApp: Sendable {
    /// The app's client ID.
    public var clientID: String
    /// Its public keys: a JWK, or a JWKS, as JSON.
    public var publicKeys: [String]
    /// Okta scopes that are granted to it.
    public var scopes: [String] = ["okta.logs.read"]
    /// The rights of its admin roles; without any, requests get 403 E0000006 in spite of the scopes.
    public var rights = AdminRights(roles: [.superAdmin])
    /// Whether its access tokens are bound to a key: Okta's default for new apps.
    public var requiresDPoP = true
    /// How long an access token is valid, in seconds; an hour as in Okta.
    public var tokenSeconds = 3600

    /// An app with the defaults above.
    public init(clientID: String, publicKeys: [String]) {
        self.clientID = clientID
        self.publicKeys = publicKeys
    }
}

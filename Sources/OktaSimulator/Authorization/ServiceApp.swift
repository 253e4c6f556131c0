/// An OAuth 2.0 service app that is registered with the simulated org.
public struct ServiceApp: Sendable {
    /// The app's client ID.
    public var clientID: String
    /// The app's public keys. Each text is JSON: a JWK or a JWKS.
    public var publicKeys: [String]
    /// Okta scopes that are granted to the app.
    public var scopes: [String] = ["okta.logs.read"]
    /// The rights of the app's admin roles. If the app has no admin role, its requests get 403 E0000006, even if the scopes are granted.
    public var rights = AdminRights(roles: [.superAdmin])
    /// Whether the app's access tokens are bound to a key (DPoP). Okta binds them by default for new apps.
    public var requiresDPoP = true
    /// How long an access token is valid, in seconds; an hour as in Okta.
    public var tokenSeconds = 3600

    /// Creates an app with the defaults above.
    public init(clientID: String, publicKeys: [String]) {
        self.clientID = clientID
        self.publicKeys = publicKeys
    }
}

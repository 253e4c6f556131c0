import CurlHTTPClient

/// The scopes that response actions need of a service app. `manage` includes `read` (Okta OAuth 2.0 scopes).
package enum OktaScope: String, Sendable, CaseIterable {
    case usersRead = "okta.users.read"
    /// Lifecycle, passwords, factors and sessions of users.
    case usersManage = "okta.users.manage"
    case groupsManage = "okta.groups.manage"
    case rolesRead = "okta.roles.read"
    case userRiskManage = "okta.userRisk.manage"
    case universalLogoutManage = "okta.universalLogout.manage"
}

/// The credential that acts at an org. A service app has an access token for each scope: Okta gives none at all when a scope is asked for that
/// is not granted, so one that is missing must not take the others with it.
package struct ScopedCredential: Sendable {
    private let apiToken: (any Credential)?
    private let app: [OktaScope: OAuthCredential]

    /// An API token, which has the rights of its owner.
    package init(apiToken: any Credential) {
        self.apiToken = apiToken
        app = [:]
    }

    /// A service app. Asks nothing yet.
    ///
    /// - Parameter keyPath: the file that holds the private key.
    package init(clientID: String, keyID: String?, org: OrgURL, keyPath: String, transport: any HTTPTransport) {
        apiToken = nil
        let pairs = OktaScope.allCases.map { scope in
            let credential = OAuthCredential(
                .init(clientID: clientID, keyID: keyID, scopes: [scope.rawValue]), org: org, keyPath: keyPath,
                transport: transport)
            return (scope, credential)
        }
        app = Dictionary(pairs) { first, _ in first }
    }

    /// Whether it is a service app: it has scopes, and no owner.
    package var isServiceApp: Bool { apiToken == nil }

    /// Tells one secret on disk from another; nil without a file.
    package var version: SecretVersion? { (apiToken ?? app[.usersManage])?.version }

    func credential(for scope: OktaScope) -> (any Credential)? { apiToken ?? app[scope] }
}

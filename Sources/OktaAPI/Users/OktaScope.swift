import CurlHTTPClient

/// The scopes that a service app needs for response actions. `manage` includes `read` (Okta OAuth 2.0 scopes).
package enum OktaScope: String, Sendable, CaseIterable {
    case usersRead = "okta.users.read"
    /// Lifecycle, passwords, factors and sessions of users.
    case usersManage = "okta.users.manage"
    case groupsManage = "okta.groups.manage"
    case rolesRead = "okta.roles.read"
    case userRiskManage = "okta.userRisk.manage"
    case universalLogoutManage = "okta.universalLogout.manage"
}

/// The credential for response actions at an org. If a token is requested for several scopes and one of them is not granted, Okta issues no token. So
/// a service app gets a separate access token for each scope, and a missing scope does not prevent the use of other scopes.
package struct ScopedCredential: Sendable {
    private let apiToken: (any Credential)?
    private let app: [OktaScope: OAuthCredential]

    /// An API token, which has the rights of its owner.
    package init(apiToken: any Credential) {
        self.apiToken = apiToken
        app = [:]
    }

    /// The credential of a service app. Creating it sends no request.
    ///
    /// - Parameter keyPath: the file with the private key.
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

    /// Whether the credential is a service app, which has scopes and no owner.
    package var isServiceApp: Bool { apiToken == nil }

    /// Identifies the present version of the secret on disk; nil if there is no file.
    package var version: SecretVersion? { (apiToken ?? app[.usersManage])?.version }

    func credential(for scope: OktaScope) -> (any Credential)? { apiToken ?? app[scope] }
}

import CurlHTTPClient
import FoundationEssentials

/// A bucket of Okta's rate limits (Okta rate limit documentation). Calls that share a bucket are paced together, according to the rate limit in their
/// answers.
package enum OktaEndpoint: String, Sendable, CaseIterable {
    /// Calls that return lists of users.
    case users
    /// Calls about one user.
    case user
    /// Calls about one group and its members.
    case group
    /// Most other calls under `/api/v1`: lifecycle, sessions, roles.
    case others
    case globalTokenRevocation
}

/// One call of Okta's Users, Groups and Roles APIs. Users and groups are identified by their ids.
package struct OktaCall: Sendable {
    let method: HTTPMethod
    /// The path with the query, percent-encoded.
    let path: String
    let body: [UInt8]?
    let endpoint: OktaEndpoint
    /// The scopes of a service app that allow the call. One of them is enough.
    package let scopes: [OktaScope]
    /// Whether the call changes something. If so, it is not repeated after a lost connection, because the org might receive it twice.
    var isSentOnce: Bool { method != .get }
    /// The maximum size of the answer, in bytes.
    let bodyLimit: Int

    private init(
        _ method: HTTPMethod, _ path: String, _ endpoint: OktaEndpoint, _ scopes: [OktaScope],
        body: [UInt8]? = nil, bodyLimit: Int = 1 << 20
    ) {
        self.method = method
        self.path = path
        self.endpoint = endpoint
        self.scopes = scopes
        self.body = body
        self.bodyLimit = bodyLimit
    }

    // MARK: Reading

    private static let readers: [OktaScope] = [.usersManage, .usersRead]

    /// The number of users to show if several match. A search requests one more user, to find out whether there are more.
    package static let searchLimit = 20

    static func user(_ id: String) -> OktaCall {
        OktaCall(.get, "/api/v1/users/\(id.percentEncoded)", .user, readers)
    }

    /// Finds users by a SCIM filter, which may only compare `profile.login` and `profile.email` with `eq`. Unlike a query with `q`, a filter also
    /// finds deactivated users.
    static func users(filter expression: String) -> OktaCall {
        OktaCall(
            .get, "/api/v1/users?filter=\(expression.percentEncoded)&limit=\(searchLimit + 1)", .users, readers,
            bodyLimit: 4 << 20)
    }

    /// Finds users by a search expression, without regard to case. Okta searches an index, which is updated with a short delay.
    static func users(search expression: String) -> OktaCall {
        OktaCall(
            .get, "/api/v1/users?search=\(expression.percentEncoded)&limit=\(searchLimit + 1)", .users, readers,
            bodyLimit: 4 << 20)
    }

    static let me = OktaCall(.get, "/api/v1/users/me", .user, readers)

    static func roles(_ user: String) -> OktaCall {
        OktaCall(.get, "/api/v1/users/\(user.percentEncoded)/roles", .others, [.rolesRead])
    }

    static func blocks(_ user: String) -> OktaCall {
        OktaCall(.get, "/api/v1/users/\(user.percentEncoded)/blocks", .others, readers)
    }

    static func groups(of user: String) -> OktaCall {
        OktaCall(.get, "/api/v1/users/\(user.percentEncoded)/groups", .others, [.groupsManage], bodyLimit: 4 << 20)
    }

    static func risk(_ user: String) -> OktaCall {
        OktaCall(.get, "/api/v1/users/\(user.percentEncoded)/risk", .others, [.userRiskManage])
    }

    static func group(_ id: String) -> OktaCall {
        OktaCall(.get, "/api/v1/groups/\(id.percentEncoded)", .group, [.groupsManage])
    }

    /// Finds groups whose names begin with a text.
    static func groups(beginningWith name: String) -> OktaCall {
        OktaCall(
            .get, "/api/v1/groups?q=\(name.percentEncoded)&limit=200", .others, [.groupsManage], bodyLimit: 4 << 20)
    }

    // MARK: Acting

    private static func lifecycle(_ user: String, _ verb: String, query: String = "") -> OktaCall {
        OktaCall(
            .post, "/api/v1/users/\(user.percentEncoded)/lifecycle/\(verb)\(query)", .others, [.usersManage])
    }

    /// Suspends a user, who must be active.
    package static func suspend(_ user: String) -> OktaCall { lifecycle(user, "suspend") }

    /// Ends the suspension of a user, who must be suspended.
    package static func unsuspend(_ user: String) -> OktaCall { lifecycle(user, "unsuspend") }

    package static func unlock(_ user: String) -> OktaCall { lifecycle(user, "unlock") }

    /// Deactivates a user and removes the user's applications. Activating the user again does not restore the applications.
    package static func deactivate(_ user: String, sendEmail: Bool) -> OktaCall {
        lifecycle(user, "deactivate", query: "?sendEmail=\(sendEmail)")
    }

    /// Activates a user. If Okta sends no e-mail, the answer contains a link for the user.
    package static func activate(_ user: String, sendEmail: Bool) -> OktaCall {
        lifecycle(user, "activate", query: "?sendEmail=\(sendEmail)")
    }

    package static func resetFactors(_ user: String) -> OktaCall { lifecycle(user, "reset_factors") }

    package static func expirePassword(_ user: String) -> OktaCall { lifecycle(user, "expire_password") }

    /// Resets a user's password. If Okta sends no e-mail, the answer contains a link for the user.
    package static func resetPassword(_ user: String, sendEmail: Bool) -> OktaCall {
        lifecycle(user, "reset_password", query: "?sendEmail=\(sendEmail)")
    }

    /// Ends a user's sessions. Both parameters are always sent, because Classic Engine and Identity Engine have different defaults for
    /// `forgetDevices`.
    package static func clearSessions(_ user: String, oauthTokens: Bool, forgetDevices: Bool) -> OktaCall {
        OktaCall(
            .delete,
            "/api/v1/users/\(user.percentEncoded)/sessions?oauthTokens=\(oauthTokens)&forgetDevices=\(forgetDevices)",
            .others, [.usersManage])
    }

    package static func addToGroup(_ user: String, group: String) -> OktaCall {
        OktaCall(
            .put, "/api/v1/groups/\(group.percentEncoded)/users/\(user.percentEncoded)", .group,
            [.groupsManage])
    }

    package static func removeFromGroup(_ user: String, group: String) -> OktaCall {
        OktaCall(
            .delete, "/api/v1/groups/\(group.percentEncoded)/users/\(user.percentEncoded)", .group,
            [.groupsManage])
    }

    /// Sets a user's risk.
    ///
    /// - Parameter level: `HIGH` or `LOW`.
    package static func setRisk(_ user: String, level: String, reason: String) -> OktaCall {
        OktaCall(
            .put, "/api/v1/users/\(user.percentEncoded)/risk", .others, [.userRiskManage],
            body: json(["riskLevel": level, "riskReason": reason]))
    }

    /// Ends a user's sessions and tokens, including API tokens, and tells applications to end their sessions.
    package static func universalLogout(_ user: String) -> OktaCall {
        OktaCall(
            .post, "/oauth2/v1/global-token-revocation", .globalTokenRevocation, [.universalLogoutManage],
            body: json(["sub_id": ["format": "opaque", "id": user]]))
    }

    private static func json(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // The value contains only texts, which can always be encoded.
        return (try? encoder.encode(value)).map(Array.init) ?? Array("{}".utf8)
    }
}

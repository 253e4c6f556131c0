import CurlHTTPClient
import FoundationEssentials

/// A bucket of Okta's rate limits (Okta rate limit documentation): the calls that share one are paced together, by what their answers say.
package enum OktaEndpoint: String, Sendable, CaseIterable {
    /// Lists of users.
    case users
    /// One user.
    case user
    /// One group and its members.
    case group
    /// Most others under `/api/v1`: lifecycle, sessions, roles.
    case others
    case globalTokenRevocation
}

/// One call of Okta's Users, Groups and Roles APIs. Users and groups are named by id.
package struct OktaCall: Sendable {
    let method: HTTPMethod
    /// With the query, escaped.
    let path: String
    let body: [UInt8]?
    let endpoint: OktaEndpoint
    /// Of a service app: any of these will do.
    package let scopes: [OktaScope]
    /// Whether it changes something: the org must not get it twice because of a connection that broke.
    var isSentOnce: Bool { method != .get }
    /// Largest answer, in bytes.
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

    /// The most users that a search brings.
    package static let searchLimit = 20

    static func user(_ id: String) -> OktaCall {
        OktaCall(.get, "/api/v1/users/\(id.percentEncoded)", .user, readers)
    }

    /// `expression` of SCIM: only `eq`, on `profile.login` and `profile.email`. Finds deactivated users too, which `q` does not.
    static func users(filter expression: String) -> OktaCall {
        OktaCall(
            .get, "/api/v1/users?filter=\(expression.percentEncoded)&limit=\(searchLimit + 1)", .users, readers,
            bodyLimit: 4 << 20)
    }

    /// The same without regard to case. Okta answers from an index that is updated a little later.
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

    /// Groups whose names begin with a text.
    static func groups(beginningWith name: String) -> OktaCall {
        OktaCall(
            .get, "/api/v1/groups?q=\(name.percentEncoded)&limit=200", .others, [.groupsManage], bodyLimit: 4 << 20)
    }

    // MARK: Acting

    private static func lifecycle(_ user: String, _ verb: String, query: String = "") -> OktaCall {
        OktaCall(
            .post, "/api/v1/users/\(user.percentEncoded)/lifecycle/\(verb)\(query)", .others, [.usersManage])
    }

    /// Works on active users only.
    package static func suspend(_ user: String) -> OktaCall { lifecycle(user, "suspend") }

    /// Works on suspended users only.
    package static func unsuspend(_ user: String) -> OktaCall { lifecycle(user, "unsuspend") }

    package static func unlock(_ user: String) -> OktaCall { lifecycle(user, "unlock") }

    /// Takes the user's applications away; not undone by activating again.
    package static func deactivate(_ user: String, sendEmail: Bool) -> OktaCall {
        lifecycle(user, "deactivate", query: "?sendEmail=\(sendEmail)")
    }

    /// Without an e-mail, the answer holds a link.
    package static func activate(_ user: String, sendEmail: Bool) -> OktaCall {
        lifecycle(user, "activate", query: "?sendEmail=\(sendEmail)")
    }

    package static func resetFactors(_ user: String) -> OktaCall { lifecycle(user, "reset_factors") }

    package static func expirePassword(_ user: String) -> OktaCall { lifecycle(user, "expire_password") }

    /// Without an e-mail, the answer holds a link.
    package static func resetPassword(_ user: String, sendEmail: Bool) -> OktaCall {
        lifecycle(user, "reset_password", query: "?sendEmail=\(sendEmail)")
    }

    /// Both parameters are always sent, since Classic Engine and Identity Engine have different defaults for `forgetDevices`.
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

    /// - Parameter level: `HIGH` or `LOW`.
    package static func setRisk(_ user: String, level: String, reason: String) -> OktaCall {
        OktaCall(
            .put, "/api/v1/users/\(user.percentEncoded)/risk", .others, [.userRiskManage],
            body: json(["riskLevel": level, "riskReason": reason]))
    }

    /// Ends sessions and tokens, API tokens included, and has applications end theirs.
    package static func universalLogout(_ user: String) -> OktaCall {
        OktaCall(
            .post, "/oauth2/v1/global-token-revocation", .globalTokenRevocation, [.universalLogoutManage],
            body: json(["sub_id": ["format": "opaque", "id": user]]))
    }

    private static func json(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts alone: nothing in them can fail to be encoded.
        return (try? encoder.encode(value)).map(Array.init) ?? Array("{}".utf8)
    }
}

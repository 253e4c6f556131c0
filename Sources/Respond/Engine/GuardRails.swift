import CurlHTTPClient
import OktaAPI
import ResponseLog

/// Who must not be acted on.
struct GuardRails: Sendable {
    /// Why not.
    struct Refusal: Sendable, Equatable {
        let code: ResponseCode
        let message: String
    }

    /// Whose credential acts at an org, as it was found out last.
    struct Owner: Sendable {
        /// Of the secret on disk: another one may be somebody else's.
        var version: SecretVersion?
        var user: OktaUser
    }

    /// Lower case: logins, e-mail addresses and ids.
    private let protected: Set<String>

    init(protected: [String]) { self.protected = Set(protected.map { $0.lowercased() }) }

    /// Nil unless a name is on the list of protected users.
    func protection(_ names: [String?]) -> Refusal? {
        guard let name = names.compactMap({ $0?.lowercased() }).first(where: protected.contains) else { return nil }
        return Refusal(
            code: .protectedUser,
            message:
                "\(name) is on the list of protected users (response.protected_users), which nothing overrides. Tributary did nothing; "
                + "if this user has to be acted on, do it in Okta's Admin Console")
    }

    /// Nil unless the list protects this user.
    func protection(of user: OktaUser, asked: String) -> Refusal? {
        protection([asked, user.login, user.email, user.id])
    }

    /// Nil unless the user owns the API token that acts.
    static func ownership(of user: OktaUser, owner: OktaUser) -> Refusal? {
        guard user.id == owner.id else { return nil }
        return Refusal(
            code: .credentialOwner,
            message:
                "\(user.shown) owns the API token that acts: the action could take Tributary's own access away. Tributary did nothing; "
                + "--force does it")
    }

    /// Nil unless the user has an administrator role.
    static func administration(of user: OktaUser, roles: [OktaRole]) -> Refusal? {
        guard !roles.isEmpty else { return nil }
        let labels = roles.prefix(5).map(\.label).joined(separator: ", ")
        return Refusal(
            code: .administrator,
            message: "\(user.shown) is an administrator (\(labels)). Tributary did nothing; --force does it")
    }

    /// The credential may not ask.
    static func unknown(_ what: String, of user: OktaUser, _ error: OktaCallError, _ remedy: String) -> Refusal {
        Refusal(
            code: .rolesUnknown,
            message:
                "The credential may not ask \(what): \(error). So \(user.shown) may be someone who must not be acted on by mistake. "
                + "Tributary did nothing; --force does it. \(remedy)")
    }
}

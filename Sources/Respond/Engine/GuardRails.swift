import CurlHTTPClient
import OktaAPI
import ResponseLog

/// Decides which users must not be acted on.
struct GuardRails: Sendable {
    /// Why a user must not be acted on.
    struct Refusal: Sendable, Equatable {
        let code: ResponseCode
        let message: String
    }

    /// The owner of the API token with which Tributary acts at an org, as last read from Okta.
    struct Owner: Sendable {
        /// The version of the secret's file. If the file changes, the owner is read again, because a new token may have another owner.
        var version: SecretVersion?
        var user: OktaUser
    }

    /// The protected users' logins, e-mail addresses and ids, in lower case.
    private let protected: Set<String>

    init(protected: [String]) { self.protected = Set(protected.map { $0.lowercased() }) }

    /// A refusal if one of the names is on the list of protected users.
    func protection(_ names: [String?]) -> Refusal? {
        guard let name = names.compactMap({ $0?.lowercased() }).first(where: protected.contains) else { return nil }
        return Refusal(
            code: .protectedUser,
            message:
                "\(name) is on the list of protected users (response.protected_users), which can't be overridden. Tributary did nothing; "
                + "if the action is necessary, do it in Okta's Admin Console")
    }

    /// A refusal if the list protects this user.
    func protection(of user: OktaUser, asked: String) -> Refusal? {
        protection([asked, user.login, user.email, user.id])
    }

    /// A refusal if the user owns the API token with which Tributary acts.
    static func ownership(of user: OktaUser, owner: OktaUser) -> Refusal? {
        guard user.id == owner.id else { return nil }
        return Refusal(
            code: .credentialOwner,
            message:
                "\(user.shown) owns the API token that Tributary uses, so the action could remove Tributary's own access. Tributary did nothing; "
                + "use --force to do it anyway")
    }

    /// A refusal if the user has an administrator role.
    static func administration(of user: OktaUser, roles: [OktaRole]) -> Refusal? {
        guard !roles.isEmpty else { return nil }
        let labels = roles.prefix(5).map(\.label).joined(separator: ", ")
        return Refusal(
            code: .administrator,
            message: "\(user.shown) is an administrator (\(labels)). Tributary did nothing; use --force to do it anyway"
        )
    }

    /// The refusal if the credential is not allowed to read what a guard rail needs.
    ///
    /// - Parameter what: a question about the user, such as “whether the user is an administrator”.
    static func unknown(_ what: String, of user: OktaUser, _ error: OktaCallError, _ remedy: String) -> Refusal {
        Refusal(
            code: .rolesUnknown,
            message:
                "The credential is not allowed to find out \(what): \(error). Tributary did nothing to \(user.shown); "
                + "use --force to act anyway. \(remedy)")
    }
}

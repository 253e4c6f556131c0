import OktaAPI
import ResponseLog

/// One call to Okta that acts on one user: a whole action, or a part of `contain` or `release`.
struct ResponseStep: Sendable, Equatable {
    var action: ResponseAction
    /// All options of the action, with defaults filled in. Once the group has been found, they contain its id and name.
    var options: ResponseOptions

    /// The steps of a request, in order.
    static func steps(of request: ResponseRequest) -> [ResponseStep] {
        switch request.action {
        case .contain:
            var sessions = ResponseOptions()
            sessions.oauthTokens = true
            sessions.forgetDevices = true
            return [
                ResponseStep(action: .suspend, options: ResponseOptions()),
                ResponseStep(action: .clearSessions, options: sessions),
            ]
        case .release: return [ResponseStep(action: .unsuspend, options: ResponseOptions())]
        default: return [ResponseStep(action: request.action, options: options(of: request))]
        }
    }

    private static func options(of request: ResponseRequest) -> ResponseOptions {
        let given = request.options
        var options = ResponseOptions()
        switch request.action {
        case .clearSessions:
            options.oauthTokens = given.oauthTokens ?? false
            options.forgetDevices = given.forgetDevices ?? true
        case .addToGroup, .removeFromGroup:
            options.groupID = given.groupID
            options.groupName = given.groupName
            options.groupAsked = given.groupID ?? given.groupName
        case .setRisk: options.riskLevel = given.riskLevel?.uppercased()
        case .activate, .resetPassword: options.sendEmail = given.sendEmail ?? true
        case .deactivate: options.sendEmail = given.sendEmail ?? false
        default: break
        }
        return options
    }

    /// The risk levels that can be set. Okta has other levels, which can only be read (User Risk API).
    static let riskLevels = ["HIGH", "LOW"]

    /// The call for this step. Nil if the action consists of several steps, or if the required group id or risk level is missing.
    func call(on user: String, reason: String) -> OktaCall? {
        switch action {
        case .suspend: .suspend(user)
        case .unsuspend: .unsuspend(user)
        case .clearSessions:
            .clearSessions(
                user, oauthTokens: options.oauthTokens ?? false, forgetDevices: options.forgetDevices ?? true)
        case .expirePassword: .expirePassword(user)
        case .resetPassword: .resetPassword(user, sendEmail: options.sendEmail ?? true)
        case .resetFactors: .resetFactors(user)
        case .unlock: .unlock(user)
        case .deactivate: .deactivate(user, sendEmail: options.sendEmail ?? false)
        case .activate: .activate(user, sendEmail: options.sendEmail ?? true)
        case .addToGroup: options.groupID.map { .addToGroup(user, group: $0) }
        case .removeFromGroup: options.groupID.map { .removeFromGroup(user, group: $0) }
        case .setRisk: options.riskLevel.map { .setRisk(user, level: $0, reason: reason) }
        case .universalLogout: .universalLogout(user)
        case .contain, .release: nil
        }
    }

    /// Whether doing the step a second time has no further effect on the user.
    var isHarmlessToRepeat: Bool {
        switch action {
        case .resetPassword, .expirePassword, .activate, .deactivate: false
        case .suspend, .unsuspend, .clearSessions, .resetFactors, .unlock, .addToGroup, .removeFromGroup, .setRisk,
            .universalLogout, .contain, .release:
            true
        }
    }

    /// Whether a user's status shows that the step is done; nil if the status can't show it.
    func isDone(for user: OktaUser) -> Bool? {
        switch action {
        case .suspend: user.status == "SUSPENDED"
        case .unsuspend: user.status != "SUSPENDED"
        case .unlock: user.status != "LOCKED_OUT"
        case .deactivate: user.status == "DEPROVISIONED" || user.transitioningToStatus == "DEPROVISIONED"
        case .activate:
            ["ACTIVE", "PROVISIONED"].contains(user.status)
                || ["ACTIVE", "PROVISIONED"].contains(user.transitioningToStatus)
        case .expirePassword: user.status == "PASSWORD_EXPIRED"
        case .resetPassword: user.status == "RECOVERY"
        case .clearSessions, .resetFactors, .addToGroup, .removeFromGroup, .setRisk, .universalLogout, .contain,
            .release:
            nil
        }
    }

    /// Whether the user's state shows that the step was undone; false if the state can't show that. If the user has chosen a new password after a
    /// reset, this does not count as undone.
    func isUndone(_ user: OktaUser, _ facts: StepFacts) -> Bool {
        switch action {
        case .suspend: !["SUSPENDED", "DEPROVISIONED"].contains(user.status) && isDone(for: user) == false
        case .unsuspend, .unlock, .deactivate: isDone(for: user) == false
        case .activate: ["DEPROVISIONED", "STAGED"].contains(user.status) && isDone(for: user) == false
        case .addToGroup: facts.isMember == false
        case .removeFromGroup: facts.isMember == true
        case .setRisk: facts.riskLevel.map { $0 != options.riskLevel } ?? false
        case .clearSessions, .expirePassword, .resetPassword, .resetFactors, .universalLogout, .contain, .release: false
        }
    }

    // MARK: Words

    /// Describes the step: `suspend mallory@acme.example`.
    func words(for who: String) -> String {
        switch action {
        case .suspend, .contain: "suspend \(who)"
        case .unsuspend, .release: "unsuspend \(who)"
        case .clearSessions: "end the sessions of \(who)\(sessionWords)"
        case .expirePassword: "expire the password of \(who)"
        case .resetPassword: "reset the password of \(who)"
        case .resetFactors: "reset the factors of \(who)"
        case .unlock: "unlock \(who)"
        case .deactivate: "deactivate \(who)"
        case .activate: "activate \(who)"
        case .addToGroup: "add \(who) to the group \(group)"
        case .removeFromGroup: "remove \(who) from the group \(group)"
        case .setRisk: "set the risk of \(who) to \(options.riskLevel ?? "?")"
        case .universalLogout: "end all sessions of \(who)"
        }
    }

    /// Describes the state after the step.
    func doneWords(for who: String) -> String {
        switch action {
        case .suspend, .contain: "\(who) is suspended"
        case .unsuspend, .release: "\(who) is not suspended any more"
        case .clearSessions: "the sessions of \(who) are ended\(sessionWords)"
        case .expirePassword: "the password of \(who) is expired: the user must choose a new one at the next sign-in"
        case .resetPassword:
            "the password of \(who) is reset: before the next sign-in, the user must choose a new one with "
                + (options.sendEmail == false
                    ? "the link that is shown only once" : "the link that Okta has sent by e-mail")
        case .resetFactors: "all factors of \(who) are reset: the user must enroll again"
        case .unlock: "\(who) is unlocked"
        case .deactivate: "\(who) is deactivated"
        case .activate: "\(who) is activated"
        case .addToGroup: "\(who) is in the group \(group)"
        case .removeFromGroup: "\(who) is not in the group \(group)"
        case .setRisk: "the risk of \(who) is \(options.riskLevel ?? "?")"
        case .universalLogout: "Okta ends the sessions and tokens of \(who), and asks applications to end theirs"
        }
    }

    private var group: String {
        let name = options.groupName.map { "“\($0)”" }
        return [name, options.groupID].compactMap(\.self).joined(separator: " ")
    }

    private var sessionWords: String {
        var words: [String] = []
        if options.oauthTokens == true { words.append("OAuth tokens revoked") }
        if options.forgetDevices == true { words.append("remembered devices forgotten") }
        return words.isEmpty ? "" : " (\(words.joined(separator: ", ")))"
    }
}

extension OktaUser {
    /// The user's name in messages.
    var shown: String { login ?? email ?? id }

    func responseUser(asked: String) -> ResponseUser {
        ResponseUser(asked: asked, id: id, login: login, email: email, name: name)
    }
}

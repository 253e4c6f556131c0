/// In which statuses a lifecycle call is allowed, and which status results. The source is Okta's Users API. Rules that Okta does not document are
/// marked.
struct LifecycleRule {
    enum Outcome: Equatable {
        /// The status does not change.
        case stays
        case now(UserStatus)
        /// Okta answers first and changes the status a moment later.
        case later(UserStatus)
    }

    let call: ManagementCall

    /// Nil if the call is not a lifecycle call.
    init?(call: ManagementCall) {
        switch call {
        case .suspend, .unsuspend, .deactivate, .activate, .reactivate, .unlock, .expirePassword,
            .expirePasswordWithTemporary, .resetPassword, .resetFactors:
            self.call = call
        default: return nil
        }
    }

    /// The outcome of the call; nil if the user's status does not allow it.
    func outcome(_ user: OktaUser) -> Outcome? {
        switch (call, user.status) {
        case (.suspend, .active): .now(.suspended)
        case (.unsuspend, .suspended): .now(.active)
        case (.deactivate, let status) where status != .deprovisioned: .later(.deprovisioned)
        case (.activate, .staged), (.activate, .deprovisioned):
            .later(user.hasPassword ? .active : .provisioned)
        case (.reactivate, .provisioned), (.reactivate, .recovery): .stays
        case (.unlock, .lockedOut) where !user.isDirectorySourced: .now(.active)
        case (.unlock, .active) where user.isBlocked && !user.isDirectorySourced: .stays
        // Okta does not document in which statuses an administrator can expire a password. The simulator allows it in the statuses below.
        case (.expirePassword, .active), (.expirePassword, .passwordExpired), (.expirePassword, .recovery),
            (.expirePassword, .lockedOut), (.expirePasswordWithTemporary, .active),
            (.expirePasswordWithTemporary, .passwordExpired), (.expirePasswordWithTemporary, .recovery),
            (.expirePasswordWithTemporary, .lockedOut):
            .now(.passwordExpired)
        // Okta does not document in which statuses an administrator can reset a password. The simulator allows it in the statuses below.
        case (.resetPassword, .active), (.resetPassword, .passwordExpired), (.resetPassword, .recovery),
            (.resetPassword, .lockedOut), (.resetPassword, .provisioned):
            .now(.recovery)
        // Okta documents only "the status stays ACTIVE". The simulator allows the call on every user who can have factors.
        case (.resetFactors, let status) where status != .staged && status != .deprovisioned: .stays
        default: nil
        }
    }

    /// Okta's refusal of the call if the user's status does not allow it.
    var refusal: OktaError {
        switch call {
        case .suspend:
            .wrongStatus(400, "E0000001", "Cannot suspend a user that is not active")
        case .unsuspend:
            .wrongStatus(400, "E0000001", "Cannot unsuspend a user that is not suspended")
        // Okta does not document this refusal.
        case .deactivate: .wrongStatus(400, "E0000001", "The user is already deactivated")
        case .activate:
            .wrongStatus(403, "E0000016", "Activation failed because the user is already active")
        case .unlock:
            .wrongStatus(403, "E0000032", "Unlock is not allowed for this user.")
        case .resetPassword: .wrongStatus(403, "E0000017", "Password reset failed")
        default:
            .wrongStatus(403, "E0000038", "This operation is not allowed in the user's current status.")
        }
    }

    /// The type of the event that the call causes in the log.
    var eventType: String {
        switch call {
        case .expirePassword, .expirePasswordWithTemporary: "user.account.expire_password"
        case .resetPassword: "user.account.reset_password"
        case .unlock: "user.account.unlock_by_admin"
        case .resetFactors: "user.mfa.factor.reset_all"
        default: "user.lifecycle.\(call.rawValue)"
        }
    }
}

extension OktaError {
    fileprivate static func wrongStatus(_ status: Int, _ code: String, _ summary: String) -> OktaError {
        OktaError(
            status: status, code: code, summary: code == "E0000001" ? "Api validation failed: \(summary)" : summary,
            causes: code == "E0000001" ? [summary] : [])
    }
}

extension UserDirectory {
    mutating func lifecycle(
        _ rule: LifecycleRule, _ request: ManagementRequest, transitionSpan: Int64
    ) throws(OktaError) -> ManagementAnswer {
        guard let index = index(request.route.user) else { throw .noUser(request.route.user) }
        let secret = Self.secret()
        let sendsEmail: Bool
        if rule.call == .resetPassword, request.query["sendEmail"] == nil {
            throw OktaError(
                status: 400, code: "E0000028", summary: "The request is missing a required parameter: sendEmail")
        }
        sendsEmail = try request.flag("sendEmail", default: rule.call == .activate)
        let revokes = try request.flag("revokeSessions", default: false)
        let answer = try change(index, now: request.now) { user throws(OktaError) in
            user.calls[rule.call.rawValue, default: 0] += 1
            if user.transition?.to == .active || user.transition?.to == .provisioned {
                throw OktaError(
                    status: 409, code: "E0000112",
                    summary: "Unable to perform the request: the user is still being activated.")
            }
            guard user.transition == nil, let outcome = rule.outcome(user) else { throw rule.refusal }
            user.done[rule.call.rawValue, default: 0] += 1
            return user.carryOut(
                rule, outcome, request, secret: secret, sendsEmail: sendsEmail, revokesSessions: revokes,
                transitionSpan: transitionSpan)
        }
        if rule.call == .deactivate { revokeTokens(ofOwner: users[index].id) }
        return answer
    }

    /// 20 characters that nobody can guess.
    static func secret() -> String {
        var bytes: [UInt8] = []
        bytes.appendBase62(.random(in: .min ... .max), count: 10)
        bytes.appendBase62(.random(in: .min ... .max), count: 10)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension OktaUser {
    fileprivate mutating func carryOut(
        _ rule: LifecycleRule, _ outcome: LifecycleRule.Outcome, _ request: ManagementRequest, secret: String,
        sendsEmail: Bool, revokesSessions: Bool, transitionSpan: Int64
    ) -> ManagementAnswer {
        let now = request.now
        switch outcome {
        case .stays: break
        case .now(let next): move(to: next, now: now)
        case .later(let next) where transitionSpan > 0: transition = (next, now + transitionSpan)
        case .later(let next): move(to: next, now: now)
        }
        var answer = ManagementAnswer(events: [ActionEvent(rule.eventType, about: self)])
        switch rule.call {
        case .activate where !sendsEmail, .reactivate where !sendsEmail:
            answer.json = ["activationUrl": "\(request.origin)/welcome/\(secret)", "activationToken": secret]
        case .activate, .reactivate: answer.json = [String: String]()
        // Suspending ends the user's sessions, but does not revoke the tokens (source: Okta's list of role permissions).
        case .suspend: sessions = []
        case .unlock: isBlocked = false
        case .resetFactors: factors = 0
        case .resetPassword:
            answer.json =
                sendsEmail
                ? [String: String]()
                : ["resetPasswordUrl": "\(request.origin)/signin/reset-password/\(secret)"]
        case .expirePassword: answer.json = json(request, isAlone: true)
        case .expirePasswordWithTemporary:
            passwordChanged = now
            answer.json = ["tempPassword": secret]
        default: break
        }
        if revokesSessions, rule.call == .resetPassword || rule.call == .expirePasswordWithTemporary {
            endSessions()
            answer.events.append(ActionEvent("user.session.clear", about: self))
        }
        return answer
    }
}

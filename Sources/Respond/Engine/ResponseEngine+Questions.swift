import OktaAPI
import ResponseLog

/// The result of a step that can't be carried out.
struct Stopped: Error, Sendable {
    let result: ResponseResult
}

/// The engine's queries, which change nothing at Okta.
extension ResponseEngine {
    typealias Instant = ContinuousClock.Instant

    enum Finding: Sendable {
        case user(OktaUser)
        /// The action ends here: the user is protected, or it is not clear which user is meant. Contains the reason, and the matching users if there
        /// are several.
        case stopped(ResponseResult, ResponseUser, [ResponseUser])
    }

    // MARK: The user

    func find(_ request: ResponseRequest, _ org: ResponseOrg, before deadline: Instant) async -> Finding {
        let asked = ResponseUser(asked: request.user)
        if let refusal = rails.protection([request.user]) {
            return .stopped(refused(refusal.code, refusal.message), asked, [])
        }
        let matches: [OktaUser]
        do throws(OktaCallError) {
            matches = try await org.users.users(matching: request.user, before: deadline)
        } catch {
            return .stopped(lookupFailure(error), asked, [])
        }
        guard let user = matches.first else {
            let words = "No user of \(org.host) has the login, e-mail address or id “\(request.user)”"
            return .stopped(refused(.notFound, words), asked, [])
        }
        guard matches.count == 1 else {
            let shown = matches.prefix(OktaCall.searchLimit)
            let list = shown.map { "\($0.id) (\($0.login ?? "no login"), \($0.status))" }.joined(separator: ", ")
            let count = matches.count > shown.count ? "More than \(shown.count)" : "\(matches.count)"
            let words = "\(count) users match “\(request.user)”: \(list). Tributary did nothing; name the user by id"
            return .stopped(
                refused(.ambiguous, words), asked, shown.map { $0.responseUser(asked: request.user) })
        }
        return .user(user)
    }

    /// Reads the user's state again, once no other request acts on the user.
    func reread(
        _ user: OktaUser, _ org: ResponseOrg, before deadline: Instant
    ) async -> Result<OktaUser, Stopped> {
        do throws(OktaCallError) {
            if let again = try await org.users.user(user.id, before: deadline) { return .success(again) }
            return .failure(Stopped(result: refused(.notFound, "\(user.shown) is not a user of \(org.host) any more")))
        } catch {
            return .failure(Stopped(result: lookupFailure(error)))
        }
    }

    // MARK: Guard rails

    /// Why the user must not be acted on; nil if the action is allowed.
    func objection(
        to user: OktaUser, _ request: ResponseRequest, _ org: ResponseOrg, before deadline: Instant
    ) async -> ResponseResult? {
        if let refusal = rails.protection(of: user, asked: request.user) {
            return refused(refusal.code, refusal.message, user)
        }
        guard !request.isForced else { return nil }
        // A service app is not a user and has no owner.
        if !org.users.credential.isServiceApp {
            do throws(OktaCallError) {
                let owner = try await owner(org, before: deadline)
                if let refusal = GuardRails.ownership(of: user, owner: owner) {
                    return refused(refusal.code, refusal.message, user)
                }
            } catch {
                return objection(
                    error, "whether the user owns the API token", user,
                    "To let Tributary read the owner, use the API token of an administrator")
            }
        }
        do throws(OktaCallError) {
            let roles = try await org.users.roles(of: user.id, before: deadline)
            return GuardRails.administration(of: user, roles: roles).map { refused($0.code, $0.message, user) }
        } catch {
            let remedy =
                org.users.credential.isServiceApp
                ? "To let Tributary read the roles, grant \(OktaScope.rolesRead.rawValue) to the service app and assign it a role that may read roles"
                : "To let Tributary read the roles, give the token's owner a role that may read roles (okta.iam.read)"
            return objection(error, "whether the user is an administrator", user, remedy)
        }
    }

    private func objection(
        _ error: OktaCallError, _ what: String, _ user: OktaUser, _ remedy: String
    ) -> ResponseResult {
        let mayNotAsk: Bool
        switch error.kind {
        case .scope: mayNotAsk = true
        case .refused: mayNotAsk = error.status == 403 || error.status == 404
        default: mayNotAsk = false
        }
        guard mayNotAsk else { return lookupFailure(error) }
        let refusal = GuardRails.unknown(what, of: user, error, remedy)
        return refused(refusal.code, refusal.message, user)
    }

    private func owner(_ org: ResponseOrg, before deadline: Instant) async throws(OktaCallError) -> OktaUser {
        let version = org.users.credential.version
        if let known = owners[org.integration], known.version == version, version != nil { return known.user }
        let user = try await org.users.me(before: deadline)
        owners[org.integration] = GuardRails.Owner(version: version, user: user)
        return user
    }

    // MARK: Steps

    /// Looks up the group of a step. Returns a step without a group unchanged.
    func resolved(
        _ step: ResponseStep, _ org: ResponseOrg, before deadline: Instant
    ) async -> Result<ResponseStep, Stopped> {
        guard [.addToGroup, .removeFromGroup].contains(step.action) else { return .success(step) }
        func stop(_ code: ResponseCode, _ words: String) -> Result<ResponseStep, Stopped> {
            .failure(Stopped(result: refused(code, words)))
        }
        let asked = step.options.groupID ?? step.options.groupName ?? ""
        var groups: [OktaGroup] = []
        do throws(OktaCallError) {
            if OktaID.isGroup(asked) {
                groups = try await org.users.group(asked, before: deadline).map { [$0] } ?? []
            }
            if groups.isEmpty { groups = try await org.users.groups(named: asked, before: deadline) }
        } catch {
            if error.kind == .refused || error.kind == .scope(.groupsManage) {
                let needs = step.action.needs.advice(isServiceApp: org.users.credential.isServiceApp)
                return stop(.notPermitted, "The group “\(asked)” can't be read: \(error). For this action, \(needs)")
            }
            return .failure(Stopped(result: lookupFailure(error)))
        }
        guard let group = groups.first else {
            return stop(.noSuchGroup, "\(org.host) has no group with the name or id “\(asked)”")
        }
        guard groups.count == 1 else {
            let list = groups.prefix(20).map { "\($0.id) (\($0.type))" }.joined(separator: ", ")
            return stop(.ambiguous, "\(groups.count) groups have the name “\(asked)”: \(list). Name the group by id")
        }
        guard group.type == "OKTA_GROUP" else {
            return stop(
                .fixedGroup,
                "“\(group.name)” is a group of type \(group.type), whose members Okta or a directory manages. Use a group of type OKTA_GROUP"
            )
        }
        var step = step
        step.options.groupID = group.id
        step.options.groupName = group.name
        return .success(step)
    }

    /// The facts about the user that the step needs in addition to the status. A fact that can't be read stays nil.
    func facts(
        _ step: ResponseStep, _ user: OktaUser, _ org: ResponseOrg, before deadline: Instant
    ) async -> StepFacts {
        var facts = StepFacts()
        switch step.action {
        case .unlock where user.status == "ACTIVE":
            facts.isBlocked = try? await org.users.isBlocked(user.id, before: deadline)
        case .addToGroup, .removeFromGroup:
            let groups = try? await org.users.groups(of: user.id, before: deadline)
            facts.isMember = groups?.contains { $0.id == step.options.groupID }
        case .setRisk:
            facts.riskLevel = (try? await org.users.risk(of: user.id, before: deadline)) ?? nil
        default: break
        }
        return facts
    }

    /// The outcome of a step in the present state: `would-do`, `already-done`, or `refused`.
    func decision(
        _ step: ResponseStep, _ user: OktaUser, _ facts: StepFacts, _ request: ResponseRequest, _ org: ResponseOrg
    ) -> ResponseResult {
        switch StepPlan(step, user, facts) {
        case .alreadyDone(let words):
            return ResponseResult(
                outcome: .alreadyDone, message: sentence(words) + " Nothing was done.", statusBefore: user.status)
        case .wrongState(let words): return refused(.wrongState, words, user)
        case .go:
            if !request.isForced, let wait = hour.wait(user.id, org: org.host, at: clock.wall()) {
                return hourlyLimit(wait, user)
            }
            return ResponseResult(
                outcome: .wouldDo, message: sentence("would \(step.words(for: user.shown))"), statusBefore: user.status)
        }
    }

    /// Reads from the user's state whether an action without a recorded result was done.
    func observation(of entry: ResponseEntry, _ org: ResponseOrg?) async -> StepRunner.Observation {
        guard let org else { return StepRunner.Observation(trouble: "the user's state could not be read") }
        let step = ResponseStep(action: entry.action, options: entry.options)
        let deadline = clock.instant() + .seconds(30)
        let gone = StepRunner.Observation(trouble: "the user does not exist in Okta any more")
        guard let id = entry.user.id else { return gone }
        let user: OktaUser
        do throws(OktaCallError) {
            guard let found = try await org.users.user(id, before: deadline) else { return gone }
            user = found
        } catch {
            return StepRunner.Observation(
                trouble: "the user's state could not be read: \(error)", isUnreachable: error.isOfTheOrg)
        }
        return await StepRunner(
            users: org.users, clock: clock, step: step, reason: "", deadline: deadline, before: user,
            facts: StepFacts()
        ).observe(since: nil)
    }

    // MARK: Results

    func refused(_ code: ResponseCode, _ words: String, _ user: OktaUser? = nil) -> ResponseResult {
        ResponseResult(outcome: .refused, code: code.text, message: sentence(words), statusBefore: user?.status)
    }

    func hourlyLimit(_ wait: Int64, _ user: OktaUser) -> ResponseResult {
        let minutes = (wait + 59_999) / 60_000
        return refused(
            .hourlyLimit,
            "the limit of \(hour.limit) users within an hour (response.users_per_hour) is reached. Tributary did nothing for this request; "
                + "try again in \(minutes) min, raise the limit, or use --force", user)
    }

    func busy(_ request: ResponseRequest) -> ResponseResult {
        refused(.busy, "Too many requests for “\(request.user)” are waiting. Tributary did nothing; try again later")
    }

    func unreadableLog() -> ResponseResult {
        refused(
            .logUnavailable,
            "The response log can't be read, so Tributary can't find out what was done under this key. "
                + "Tributary did nothing; check the files in response.log_directory")
    }

    /// The result if a query before the action has failed, so that the action is not tried.
    func lookupFailure(_ error: OktaCallError) -> ResponseResult {
        let code: ResponseCode =
            switch error.kind {
            case .credential: .credential
            case .scope: .notPermitted
            case .rateLimited: .rateLimited
            case .refused where error.status == 401: .credential
            case .refused where error.status == 403: .notPermitted
            case .refused: .refused
            case .notSent, .foreign, .server, .lost, .unreadable: .unavailable
            }
        var words = "Tributary could not read from Okta the data that it needs: \(error). Tributary did nothing."
        switch code {
        case .credential: words += " Check the credential of this integration's response_action."
        case .notPermitted: words += " The credential needs okta.users.read, as a scope or as a permission of its role."
        case .unavailable, .rateLimited: words += " Try again later."
        default: break
        }
        // If the credential is the reason, a retry does not help. The outcome is then `refused` instead of `failed`.
        let isRefusal = code == .credential || code == .notPermitted
        return ResponseResult(
            outcome: isRefusal ? .refused : .failed, code: code.text, message: words, oktaRequestID: error.requestID,
            httpStatus: error.status, oktaErrorCode: error.code)
    }
}

extension OktaCallError {
    /// Whether the error concerns the whole org, so that the next query to it would most likely fail, too.
    fileprivate var isOfTheOrg: Bool {
        switch kind {
        case .credential, .notSent, .rateLimited, .foreign, .server, .lost: true
        case .scope, .refused, .unreadable: false
        }
    }
}

import OktaAPI
import ResponseLog

extension ResponseEngine {
    /// What an integration's credential may do, as far as Tributary can find out: it reads the scopes of a service app, or the roles of an API
    /// token's owner. Whether a custom role allows an action only becomes known when the action is tried.
    package func capabilities(of integration: String) async -> [ResponseCapability] {
        guard let org = orgs[integration] else {
            let words = unknownIntegration(
                ResponseRequest(integration: integration, action: .suspend, user: "", caseID: ""))
            return all { _ in (false, words + ".") }
        }
        let deadline = clock.instant() + Self.patience
        return org.users.credential.isServiceApp
            ? await ofServiceApp(org, before: deadline) : await ofToken(org, before: deadline)
    }

    private func all(_ judge: (ResponseAction) -> (Bool?, String)) -> [ResponseCapability] {
        ResponseAction.allCases.map { action in
            let (isPossible, words) = judge(action)
            return ResponseCapability(action: action, isPossible: isPossible, explanation: words)
        }
    }

    private func ofServiceApp(_ org: ResponseOrg, before deadline: Instant) async -> [ResponseCapability] {
        var granted: [OktaScope: Bool] = [:]
        do throws(OktaCallError) {
            for scope in OktaScope.allCases { granted[scope] = try await org.users.hasScope(scope) }
        } catch {
            return all { _ in (false, "The credential \(org.credential) can't be used: \(error).") }
        }
        let blindness = await blindness(org, before: deadline)
        let note =
            granted[.rolesRead] == true
            ? ""
            : " Without \(OktaScope.rolesRead.rawValue), administrators can't be recognized, so each action needs --force."
        return all { action in
            let needs = action.needs
            guard granted[needs.scope] == true else {
                return (
                    false,
                    "The service app lacks the scope \(needs.scope.rawValue): grant it (Applications > the app > Okta API Scopes)."
                )
            }
            if let blindness {
                return (
                    false,
                    "The service app can't read users: \(blindness). It needs the scope \(OktaScope.usersRead.rawValue), and an administrator role."
                )
            }
            return (
                true,
                "The scope \(needs.scope.rawValue) is granted. The app also needs \(needs.roleWords), which can't be checked.\(note)"
            )
        }
    }

    /// Why the credential can't read users at all; nil if it can.
    private func blindness(_ org: ResponseOrg, before deadline: Instant) async -> OktaCallError? {
        do throws(OktaCallError) {
            _ = try await org.users.users(matching: "nobody@\(org.host)", before: deadline)
            return nil
        } catch {
            return error
        }
    }

    private func ofToken(_ org: ResponseOrg, before deadline: Instant) async -> [ResponseCapability] {
        let owner: OktaUser
        do throws(OktaCallError) {
            owner = try await org.users.me(before: deadline)
        } catch {
            return all { _ in (false, "The credential \(org.credential) can't be used: \(error).") }
        }
        let roles: [OktaRole]
        do throws(OktaCallError) {
            roles = try await org.users.roles(of: owner.id, before: deadline)
        } catch {
            guard error.kind == .refused, error.status == 403 else {
                return all { _ in (false, "The roles of \(owner.shown) could not be read: \(error).") }
            }
            if let blindness = await blindness(org, before: deadline) {
                return all { _ in (false, "\(owner.shown), who owns the token, can't read users: \(blindness).") }
            }
            return all { action in
                (
                    nil,
                    "It is not known whether the action is possible: \(owner.shown), who owns the token, can't read roles. "
                        + "\(sentence(action.needs.advice(isServiceApp: false))) "
                        + "Each action needs --force, because administrators can't be recognized."
                )
            }
        }
        return all { action in Self.judge(action, owner, roles) }
    }

    private static func judge(_ action: ResponseAction, _ owner: OktaUser, _ roles: [OktaRole]) -> (Bool?, String) {
        let needs = action.needs
        let types = Set(roles.map(\.type))
        let held = roles.map(\.label).joined(separator: ", ")
        if let role = roles.first(where: { $0.type == "SUPER_ADMIN" || needs.roles.contains($0.type) }) {
            return (true, "\(owner.shown), who owns the token, has the role \(role.label).")
        }
        if types.contains("CUSTOM"), !needs.permissions.isEmpty {
            return (
                true,
                "\(owner.shown), who owns the token, has a custom role, which can't be checked. The action needs \(needs.roleWords)."
            )
        }
        let missing = sentence(needs.advice(isServiceApp: false))
        return (
            false,
            roles.isEmpty
                ? "\(owner.shown), who owns the token, is not an administrator. \(missing)"
                : "\(owner.shown), who owns the token, has only these roles: \(held). \(missing)"
        )
    }
}

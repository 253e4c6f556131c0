import OktaAPI
import ResponseLog

/// The rights that a credential needs for an action. A service app needs a scope and an administrator role. The owner of an API token needs only the
/// role. The names of permissions come from Okta's list of role permissions.
package struct ActionNeeds: Sendable, Equatable {
    package var scope: OktaScope
    /// All permissions that a custom role needs for the action; empty if no custom role allows it. The role also needs permission to read users
    /// (`okta.users.read`) and roles (`okta.iam.read`).
    package var permissions: [String]
    /// The standard roles, other than `SUPER_ADMIN`, that allow the action, as Okta names them.
    package var roles: [String]
}

extension ResponseAction {
    private static let userAdmins = ["ORG_ADMIN", "USER_ADMIN"]
    private static let helpDesk = userAdmins + ["HELP_DESK_ADMIN"]

    /// The rights that the action needs. For an action of several steps, these are the rights for all steps.
    package var needs: ActionNeeds {
        func users(_ permissions: String..., roles: [String]) -> ActionNeeds {
            ActionNeeds(scope: .usersManage, permissions: permissions.map { "okta.users." + $0 }, roles: roles)
        }
        switch self {
        case .suspend: return users("lifecycle.suspend", roles: Self.userAdmins)
        case .contain: return users("lifecycle.suspend", "lifecycle.clearSessions", roles: Self.userAdmins)
        case .unsuspend, .release: return users("lifecycle.unsuspend", roles: Self.userAdmins)
        case .clearSessions: return users("lifecycle.clearSessions", roles: Self.helpDesk)
        case .unlock: return users("lifecycle.unlock", roles: Self.helpDesk)
        case .deactivate: return users("lifecycle.deactivate", roles: Self.userAdmins)
        case .activate: return users("lifecycle.activate", roles: Self.userAdmins)
        case .expirePassword: return users("credentials.expirePassword", roles: Self.helpDesk)
        case .resetPassword: return users("credentials.resetPassword", roles: Self.helpDesk)
        case .resetFactors: return users("credentials.resetFactors", roles: Self.helpDesk)
        case .addToGroup, .removeFromGroup:
            return ActionNeeds(
                scope: .groupsManage,
                permissions: ["okta.groups.read", "okta.groups.members.manage", "okta.users.groupMembership.manage"],
                roles: Self.userAdmins + ["GROUP_MEMBERSHIP_ADMIN"])
        case .setRisk:
            return ActionNeeds(scope: .userRiskManage, permissions: ["okta.users.risk.manage"], roles: [])
        case .universalLogout: return ActionNeeds(scope: .universalLogoutManage, permissions: [], roles: [])
        }
    }
}

extension ActionNeeds {
    /// The needed role in words, for example “an administrator role with okta.users.lifecycle.suspend”.
    var roleWords: String {
        permissions.isEmpty
            ? "the role Super Administrator" : "an administrator role with \(permissions.joined(separator: " and "))"
    }

    /// Which rights the credential needs for the action, as a part of a sentence.
    func advice(isServiceApp: Bool) -> String {
        isServiceApp
            ? "the service app needs the scope \(scope.rawValue) and \(roleWords)"
            : "the token's owner needs \(roleWords)"
    }
}

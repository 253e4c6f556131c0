/// An endpoint for users, groups, roles, sessions or risk. The raw value is its name in fault rules and in ``SimulatedUser/calls``.
enum ManagementCall: String, Sendable, CaseIterable {
    case listUsers = "list-users"
    case getUser = "get-user"
    case me
    case listRoles = "list-roles"
    case listBlocks = "list-blocks"
    case listUserGroups = "list-user-groups"
    case suspend, unsuspend, deactivate, activate, reactivate, unlock
    case expirePassword = "expire-password"
    case expirePasswordWithTemporary = "expire-password-with-temp-password"
    case resetPassword = "reset-password"
    case resetFactors = "reset-factors"
    case clearSessions = "clear-sessions"
    case listGroups = "list-groups"
    case getGroup = "get-group"
    case listMembers = "list-members"
    case addToGroup = "add-to-group"
    case removeFromGroup = "remove-from-group"
    case getSession = "get-session"
    case endSession = "end-session"
    case getRisk = "get-risk"
    case setRisk = "set-risk"
    case universalLogout = "universal-logout"

    /// Okta's separate request budgets. `limit` is the number of requests per minute that one credential of a Workforce org may send: half of the
    /// org's limit.
    enum Bucket: String, Sendable, CaseIterable {
        case oneUser = "/api/v1/users/{id}"
        case users = "/api/v1/users"
        case oneGroup = "/api/v1/groups/{id}"
        case others = "/api/v1"

        var limit: Int {
            switch self {
            case .oneUser: 1000
            case .users: 300
            case .oneGroup: 500
            case .others: 600
            }
        }
    }

    var bucket: Bucket {
        switch self {
        case .getUser, .me: .oneUser
        case .listUsers: .users
        case .getGroup, .listMembers, .addToGroup, .removeFromGroup: .oneGroup
        default: .others
        }
    }

    /// Whether the call changes something.
    var isAction: Bool { scopes.count == 1 }

    /// The scopes that allow a service app to send the call. One of them is enough. A `manage` scope includes reading.
    var scopes: [String] {
        func reading(_ name: String) -> [String] { ["okta.\(name).read", "okta.\(name).manage"] }
        switch self {
        case .listUsers, .getUser, .me, .listBlocks: return reading("users")
        case .listRoles: return reading("roles")
        case .listGroups, .getGroup, .listMembers, .listUserGroups: return reading("groups")
        case .getSession: return reading("sessions")
        case .getRisk: return reading("userRisk")
        case .addToGroup, .removeFromGroup: return ["okta.groups.manage"]
        case .endSession: return ["okta.sessions.manage"]
        case .setRisk: return ["okta.userRisk.manage"]
        case .universalLogout: return ["okta.universalLogout.manage"]
        default: return ["okta.users.manage"]
        }
    }

    /// The permissions that allow an administrator to send the call. All of them are needed. The call `me`, with which administrators read their own
    /// user, needs none.
    var permissions: [String] {
        switch self {
        case .me: []
        case .listUsers, .getUser, .listBlocks, .getSession: ["okta.users.read"]
        case .getRisk: ["okta.users.risk.read"]
        case .listRoles: ["okta.iam.read"]
        case .listGroups, .getGroup, .listMembers, .listUserGroups: ["okta.groups.read"]
        case .suspend: ["okta.users.lifecycle.suspend"]
        case .unsuspend: ["okta.users.lifecycle.unsuspend"]
        case .deactivate: ["okta.users.lifecycle.deactivate"]
        case .activate, .reactivate: ["okta.users.lifecycle.activate"]
        case .unlock: ["okta.users.lifecycle.unlock"]
        case .clearSessions, .endSession: ["okta.users.lifecycle.clearSessions"]
        case .expirePassword: ["okta.users.credentials.expirePassword"]
        case .expirePasswordWithTemporary, .resetPassword: ["okta.users.credentials.resetPassword"]
        case .resetFactors: ["okta.users.credentials.resetFactors"]
        case .addToGroup, .removeFromGroup: ["okta.groups.members.manage", "okta.users.groupMembership.manage"]
        case .setRisk: ["okta.users.risk.manage"]
        case .universalLogout: [AdminRights.logOut]
        }
    }
}

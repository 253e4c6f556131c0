/// What an administrator may do: Okta's standard roles, or the permissions of a custom role.
///
/// The permissions of custom roles have Okta's names (`okta.users.lifecycle.suspend`). Rights that no custom role can give have names that only the
/// simulator uses (``viewLog``, ``logOut``). Only standard roles include these rights.
public struct AdminRights: Sendable, Equatable {
    /// Okta's standard roles that matter to the simulated endpoints.
    public enum Role: String, Sendable, CaseIterable {
        case superAdmin = "SUPER_ADMIN"
        case orgAdmin = "ORG_ADMIN"
        case groupAdmin = "USER_ADMIN"
        case groupMembershipAdmin = "GROUP_MEMBERSHIP_ADMIN"
        case helpDeskAdmin = "HELP_DESK_ADMIN"
        case readOnlyAdmin = "READ_ONLY_ADMIN"
        case reportAdmin = "REPORT_ADMIN"

        /// The role's name in Okta's console.
        var label: String {
            switch self {
            case .superAdmin: "Super Administrator"
            case .orgAdmin: "Organization Administrator"
            case .groupAdmin: "Group Administrator"
            case .groupMembershipAdmin: "Group Membership Administrator"
            case .helpDeskAdmin: "Help Desk Administrator"
            case .readOnlyAdmin: "Read-Only Administrator"
            case .reportAdmin: "Report Administrator"
            }
        }

        var permissions: Set<String> {
            switch self {
            case .superAdmin:
                [
                    "okta.users.manage", "okta.users.risk.manage", "okta.groups.manage", "okta.iam.read", viewLog,
                    logOut,
                ]
            case .orgAdmin: ["okta.users.manage", "okta.groups.manage", viewLog]
            case .groupAdmin: ["okta.users.manage", "okta.groups.read", "okta.groups.members.manage"]
            case .groupMembershipAdmin:
                [
                    "okta.users.read", "okta.users.groupMembership.manage", "okta.groups.read",
                    "okta.groups.members.manage",
                ]
            case .helpDeskAdmin:
                [
                    "okta.users.read", "okta.groups.read", "okta.users.credentials.manage",
                    "okta.users.lifecycle.unlock", "okta.users.lifecycle.clearSessions",
                ]
            case .readOnlyAdmin: ["okta.users.read", "okta.users.risk.read", "okta.groups.read", viewLog]
            case .reportAdmin: [viewLog]
            }
        }
    }

    static let viewLog = "view the System Log"
    static let logOut = "universal logout"

    /// The standard roles.
    public var roles: [Role]
    /// The permissions of custom roles.
    public var permissions: Set<String>

    /// - Parameter names: standard roles (`READ_ONLY_ADMIN`) and permissions of custom roles (`okta.users.lifecycle.suspend`).
    /// - Throws: `SimulatorError.badSetting` for a name that is neither.
    public init(_ names: [String]) throws {
        roles = names.compactMap(Role.init)
        permissions = Set(names).subtracting(roles.map(\.rawValue))
        if let name = permissions.first(where: { !$0.hasPrefix("okta.") }) {
            throw SimulatorError.badSetting(
                name: name,
                reason:
                    "not a role (\(Role.allCases.map(\.rawValue).joined(separator: " "))) or a permission (okta.…)")
        }
    }

    /// The rights of standard roles.
    public init(roles: [Role]) {
        self.roles = roles
        permissions = []
    }

    /// Whether a permission is granted. A broader permission covers a narrower one: `okta.users.manage` covers `okta.users.lifecycle.suspend`, but
    /// not `okta.users.risk.read` and `okta.users.risk.manage`, which Okta lists separately.
    func allow(_ permission: String) -> Bool {
        let held = roles.reduce(into: permissions) { $0.formUnion($1.permissions) }
        if held.contains(permission) { return true }
        let parts = permission.split(separator: ".")
        let broadest = permission.hasPrefix("okta.users.risk.") ? 3 : 1
        return parts.indices.dropFirst(broadest).contains { end in
            held.contains(parts[..<end].joined(separator: ".") + ".manage")
        }
    }
}

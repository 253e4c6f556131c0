/// A group of the org. Times are milliseconds since 1970.
struct OktaGroup: Sendable {
    enum Kind: String, Sendable {
        case okta = "OKTA_GROUP"
        /// A group that an app or a directory manages. The group's members can be changed only in the app or directory.
        case app = "APP_GROUP"
        case builtIn = "BUILT_IN"
    }

    let id: String
    let name: String
    let kind: Kind
    /// The roles that the group gives its members.
    var roles: [AdminRights.Role] = []
    let created: Int64
    var membershipChanged: Int64
}

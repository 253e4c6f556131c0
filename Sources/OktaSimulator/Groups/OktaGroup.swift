/// A group of the org. Times are milliseconds since 1970.
struct OktaGroup: Sendable {
    enum Kind: String, Sendable {
        case okta = "OKTA_GROUP"
        /// Managed by an app or a directory. Members can be changed only there.
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

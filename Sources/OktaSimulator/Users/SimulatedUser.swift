/// A user as tests see it. Tests get this value from ``SimulatedOrg``, or as JSON at `/_simulator/users`.
public struct SimulatedUser: Sendable, Codable, Equatable {
    /// `00u…`.
    public var id: String
    /// The login as stored in Okta.
    public var login: String
    /// The e-mail address, which several users may share.
    public var email: String
    /// First and last name.
    public var name: String
    /// The status now.
    public var status: UserStatus
    /// The status to which the user is changing; nil if no change is in progress.
    public var transitioningToStatus: UserStatus?
    /// Names of the user's groups, sorted.
    public var groups: [String]
    /// Names of the user's own roles (`SUPER_ADMIN`).
    public var roles: [String]
    /// Ids of open sessions.
    public var sessions: [String]
    /// The number of valid OAuth and OpenID Connect tokens.
    public var oauthTokens: Int
    /// The number of remembered devices. On these, the user needs no additional factor.
    public var rememberedDevices: Int
    /// The number of enrolled factors in addition to the password.
    public var factors: Int
    /// `HIGH` or `LOW`; nil if it was never set.
    public var riskLevel: String?
    /// The number of calls about this user, including refused ones, by name: `suspend`, `clear-sessions`, `get-user`, …
    public var calls: [String: Int]
    /// The number of actions on this user that the org has carried out, by name. An action counts even if its answer did not arrive.
    public var done: [String: Int]
}

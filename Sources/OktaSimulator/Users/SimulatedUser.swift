/// What a test reads about a user, in the process or at `/_simulator/users`.
public struct SimulatedUser: Sendable, Codable, Equatable {
    /// `00u…`.
    public var id: String
    /// As Okta spells it.
    public var login: String
    /// May be another user's, too.
    public var email: String
    /// First and last name.
    public var name: String
    /// The status now.
    public var status: UserStatus
    /// The status that the user gets in a moment.
    public var transitioningToStatus: UserStatus?
    /// Names of the user's groups, sorted.
    public var groups: [String]
    /// Names of the user's own roles (`SUPER_ADMIN`).
    public var roles: [String]
    /// Ids of open sessions.
    public var sessions: [String]
    /// How many tokens of OAuth and OpenID Connect are good.
    public var oauthTokens: Int
    /// How many devices skip a factor.
    public var rememberedDevices: Int
    /// How many factors besides the password are enrolled.
    public var factors: Int
    /// `HIGH` or `LOW`; nil when nobody has set it.
    public var riskLevel: String?
    /// Calls to Okta about this user by name, refused ones too: `suspend`, `clear-sessions`, `get-user`, …
    public var calls: [String: Int]
    /// The calls that Okta has carried out, whether or not the answer arrived.
    public var done: [String: Int]
}

/// A user of the org. All times are milliseconds since 1970.
struct OktaUser: Sendable {
    let id: String
    let login: String
    let email: String
    let firstName: String
    let lastName: String
    var status: UserStatus
    /// The status before the last change. `search` still shows this status for a while.
    private(set) var earlierStatus: UserStatus?
    /// A change that has begun but is not complete: the new status, and when the user gets it.
    var transition: (to: UserStatus, at: Int64)?
    let created: Int64
    var statusChanged: Int64
    var passwordChanged: Int64?
    /// Whether Active Directory manages the profile and the password.
    var isDirectorySourced = false
    var hasPassword = true
    /// Whether sign-ins from unknown devices are blocked after failed attempts.
    var isBlocked = false
    /// Roles assigned to the user directly.
    var roles: [AdminRights.Role] = []
    /// Ids of the user's groups.
    var groups: Set<String> = []
    /// Ids of open sessions.
    var sessions: [String] = []
    var oauthTokens = 0
    var rememberedDevices = 0
    /// The number of enrolled factors in addition to the password.
    var factors = 0
    var riskLevel: String?
    /// The number of calls about this user, by the name of the `ManagementCall`.
    var calls: [String: Int] = [:]
    /// The number of actions on this user that the org has carried out, by the name of the `ManagementCall`.
    var done: [String: Int] = [:]

    var name: String { "\(firstName) \(lastName)" }
    /// The part of the login before the `@`.
    var shortName: Substring { login.prefix { $0 != "@" } }

    /// Completes a transition that is due.
    mutating func settle(now: Int64) {
        guard let transition, transition.at <= now else { return }
        move(to: transition.to, now: transition.at)
    }

    mutating func move(to next: UserStatus, now: Int64) {
        transition = nil
        if next != status { earlierStatus = status }
        status = next
        statusChanged = now
        if next == .deprovisioned {
            hasPassword = false
            factors = 0
            endSessions()
        }
    }

    /// The user as shown by a search index that is updated `delay` milliseconds late.
    func indexed(now: Int64, delay: Int64) -> OktaUser {
        guard let earlierStatus, now - statusChanged < delay else { return self }
        var earlier = self
        earlier.status = earlierStatus
        earlier.transition = nil
        return earlier
    }

    mutating func endSessions() {
        sessions = []
        oauthTokens = 0
        rememberedDevices = 0
    }
}

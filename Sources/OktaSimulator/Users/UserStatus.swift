/// A user's status, by Okta's names.
public enum UserStatus: String, Sendable, Codable, CaseIterable {
    /// Made, and not activated yet.
    case staged = "STAGED"
    /// Activated, and the user has not chosen a password yet.
    case provisioned = "PROVISIONED"
    /// Can sign in.
    case active = "ACTIVE"
    /// The password was reset and no new one is chosen.
    case recovery = "RECOVERY"
    /// A new password has to be chosen at the next sign-in.
    case passwordExpired = "PASSWORD_EXPIRED"
    /// Too many failed sign-ins.
    case lockedOut = "LOCKED_OUT"
    /// Suspended by an administrator.
    case suspended = "SUSPENDED"
    /// Deactivated.
    case deprovisioned = "DEPROVISIONED"
}

/// A user's status. The raw values are Okta's names.
public enum UserStatus: String, Sendable, Codable, CaseIterable {
    /// Created, but not activated yet.
    case staged = "STAGED"
    /// Activated, but the user has not chosen a password yet.
    case provisioned = "PROVISIONED"
    /// Can sign in.
    case active = "ACTIVE"
    /// The password was reset, but the user has not chosen a new one yet.
    case recovery = "RECOVERY"
    /// The user must choose a new password at the next sign-in.
    case passwordExpired = "PASSWORD_EXPIRED"
    /// Locked out after too many failed sign-ins.
    case lockedOut = "LOCKED_OUT"
    /// Suspended by an administrator.
    case suspended = "SUSPENDED"
    /// Deactivated.
    case deprovisioned = "DEPROVISIONED"
}

/// The actions that a responder can take on a user of an Okta org.
///
/// Each action is one call of Okta's API, except for ``contain`` and ``release``: these are carried out as other actions.
package enum ResponseAction: String, Codable, CaseIterable, Sendable {
    case suspend
    case unsuspend
    case clearSessions = "clear-sessions"
    case expirePassword = "expire-password"
    case resetPassword = "reset-password"
    case resetFactors = "reset-factors"
    case unlock
    case deactivate
    case activate
    case addToGroup = "add-to-group"
    case removeFromGroup = "remove-from-group"
    case setRisk = "set-risk"
    case universalLogout = "universal-logout"
    /// Suspends the user, and clears sessions, tokens and remembered devices: ``suspend`` and ``clearSessions``.
    case contain
    /// The opposite of ``contain``: ``unsuspend``. Cleared sessions, tokens and devices are not restored.
    case release
}

/// Stable codes for programs, in ``ResponseLog/ResponseResult/code``. A code says why an action was not done, why its outcome is unknown, or what is
/// special about a successful action.
package enum ResponseCode: String, Sendable, CaseIterable {
    // Codes of an action that Tributary has refused and did not try.

    /// The request names an integration that does not exist, or that has no `response_action`.
    case unknownIntegration = "unknown-integration"
    /// The request is incomplete, or too long.
    case invalidRequest = "invalid-request"
    /// The key belongs to an earlier request, which differs in the integration, user, action, case or options.
    case keyReused = "key-reused"
    /// An earlier request with the same key did the action, which has been undone since.
    case undoneSince = "undone-since"
    /// Too many requests are already waiting for the same user or with the same key; or too many refused actions and dry runs by the responder
    /// were recorded within an hour.
    case busy
    case notFound = "not-found"
    case ambiguous
    case noSuchGroup = "no-such-group"
    /// Okta does not allow changing the members of this group by hand.
    case fixedGroup = "fixed-group"
    case protectedUser = "protected-user"
    /// The user owns the API token with which Tributary acts.
    case credentialOwner = "credential-owner"
    case administrator
    /// The credential is not allowed to read the owner of the API token, or the user's roles.
    case rolesUnknown = "roles-unknown"
    case hourlyLimit = "hourly-limit"
    /// The user's status does not allow the action. This code is also used if Okta refuses the action for this reason.
    case wrongState = "wrong-state"
    /// The response log can't be written.
    case logUnavailable = "log-unavailable"

    // Codes of an action that failed at Okta, or because of the connection to Okta.

    /// There is no usable credential, or Okta does not accept it.
    case credential
    /// The credential lacks a scope or a role.
    case notPermitted = "not-permitted"
    /// The org lacks a feature that the action needs.
    case notAvailable = "not-available"
    /// A directory manages the user, or the attribute that the action would change.
    case managedElsewhere = "managed-elsewhere"
    case rateLimited = "rate-limited"
    /// Okta can't be reached, or Okta's answer is not usable.
    case unavailable
    /// Okta refused for another reason.
    case refused

    // Codes of an action with an unknown outcome.

    /// The call was sent, but Okta's answer was lost.
    case answerLost = "answer-lost"
    /// Okta reported success, but the user's state does not show it.
    case notConfirmed = "not-confirmed"
    /// The helper stopped during the action.
    case helperStopped = "helper-stopped"

    // Codes of a successful action.

    /// The action is done, but can't be undone with `undo`: Tributary could not read whether the user was a member of the group before.
    case membershipNotRead = "membership-not-read"
}

extension ResponseCode {
    var text: String { rawValue }
}

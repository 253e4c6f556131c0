/// Why an action was not done, or not known to be done: stable words for programs, in ``ResponseLog/ResponseResult/code``.
package enum ResponseCode: String, Sendable, CaseIterable {
    // Of Tributary: Okta was not asked to act.
    /// No integration of that name has a `response_action`.
    case unknownIntegration = "unknown-integration"
    /// The request misses something, or is too long.
    case invalidRequest = "invalid-request"
    /// The key was used for another request.
    case keyReused = "key-reused"
    /// What was done under the key has been taken back since.
    case undoneSince = "undone-since"
    /// Too many requests for the same user wait, or too many refusals were recorded.
    case busy
    case notFound = "not-found"
    case ambiguous
    case noSuchGroup = "no-such-group"
    /// Okta lets nobody change the members of this group by hand.
    case fixedGroup = "fixed-group"
    case protectedUser = "protected-user"
    /// The user owns the API token that acts.
    case credentialOwner = "credential-owner"
    case administrator
    /// The credential may not ask whose it is, or which roles the user has.
    case rolesUnknown = "roles-unknown"
    case hourlyLimit = "hourly-limit"
    /// The user's status does not allow it. Of Okta too.
    case wrongState = "wrong-state"
    /// The response log can't be written.
    case logUnavailable = "log-unavailable"

    // Of the way to Okta, or of Okta.
    /// There is no usable credential, or Okta does not take it.
    case credential
    /// The credential lacks a scope or a role.
    case notPermitted = "not-permitted"
    /// The org does not have what the action needs.
    case notAvailable = "not-available"
    /// The user, or this part of it, is managed by a directory.
    case managedElsewhere = "managed-elsewhere"
    case rateLimited = "rate-limited"
    /// Okta or the way to it fails.
    case unavailable
    /// Okta refused for another reason.
    case refused

    // What is not known.
    /// Okta was asked, and its answer was lost.
    case answerLost = "answer-lost"
    /// Okta says that it is done, and the user's state does not show it.
    case notConfirmed = "not-confirmed"
    /// The helper stopped while it was done.
    case helperStopped = "helper-stopped"

    // Besides success.
    /// Done; whether the user was a member of the group before could not be read, so undo does not know.
    case membershipNotRead = "membership-not-read"
}

extension ResponseCode {
    var text: String { rawValue }
}

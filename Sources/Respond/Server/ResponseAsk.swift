import ResponseLog

/// A command's request to the helper: one line of JSON on a separate connection, `{"act":{"request":{…}}}`.
package enum ResponseAsk: Codable, Equatable, Sendable {
    /// The largest size of the line in bytes, including the newline.
    package static let lineLimit = 64 << 10
    /// The maximum number of transactions in one ``wait(transactions:seconds:)``.
    package static let waitLimit = 500
    /// The longest wait, in seconds.
    package static let waitSeconds = 3_600

    /// Finds the user and determines what would happen.
    case outlook(request: ResponseRequest)
    /// Carries out the request. `sudoUser` is `SUDO_USER` in the command's environment; it is trusted only if root sends it.
    case act(request: ResponseRequest, sudoUser: String?)
    case capabilities(integration: String)
    case history(filter: ResponseHistory.Filter)
    /// The request that would undo the action with this ``ResponseEntry/id``. Nothing is done.
    case undo(record: String)
    /// Waits until the collector has committed Okta's events of these calls.
    case wait(transactions: [CommittedActions.Awaited], seconds: Int)
}

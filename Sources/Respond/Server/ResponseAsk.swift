import ResponseLog

/// What a command asks the helper: one line of JSON on a connection of its own, `{"act":{"request":{…}}}`.
package enum ResponseAsk: Codable, Equatable, Sendable {
    /// Bytes of the line with its end.
    package static let lineLimit = 64 << 10
    /// Transactions that one ``wait(transactions:seconds:)`` can name.
    package static let waitLimit = 500
    /// Seconds that it can take.
    package static let waitSeconds = 3_600

    /// Finds the user and says what would happen.
    case outlook(request: ResponseRequest)
    /// - `sudoUser`: `SUDO_USER` of the command's environment; believed of root only.
    case act(request: ResponseRequest, sudoUser: String?)
    case capabilities(integration: String)
    case history(filter: ResponseHistory.Filter)
    /// The request that would undo the action with this ``ResponseEntry/id``. Nothing is done.
    case undo(record: String)
    /// Waits until the collector has committed Okta's events of these calls.
    case wait(transactions: [CommittedActions.Awaited], seconds: Int)
}

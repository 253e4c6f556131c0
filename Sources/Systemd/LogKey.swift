/// The metadata keys with a special meaning. Any other key `some-key` becomes the journal field `TRIBUTARY_SOME_KEY`.
package enum LogKey {
    /// The integration's name: the journal field `TRIBUTARY_INTEGRATION`. In the journal, it is also put before the message's text.
    package static let integration = "integration"
    /// The destination's name: the journal field `TRIBUTARY_DESTINATION`.
    package static let destination = "destination"
    /// Okta's `X-Okta-Request-Id`: the journal field `TRIBUTARY_REQUEST_ID`.
    package static let requestID = "request_id"
    /// A ``MessageID``: the journal field `MESSAGE_ID`. It is omitted where the log is plain text.
    package static let messageID = "message_id"
}

/// The metadata keys with a meaning of their own. Any other key `some-key` becomes the journal field `TRIBUTARY_SOME_KEY`.
package enum LogKey {
    /// The integration's name: `TRIBUTARY_INTEGRATION`, and in front of the message for a human.
    package static let integration = "integration"
    /// The destination's name: `TRIBUTARY_DESTINATION`.
    package static let destination = "destination"
    /// Okta's `X-Okta-Request-Id`: `TRIBUTARY_REQUEST_ID`.
    package static let requestID = "request_id"
    /// A ``MessageID``: the journal's `MESSAGE_ID`. Left out of the text form.
    package static let messageID = "message_id"
}

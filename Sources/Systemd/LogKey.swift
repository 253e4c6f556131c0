/// The metadata keys with a special meaning. Any other key `some-key` becomes the journal field `TRIBUTARY_SOME_KEY`.
package enum LogKey {
    /// The integration's name: `TRIBUTARY_INTEGRATION`, and before the message for people.
    package static let integration = "integration"
    /// The destination's name: `TRIBUTARY_DESTINATION`.
    package static let destination = "destination"
    /// Okta's `X-Okta-Request-Id`: `TRIBUTARY_REQUEST_ID`.
    package static let requestID = "request_id"
    /// A ``MessageID``: the journal's `MESSAGE_ID`. Omitted in the text form.
    package static let messageID = "message_id"
}

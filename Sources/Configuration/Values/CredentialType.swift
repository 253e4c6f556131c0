/// The kind of secret of a credential.
package enum CredentialType: String, Sendable, Hashable, CaseIterable {
    /// An Okta API token, sent as `Authorization: SSWS`.
    case apiToken = "api_token"
    /// An OAuth 2.0 service app; the secret is its private key.
    case oauth
}

/// The allowed uses of a credential.
package enum CredentialPermissions: String, Sendable, Hashable, CaseIterable {
    /// Reading the System Log.
    case read
    /// Reading the System Log, and performing response actions.
    case write
}

/// What makes a request the org's own: an API token today.
///
/// `authorize` is called for every attempt, so a scheme that signs each request afresh fits, too.
package protocol Credential: Sendable {
    /// Adds what the org asks for to `request`.
    ///
    /// - Throws: ``CredentialError`` when there is no usable credential; no request must be sent then.
    func authorize(_ request: inout HTTPRequest) async throws(CredentialError)
}

/// Why there is no usable credential. Never holds a part of the secret.
package enum CredentialError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nothing but white space.
    case empty(place: String)
    /// More than one word or line, or a character that no token has.
    case malformed(place: String)
    /// The file can't be read, with the system's words.
    case unreadable(path: String, reason: String)

    /// What, where, and what to do.
    package var description: String {
        switch self {
        case .empty(let place): "\(place) is empty: put the org's API token there, on one line"
        case .malformed(let place):
            "\(place) does not hold one API token: put the token there alone, on one line (SSWS in front is fine)"
        case .unreadable(let path, let reason):
            "the secret file \(path) can't be read (\(reason)): check the path and its permissions"
        }
    }
}

/// What makes a request the org's own: an API token, or the access token of an OAuth 2.0 service app.
///
/// ``AuthorizedTransport`` calls `authorize` for every attempt, and `answered` with what came of it.
package protocol Credential: Sendable {
    /// Adds what the org asks for to `request`.
    ///
    /// - Throws: ``AuthorizationFailure`` when that can't be had; the request must not be sent then.
    func authorize(_ request: inout HTTPRequest) async throws(AuthorizationFailure)

    /// Looks at the answer to a request that was authorized.
    func answered(_ response: HTTPResponse, to request: HTTPRequest) async -> AuthorizationAdvice

    /// Tells the secret on disk from those before and after it: what was refused with one may be tried again at once with another. Several
    /// may share a credential, so each compares for itself. One `stat`, no waiting; nil without a file.
    var version: SecretVersion? { get }

    /// Forgets what was kept of the secret and of its refusal, so that the next request reads it again.
    func readAgain() async
}

extension Credential {
    package func answered(_ response: HTTPResponse, to request: HTTPRequest) async -> AuthorizationAdvice { .asItIs }
    package var version: SecretVersion? { nil }
    package func readAgain() async {}
}

/// What an answer means for the credential that its request carried.
package enum AuthorizationAdvice: Sendable, Hashable {
    /// The answer is the caller's.
    case asItIs
    /// The server asked for another proof (a new nonce, mostly), which is at hand: the same request again.
    case tryAgainWithNewProof
    /// The access token is not taken any more: the same request again, with a new one.
    case tryAgainWithNewToken
    /// About the credential, whatever the status says: Okta answers some DPoP troubles with 400, which must not be taken for one of the
    /// request itself.
    case refused
}

/// Why a request could not be authorized.
package enum AuthorizationFailure: Error, Sendable {
    /// There is no usable credential: a person has to do something.
    case credential(CredentialError)
    /// The server that gives out access tokens was not reached.
    case transport(TransportError)
    /// That server's answer, which says that it can't now (429, 5xx) or that it is none of Okta's (3xx, 404). It stands for the answer
    /// to the request.
    case answer(HTTPResponse)
}

/// Why there is no usable credential. Never holds a part of the secret.
package enum CredentialError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nothing but white space.
    case empty(place: String)
    /// More than one word or line, or a character that no token has.
    case malformed(place: String)
    /// The file can't be read, with the system's words.
    case unreadable(path: String, reason: String)
    /// The file holds no private key that can be used.
    case key(place: String, PrivateKeyProblem)
    /// The org gives no access token to the service app.
    case refused(TokenRefusal)
    /// The token endpoint's answer is neither a token nor an error.
    case noToken(host: String, reason: String)
    /// A signature could not be made.
    case signing(reason: String)

    /// What, where, and what to do.
    package var description: String {
        switch self {
        case .empty(let place): "\(place) is empty: put the secret there, and nothing else"
        case .malformed(let place):
            "\(place) does not hold one API token: put the token there alone, on one line (SSWS in front is fine)"
        case .unreadable(let path, let reason):
            "the secret file \(path) can't be read (\(reason)): check the path and its permissions"
        case .key(let place, let problem): "\(place): \(problem)"
        case .refused(let refusal): refusal.description
        case .noToken(let host, let reason):
            "the token endpoint of \(host) gave no access token (\(reason)): check for a proxy or login page on the way"
        case .signing(let reason): "the private key can't sign (\(reason)): make a new key and register it with the app"
        }
    }
}

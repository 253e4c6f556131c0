import CurlHTTPClient

/// Authorizes requests to an org: an API token, or the access token of an OAuth 2.0 service app.
///
/// ``AuthorizedTransport`` calls `authorize` for every attempt, and `answered` with each answer.
package protocol Credential: Sendable {
    /// Adds the authorization to `request`.
    ///
    /// - Throws: ``AuthorizationFailure`` if no authorization is available. Then the request must not be sent.
    func authorize(_ request: inout HTTPRequest) async throws(AuthorizationFailure)

    /// Examines the answer to an authorized request.
    func answered(_ response: HTTPResponse, to request: HTTPRequest) async -> AuthorizationAdvice

    /// Identifies the version of the secret that is on disk now; nil if there is no file. If a request was refused with one version of the secret,
    /// the request may be repeated as soon as there is another version. Several collectors may share a credential, so each collector compares the
    /// versions itself. Reading this property costs one `stat` and never waits.
    var version: SecretVersion? { get }

    /// Forgets the secret, and whether it was refused. The next request reads the secret again.
    func readAgain() async
}

extension Credential {
    package func answered(_ response: HTTPResponse, to request: HTTPRequest) async -> AuthorizationAdvice { .asItIs }
    package var version: SecretVersion? { nil }
    package func readAgain() async {}
}

/// What an answer means for the credential of its request.
package enum AuthorizationAdvice: Sendable, Hashable {
    /// Pass the answer to the caller.
    case asItIs
    /// The server requires another proof, usually with a new nonce from its answer. Repeat the request.
    case tryAgainWithNewProof
    /// The access token is no longer accepted: repeat the request with a new one.
    case tryAgainWithNewToken
    /// The credential was refused. The answer's status is 401, or 400 for some DPoP problems.
    case refused
}

/// Why a request could not be authorized.
package enum AuthorizationFailure: Error, Sendable {
    /// There is no usable credential, and a person has to do something.
    case credential(CredentialError)
    /// The server that issues access tokens sent no complete answer.
    case transport(TransportError)
    /// The token server answered, but without a token: it can't issue one now (such as 429, 5xx), or the answer is not Okta's (such as 3xx, 404).
    /// ``AuthorizedTransport`` returns this answer to its caller, with `isOfTokenEndpoint` set.
    case answer(HTTPResponse)
}

/// Why there is no usable credential. The error never contains any part of the secret.
package enum CredentialError: SecretFileFailure, Sendable, Hashable, CustomStringConvertible {
    /// The text is empty, or contains only white space.
    case empty(place: String)
    /// The text has more than one word or line, or a character that no token has.
    case notOneToken(place: String)
    /// The file is larger than a secret can be, or is not text.
    case malformed(place: String)
    /// The file can't be read; `reason` is the system's error text.
    case unreadable(path: String, reason: String)
    /// The file contains no usable private key.
    case key(place: String, PrivateKeyProblem)
    /// The org refuses to issue an access token to the service app.
    case refused(TokenRefusal)
    /// The token endpoint's answer is neither a token nor an error.
    case noToken(host: String, reason: String)
    /// The private key can't sign.
    case signing(reason: String)
    /// The key that signs DPoP proofs can't sign. It exists in memory only.
    case proof

    /// What is wrong, where, and what to do.
    package var description: String {
        switch self {
        case .empty(let place): "\(place) is empty: it must contain the secret, and nothing else"
        case .malformed(let place): "\(place) is too large or not text: it must contain only the secret"
        case .notOneToken(let place):
            "\(place) does not contain exactly one API token: put only the token there, on one line, without quotes (a leading SSWS is allowed)"
        case .unreadable(let path, let reason):
            "the secret file \(path) can't be read (\(reason)): check the path and its permissions"
        case .key(let place, let problem): "\(place): \(problem)"
        case .refused(let refusal): refusal.description
        case .noToken(let host, let reason):
            "the token endpoint of \(host) gave no access token (\(reason)): check for a proxy or a login page of this network"
        case .signing(let reason): "the private key can't sign (\(reason)): make a new key and register it with the app"
        case .proof: "no DPoP proof could be signed: restart Tributary, which makes a new key for these proofs"
        }
    }
}

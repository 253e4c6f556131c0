import CurlHTTPClient

/// An access token and how long it may be used. Never printed.
struct AccessToken: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The scheme in the `Authorization` header.
    enum Scheme: String, Sendable {
        case bearer = "Bearer"
        /// The token is bound to a key, and each request with it carries a DPoP proof.
        case dpop = "DPoP"
    }

    /// The text and the scheme of the token, as the org issued them.
    struct Value: Sendable, Hashable {
        var text: String
        var scheme: Scheme
    }

    let value: Value
    /// The token must not be used after this time.
    let end: ContinuousClock.Instant
    /// From this time on, a new token is requested, although the present token is still valid.
    var renewal: ContinuousClock.Instant

    var description: String { "access token (not shown)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Decides when and how a service app requests an access token, and what an answer means. A plain value without I/O and without a clock.
///
/// What always holds:
/// - A token is used until a new token replaces it, it expires, or the org refuses it.
/// - A new token is requested at a random time before the old token expires. While these requests fail, the old token is used.
/// - After a refusal, no token is requested for almost a minute, unless the key is replaced.
/// - After a 429, no token is requested until the wait that the server demands is over.
/// - DPoP is used as soon as the token endpoint answers `invalid_dpop_proof` or `use_dpop_nonce`, or an API requires a proof.
struct TokenLife: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What a caller that needs a token has to do.
    enum Step: Sendable {
        case use(AccessToken)
        case ask
        case refused(CredentialError)
        case unavailable(HTTPResponse)
    }

    /// What to do after the token endpoint has answered.
    enum Settlement: Sendable, Hashable {
        /// Request again immediately. The answer has shown what the first request lacked: a proof, a nonce, or the right time.
        case askAgain
        /// Call ``step(now:)``.
        case settled
    }

    /// The maximum number of requests without a pause. It is enough to learn from the answers that DPoP is required, which nonce to use, and that the
    /// clock is wrong.
    static let attemptsInARow = 5
    /// The wait after a refusal. It is a little shorter than the minute that the pager waits, so that the pager's next attempt requests a token
    /// again.
    static let probe = Duration.seconds(55)
    /// The wait after a failed renewal, while the old token is still valid.
    static let renewalRetry = Duration.seconds(20)
    /// The token is renewed at most this long before it expires.
    static let longestLead = Duration.seconds(300)

    /// Whether token requests contain a DPoP proof.
    private(set) var usesProof = false
    /// The latest nonce from the token endpoint.
    private(set) var nonce: String?
    private var token: AccessToken?
    private var hold: (until: Instant, step: Step)?
    private var attempts = 0
    private var jitter: Jitter

    init(seed: UInt64) { jitter = Jitter(seed: seed) }

    /// What a caller that needs a token has to do at `now`.
    mutating func step(now: Instant) -> Step {
        if let token {
            if now < token.renewal { return .use(token) }
            if now >= token.end { self.token = nil }
        }
        if let hold, now < hold.until { return token.map(Step.use) ?? hold.step }
        hold = nil
        attempts = 0
        return .ask
    }

    /// The token to continue with if a renewal failed; nil if it has expired.
    func serving(now: Instant) -> AccessToken? { token.flatMap { now < $0.end ? $0 : nil } }

    /// Takes the answer to a token request.
    ///
    /// - Parameters:
    ///   - nonce: the answer's `DPoP-Nonce`.
    ///   - sent: when the request was sent; the token's lifetime counts from then.
    ///   - clockMoved: whether the answer showed that this host's clock, and so the times in the request, were wrong.
    mutating func received(
        _ answer: TokenAnswer, host: String, nonce: String?, sent: Instant, now: Instant, clockMoved: Bool
    ) -> Settlement {
        if let nonce { self.nonce = nonce }
        attempts += 1
        let mayAsk = attempts < Self.attemptsInARow
        switch answer {
        case .token(let value, let life):
            let lead = min(Self.longestLead, life / 5) * Double.random(in: 0.5...1, using: &jitter)
            // A token that expired before it arrived may be used for one more second, and the org decides whether to accept it. Otherwise tokens
            // would be requested in a loop.
            let end = max(sent + life, now + .seconds(1))
            token = AccessToken(value: value, end: end, renewal: max(end - lead, now + .milliseconds(500)))
            hold = nil
            return .settled
        case .needsProof(let refusal):
            if mayAsk, !usesProof || clockMoved {
                usesProof = true
                return .askAgain
            }
            refused(.refused(refusal), now)
        case .needsNonce(let refusal):
            usesProof = true
            if mayAsk, nonce != nil { return .askAgain }
            refused(.refused(refusal), now)
        case .refused(let refusal):
            if mayAsk, clockMoved { return .askAgain }
            refused(.refused(refusal), now)
        case .unusable(let reason):
            refused(.noToken(host: host, reason: reason), now)
        case .unavailable(let response):
            hold = (now + wait(after: response), .unavailable(response))
        }
        return .settled
    }

    /// Records that no token request could be made, for example because the key can't be read. Nothing was sent.
    mutating func couldNotAsk(_ error: CredentialError, now: Instant) { refused(error, now) }

    /// Records that no answer came. A token that is still valid is not renewed for ``renewalRetry``. If there is no valid token, the caller decides
    /// when to request one again.
    mutating func failed(now: Instant) { delayRenewal(now, by: Self.renewalRetry) }

    /// Records that the org no longer accepts this token.
    mutating func rejected(_ value: AccessToken.Value) {
        if token?.value == value { token = nil }
    }

    /// Records that the org requires a proof with every token, even with one that was issued without a proof.
    mutating func mustProve() { usesProof = true }

    /// Records that the private key was replaced. A token may then be requested immediately, even after a refusal.
    mutating func keyReplaced() { hold = nil }

    /// Forgets the token, which was issued for a key that has been replaced. The next request needs a new token.
    mutating func dropToken() { token = nil }

    private mutating func refused(_ error: CredentialError, _ now: Instant) {
        hold = (now + Self.probe, .refused(error))
    }

    private mutating func delayRenewal(_ now: Instant, by delay: Duration) {
        guard let token else { return }
        self.token?.renewal = min(token.end, max(token.renewal, now + delay))
    }

    private mutating func wait(after response: HTTPResponse) -> Duration {
        // Every caller that is already waiting gets this answer. If there is no token, a caller that comes more than a second later requests one.
        guard response.status == 429 else { return token == nil ? .seconds(1) : Self.renewalRetry }
        let retryAfter = response.headers.first("Retry-After").flatMap { Int64($0) }
        let seconds =
            RateLimit(response.headers).secondsToWait ?? retryAfter.map { min(max($0, 1), RateLimit.longestWait) }
        return seconds.map { .seconds($0) } ?? .seconds(2) + jitter.upTo(8)
    }
}

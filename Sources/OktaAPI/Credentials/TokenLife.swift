/// An access token and how long it is to be used. Never printed.
struct AccessToken: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// How it goes into the `Authorization` header.
    enum Scheme: String, Sendable {
        case bearer = "Bearer"
        /// With a proof beside it.
        case dpop = "DPoP"
    }

    /// As the org gave it.
    struct Value: Sendable, Hashable {
        var text: String
        var scheme: Scheme
    }

    let value: Value
    /// Not to be used from here on.
    let end: ContinuousClock.Instant
    /// From here on a new one is asked for, while this one is still good.
    var renewal: ContinuousClock.Instant

    var description: String { "access token (not shown)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Decides when a service app asks for an access token, how, and what an answer means. A plain value without I/O and clock.
///
/// What holds at any time:
/// - A token is used until its end, or until the org refuses it, and no longer.
/// - A new one is asked for before the end, at a moment with jitter; as long as that fails, the old one serves.
/// - After a refusal nothing is asked for a minute, whoever wants a token, unless the key is replaced.
/// - A 429's wait is kept.
/// - DPoP is used from the first `invalid_dpop_proof` or `use_dpop_nonce` on.
struct TokenLife: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What a caller who wants a token does.
    enum Step: Sendable {
        case use(AccessToken)
        case ask
        case refused(CredentialError)
        case unavailable(HTTPResponse)
    }

    /// What follows an answer.
    enum Settlement: Sendable, Hashable {
        /// Ask once more at once: the server said what it misses, and it is at hand.
        case askAgain
        /// ``step(now:)`` knows.
        case settled
    }

    /// Requests without a pause between. Enough to find out DPoP, its nonce and a wrong clock, each once.
    static let attemptsInARow = 5
    /// After a refusal. A little less than the pager's own minute, so that each of its probes is one here.
    static let probe = Duration.seconds(55)
    /// After a renewal that failed, while the old token still serves.
    static let renewalRetry = Duration.seconds(20)
    /// A renewal comes this long before the end at most.
    static let longestLead = Duration.seconds(300)

    /// Whether requests for tokens carry a proof.
    private(set) var usesProof = false
    /// The last one that the token endpoint gave.
    private(set) var nonce: String?
    private var token: AccessToken?
    private var hold: (until: Instant, step: Step)?
    private var attempts = 0
    private var jitter: Jitter

    init(seed: UInt64) { jitter = Jitter(seed: seed) }

    /// What to do at `now`.
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

    /// The token to go on with when a renewal brought none.
    func serving(now: Instant) -> AccessToken? { token.flatMap { now < $0.end ? $0 : nil } }

    /// Takes the answer to a request.
    ///
    /// - Parameters:
    ///   - nonce: the answer's `DPoP-Nonce`.
    ///   - sent: when the request was sent; from then on the token's life is counted.
    ///   - clockMoved: whether the answer showed that the times in the request were wrong.
    mutating func received(
        _ answer: TokenAnswer, host: String, nonce: String?, sent: Instant, now: Instant, clockMoved: Bool
    ) -> Settlement {
        if let nonce { self.nonce = nonce }
        attempts += 1
        let mayAsk = attempts < Self.attemptsInARow
        switch answer {
        case .token(let value, let life):
            let lead = min(Self.longestLead, life / 5) * Double.random(in: 0.5...1, using: &jitter)
            // One that was over on its way is used once all the same: the org decides, and asking on and on helps nobody.
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

    /// There was no key to sign with, or no signature: nothing was sent.
    mutating func couldNotAsk(_ error: CredentialError, now: Instant) { refused(error, now) }

    /// There was no answer. Who wanted the token waits as it sees fit; a token that still serves is not renewed for a while.
    mutating func failed(now: Instant) { delayRenewal(now, by: Self.renewalRetry) }

    /// The org does not take this token any more.
    mutating func rejected(_ value: AccessToken.Value) {
        if token?.value == value { token = nil }
    }

    /// The org wants requests with it to carry a proof, whatever it said when it gave the token.
    mutating func mustProve() { usesProof = true }

    /// The private key was replaced: what was refused may be asked again at once.
    mutating func keyReplaced() { hold = nil }

    /// The token was issued for a key that has been replaced: the next request needs another one.
    mutating func dropToken() { token = nil }

    private mutating func refused(_ error: CredentialError, _ now: Instant) {
        hold = (now + Self.probe, .refused(error))
    }

    private mutating func delayRenewal(_ now: Instant, by delay: Duration) {
        guard let token else { return }
        self.token?.renewal = min(token.end, max(token.renewal, now + delay))
    }

    private mutating func wait(after response: HTTPResponse) -> Duration {
        // A second: those who wait for this answer get it, and who comes back later asks again.
        guard response.status == 429 else { return token == nil ? .seconds(1) : Self.renewalRetry }
        let retryAfter = response.headers.first("Retry-After").flatMap { Int64($0) }
        let seconds =
            RateLimit(response.headers).secondsToWait ?? retryAfter.map { min(max($0, 1), RateLimit.longestWait) }
        return seconds.map { .seconds($0) } ?? .seconds(2) + jitter.upTo(8)
    }
}

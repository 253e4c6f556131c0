import CurlHTTPClient
import Testing

@testable import OktaAPI

@Suite("An access token")
struct TokenLifeTests {
    private let start = ContinuousClock.now
    private let host = "acme.okta.com"

    private func token(_ text: String = "t1", life: Int = 3600) -> TokenAnswer {
        .token(AccessToken.Value(text: text, scheme: .bearer), expiresIn: .seconds(life))
    }

    private func refusal(_ code: String = "invalid_client") -> TokenRefusal {
        TokenRefusal(
            host: host, clientID: "0oa1", scope: "okta.logs.read", status: 401, code: code, said: "\(code): no")
    }

    private func answer(
        _ life: inout TokenLife, _ answer: TokenAnswer, at seconds: Double = 0, nonce: String? = nil,
        clockMoved: Bool = false
    ) -> TokenLife.Settlement {
        let now = start + .seconds(seconds)
        return life.received(answer, host: host, nonce: nonce, sent: now, now: now, clockMoved: clockMoved)
    }

    private func step(_ life: inout TokenLife, at seconds: Double) -> String {
        switch life.step(now: start + .seconds(seconds)) {
        case .use(let token): token.value.text
        case .ask: "ask"
        case .refused(let error): error.description
        case .unavailable(let response): "\(response.status)"
        }
    }

    @Test("a token is renewed before it expires, at a random time, and is never used after it has expired")
    func renewal() {
        var renewals: Set<Int> = []
        for seed in 1...200 {
            var life = TokenLife(seed: UInt64(seed))
            #expect(step(&life, at: 0) == "ask")
            #expect(answer(&life, token()) == .settled)
            let second = (0..<3600).first { step(&life, at: Double($0)) == "ask" }
            renewals.insert(second ?? 3600)
        }
        #expect(renewals.allSatisfy { $0 >= 3300 && $0 <= 3451 })
        #expect(renewals.count > 50)
    }

    @Test(
        "if the renewal of a token fails, the token is used until it expires",
        arguments: ["refused", "503", "429", "nothing"])
    func failedRenewal(with what: String) {
        var life = TokenLife(seed: 1)
        _ = answer(&life, token(life: 100))
        #expect(step(&life, at: 95) == "ask")
        switch what {
        case "refused": #expect(answer(&life, .refused(refusal()), at: 95) == .settled)
        case "nothing": life.failed(now: start + .seconds(95))
        default: #expect(answer(&life, .unavailable(HTTPResponse(status: Int(what) ?? 0)), at: 95) == .settled)
        }
        #expect(step(&life, at: 95.1) == "t1")
        #expect(step(&life, at: 99.9) == "t1")
        #expect(step(&life, at: 100.1) != "t1")
    }

    @Test("a token that has expired by the time it arrives is still used for up to a second")
    func over() {
        var life = TokenLife(seed: 1)
        let now = start + .seconds(30)
        _ = life.received(token(life: 1), host: host, nonce: nil, sent: start, now: now, clockMoved: false)
        #expect(step(&life, at: 30) == "t1")
        #expect(step(&life, at: 32) == "ask")
    }

    @Test("if the org refuses a token, it is dropped; a late refusal does not drop the next token")
    func rejected() {
        var life = TokenLife(seed: 1)
        _ = answer(&life, token("old"))
        life.rejected(AccessToken.Value(text: "old", scheme: .bearer))
        #expect(step(&life, at: 1) == "ask")
        _ = answer(&life, token("new"), at: 1)
        // Only now does Okta refuse a request that another caller has sent with the old token.
        life.rejected(AccessToken.Value(text: "old", scheme: .bearer))
        #expect(step(&life, at: 2) == "new")
    }

    @Test("if a token request is refused, no token is requested for a minute, unless the key is replaced")
    func refused() {
        var life = TokenLife(seed: 1)
        #expect(answer(&life, .refused(refusal())) == .settled)
        #expect(step(&life, at: 1).contains("invalid_client"))
        #expect(step(&life, at: 54).contains("public key registered"))
        #expect(step(&life, at: 56) == "ask")
        _ = answer(&life, .refused(refusal("invalid_scope")), at: 56)
        #expect(step(&life, at: 57).contains("grant okta.logs.read"))
        life.keyReplaced()
        #expect(step(&life, at: 58) == "ask")
    }

    @Test("after a 429, no token is requested before the time that the answer gives")
    func limited() {
        var life = TokenLife(seed: 1)
        let response = HTTPResponse(
            status: 429,
            headers: HTTPHeaders([
                .init("Date", "Thu, 25 Dec 2025 18:54:00 GMT"), .init("X-Rate-Limit-Limit", "10"),
                .init("X-Rate-Limit-Reset", "1766688870"),
            ]))
        _ = answer(&life, .unavailable(response))
        #expect(step(&life, at: 29) == "429")
        #expect(step(&life, at: 32) == "ask")
        _ = answer(&life, .unavailable(HTTPResponse(status: 503)), at: 32)
        #expect(step(&life, at: 32.1) == "503")
        #expect(step(&life, at: 34) == "ask", "more than a second after a 503, the next caller requests a token")
    }

    @Test("if the org's error requires DPoP or a nonce, the next request uses it immediately, and so do all later ones")
    func proof() {
        var life = TokenLife(seed: 1)
        #expect(!life.usesProof)
        #expect(answer(&life, .needsProof(refusal("invalid_dpop_proof"))) == .askAgain)
        #expect(life.usesProof)
        #expect(answer(&life, .needsNonce(refusal("use_dpop_nonce")), nonce: "n1") == .askAgain)
        #expect(life.nonce == "n1")
        #expect(answer(&life, token(), nonce: "n2") == .settled)
        #expect(life.nonce == "n2", "a nonce in an answer replaces the earlier nonce")
        #expect(life.usesProof)
    }

    @Test(
        "if an org refuses every token request, no request is sent after a few attempts",
        arguments: ["needsNonce", "needsProof", "refused"])
    func bounded(what: String) {
        var life = TokenLife(seed: 1)
        var attempts = 0
        #expect(step(&life, at: 0) == "ask")
        repeat {
            attempts += 1
            let refusal = refusal()
            let next: TokenAnswer =
                what == "needsNonce"
                ? .needsNonce(refusal) : what == "needsProof" ? .needsProof(refusal) : .refused(refusal)
            if answer(&life, next, nonce: "n\(attempts)", clockMoved: true) == .settled { break }
        } while attempts < 100
        #expect(attempts == TokenLife.attemptsInARow)
        #expect(step(&life, at: 1).contains("no access token"))
    }

    @Test("if the org requires a nonce but gives none, no request is repeated")
    func noNonce() {
        var life = TokenLife(seed: 1)
        #expect(answer(&life, .needsNonce(refusal("use_dpop_nonce"))) == .settled)
    }
}

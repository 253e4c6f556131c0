import Crypto
import Foundation
import OktaSimulator
import Testing

/// Sends correct requests, and requests with one deviation each, which the simulated org has to refuse.
@Suite("The authorization server")
struct AuthorizationTests {
    private let appKey = P256.Signing.PrivateKey()
    private let proofKey = P256.Signing.PrivateKey()

    private func org(
        dpop: Bool = true, resourceNonce: Bool = false, seconds: Int = 3600, clock: MovedClock? = nil
    ) async throws -> SimulatedOrg {
        var settings = OrgSettings()
        if let clock { settings.clock = clock.read }
        settings.eventCount = 5
        settings.limitPerMinute = 1_000_000
        settings.wantsNonceAtResources = resourceNonce
        let key = String(decoding: try JSONSerialization.data(withJSONObject: TestJWT.jwk(appKey)), as: UTF8.self)
        var app = ServiceApp(clientID: "0oa1", publicKeys: [key])
        app.requiresDPoP = dpop
        app.tokenSeconds = seconds
        settings.serviceApps = [app]
        return try await SimulatedOrg.start(settings)
    }

    private var now: Int { Int(Date().timeIntervalSince1970) }

    private func assertion(_ org: SimulatedOrg, _ change: [String: Any] = [:], key: P256.Signing.PrivateKey? = nil)
        throws
        -> String
    {
        let claims: [String: Any] = [
            "iss": "0oa1", "sub": "0oa1", "aud": org.url + "/oauth2/v1/token", "exp": now + 60, "iat": now,
            "jti": UUID().uuidString,
        ]
        return try TestJWT.jwt(["alg": "ES256"], claims.merging(change) { $1 }, key ?? appKey)
    }

    private func proof(
        _ org: SimulatedOrg, _ path: String, _ change: [String: Any] = [:], header: [String: Any] = [:],
        key: P256.Signing.PrivateKey? = nil
    ) throws -> String {
        let key = key ?? proofKey
        let claims: [String: Any] = [
            "htm": path == "/oauth2/v1/token" ? "POST" : "GET", "htu": org.url + path, "iat": now,
            "jti": UUID().uuidString,
        ]
        let head: [String: Any] = ["alg": "ES256", "typ": "dpop+jwt", "jwk": TestJWT.jwk(key)]
        return try TestJWT.jwt(head.merging(header) { $1 }, claims.merging(change) { $1 }, key)
    }

    private func ask(
        _ org: SimulatedOrg, _ assertion: String, proofs: [String] = [], scope: String = "okta.logs.read"
    ) -> Client.Answer {
        let form =
            "grant_type=client_credentials&scope=\(scope)&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=\(assertion)"
        return Client(
            port: org.port, token: nil,
            extra: ["Content-Type: application/x-www-form-urlencoded"] + proofs.map { "DPoP: \($0)" }, method: "POST"
        ).get("/oauth2/v1/token", body: form)
    }

    private func log(_ org: SimulatedOrg, _ authorization: String, proofs: [String] = []) -> Client.Answer {
        Client(
            port: org.port, token: nil,
            extra: ["Authorization: \(authorization)"] + proofs.map { "DPoP: \($0)" }
        ).get("/api/v1/logs?limit=1")
    }

    private static func code(_ answer: Client.Answer) -> String? {
        let object = answer.json as? [String: Any]
        return object?["error"] as? String ?? object?["errorCode"] as? String
    }

    private static func token(_ answer: Client.Answer) throws -> String {
        try #require((answer.json as? [String: Any])?["access_token"] as? String, "\(answer.text)")
    }

    @Test(
        "the authorization server refuses an assertion with a wrong claim or signature, and one that it has received before"
    )
    func assertions() async throws {
        let org = try await org(dpop: false)
        func refused(_ text: String, _ why: Comment) {
            let answer = ask(org, text)
            #expect(answer.status == 401 && Self.code(answer) == "invalid_client", why)
        }
        for (name, value) in [
            ("iss", "0oa2"), ("sub", "0oa2"), ("aud", org.url + "/oauth2/v1/token/"), ("aud", org.url),
            ("exp", now - 1), ("exp", now + 7200), ("exp", "\(now + 60)"), ("iat", now + 30),
        ] as [(String, Any)] {
            refused(try assertion(org, [name: value]), "\(name) \(value)")
        }
        refused(try assertion(org, key: P256.Signing.PrivateKey()), "another key")
        refused(String(try assertion(org).dropLast(4)) + "AAAA", "a changed signature")
        refused("x.y.z", "no JWT")
        let good = try assertion(org)
        #expect(ask(org, good).status == 200)
        refused(good, "a reused assertion")
        #expect(Self.code(ask(org, try assertion(org), scope: "okta.users.manage")) == "invalid_scope")
        await org.stop()
    }

    @Test(
        "if an app requires DPoP, a proof with the server's nonce is necessary, and a proof with a wrong value is refused"
    )
    func proofs() async throws {
        let org = try await org(resourceNonce: true)
        let path = "/oauth2/v1/token"
        #expect(Self.code(ask(org, try assertion(org))) == "invalid_dpop_proof")
        let first = ask(org, try assertion(org), proofs: [try proof(org, path)])
        #expect(first.status == 400 && Self.code(first) == "use_dpop_nonce")
        let nonce = try #require(first.first("dpop-nonce"))
        let other = P256.Signing.PrivateKey()
        for (change, header) in [
            (["htm": "GET"], [:]), (["htu": org.url + "/"], [:]), (["htu": org.url + path + "?x"], [:]),
            (["iat": now - 400], [:]), (["iat": now + 30], [:]), ([:], ["typ": "JWT"]), ([:], ["alg": "RS256"]),
            ([:], ["jwk": TestJWT.jwk(other)]), ([:], ["jwk": TestJWT.jwk(proofKey).merging(["d": "AA"]) { $1 }]),
        ] as [([String: Any], [String: Any])] {
            let bad = try proof(org, path, change.merging(["nonce": nonce]) { $1 }, header: header)
            #expect(
                Self.code(ask(org, try assertion(org), proofs: [bad])) == "invalid_dpop_proof", "\(change) \(header)")
        }
        let good = try proof(org, path, ["nonce": nonce])
        #expect(Self.code(ask(org, try assertion(org), proofs: [good, good])) == "invalid_dpop_proof")
        let token = try Self.token(ask(org, try assertion(org), proofs: [good]))
        #expect(Self.code(ask(org, try assertion(org), proofs: [good])) == "invalid_dpop_proof", "a reused proof")

        // Requests to the System Log need a DPoP proof, too.
        let logs = "/api/v1/logs"
        let ath = TestJWT.encoded(SHA256.hash(data: Data(token.utf8)))
        #expect(Self.code(log(org, "Bearer \(token)")) == "dpop_authentication_scheme_required")
        #expect(Self.code(log(org, "DPoP \(token)")) == "dpop_proof_required_for_token")
        let noNonce = log(org, "DPoP \(token)", proofs: [try proof(org, logs, ["ath": ath])])
        #expect(noNonce.status == 401 && Self.code(noNonce) == "use_dpop_nonce")
        #expect(noNonce.first("www-authenticate")?.contains("error=\"use_dpop_nonce\"") == true)
        for (change, key) in [
            (["nonce": nonce], proofKey), (["nonce": nonce, "ath": "x"], proofKey),
            (["nonce": nonce, "ath": ath], other),
        ] {
            #expect(
                Self.code(log(org, "DPoP \(token)", proofs: [try proof(org, logs, change, key: key)]))
                    == "invalid_dpop_proof", "\(change)")
        }
        let right = try proof(org, logs, ["nonce": nonce, "ath": ath])
        #expect(log(org, "DPoP \(token)", proofs: [right]).status == 200)
        #expect(Self.code(log(org, "DPoP \(token)", proofs: [right])) == "invalid_dpop_proof", "a reused proof")
        #expect(Self.code(log(org, "DPoP x", proofs: [right])) == "invalid_token")
        await org.stop()
    }

    @Test("an access token is accepted until it expires or is revoked; API tokens are still accepted")
    func tokens() async throws {
        let clock = MovedClock()
        let org = try await org(dpop: false, seconds: 60, clock: clock)
        let token = try Self.token(ask(org, try assertion(org)))
        #expect(log(org, "Bearer \(token)").status == 200)
        #expect(log(org, "DPoP \(token)").status == 401)
        #expect(log(org, "SSWS \(org.settings.tokens[0])").status == 200)
        clock.advance(seconds: 60)
        let ended = log(org, "Bearer \(token)")
        #expect(ended.status == 401 && Self.code(ended) == "invalid_token")
        #expect(ended.first("www-authenticate")?.hasPrefix("Bearer ") == true)
        let next = try Self.token(ask(org, try assertion(org, ["exp": now + 600])))
        #expect(Client(port: org.port, token: nil, method: "POST").get("/_simulator/revoke").text == "{\"revoked\":2}")
        #expect(log(org, "Bearer \(next)").status == 401)
        #expect(org.stats.tokensIssued == 2)
        await org.stop()
    }

    @Test("the simulated org does not start if a service app's public key is invalid")
    func badKeys() async {
        var settings = OrgSettings()
        for key in ["", "{}", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}"] {
            settings.serviceApps = [ServiceApp(clientID: "0oa1", publicKeys: [key])]
            await #expect(throws: SimulatorError.self) { _ = try await SimulatedOrg.start(settings) }
        }
    }
}

import Crypto
import Foundation
import OktaSimulator
import Testing

/// Makes HTTP clients that act as the service app `0oa1`, which does not use DPoP.
enum AppClient {
    /// A client with an access token for these scopes.
    static func client(_ org: SimulatedOrg, _ key: P256.Signing.PrivateKey, _ scopes: [String]) throws -> Client {
        let now = Int(Date().timeIntervalSince1970)
        let assertion = try TestJWT.jwt(
            ["alg": "ES256"],
            [
                "iss": "0oa1", "sub": "0oa1", "aud": org.url + "/oauth2/v1/token", "exp": now + 60, "iat": now,
                "jti": UUID().uuidString,
            ], key)
        let form =
            "grant_type=client_credentials&scope=\(scopes.joined(separator: "+"))&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=\(assertion)"
        let answer = Client(
            port: org.port, token: nil, extra: ["Content-Type: application/x-www-form-urlencoded"], method: "POST"
        ).get("/oauth2/v1/token", body: form)
        let token = try #require(answer.object?["access_token"] as? String, "\(answer.text)")
        return Client(port: org.port, token: nil, extra: ["Authorization: Bearer \(token)"])
    }
}

import JWTKit

/// The signed statement in a token request by which a service app proves its identity (RFC 7523, 3).
///
/// Okta accepts each `jti` only once, even if it refuses the request for another reason. So every attempt gets a new `jti`.
struct ClientAssertion: Sendable {
    /// How long an assertion is valid, in seconds. Okta allows an hour, but a short time is enough, because the request is sent immediately.
    static let lifetime: Int64 = 300

    let clientID: String
    /// The `kid` under which Okta knows the key; nil to use the `kid` in the key's file, if there is one.
    let keyID: String?
    /// The exact URL to which the request is sent (Okta: "audience must equal the endpoint invoked").
    let audience: String

    /// - Parameter now: the time by the server's clock, in seconds since 1970.
    func signed(with key: ServiceAppKey, now: Int64) async throws -> String {
        var header = JWTHeader()
        if let keyID = keyID ?? key.keyID { header.kid = keyID }
        return try await key.sign(
            Claims(
                iss: clientID, sub: clientID, aud: audience, iat: now, exp: now + Self.lifetime, jti: UniqueID.make()),
            header: header)
    }

    private struct Claims: JWTPayload {
        var iss, sub, aud: String
        var iat, exp: Int64
        var jti: String

        func verify(using algorithm: some JWTAlgorithm) {}
    }
}

/// Makes values for `jti`, of 128 random bits each.
enum UniqueID {
    static func make() -> String {
        Base64URL.encode((0..<16).map { _ in UInt8.random(in: .min ... .max) })
    }
}

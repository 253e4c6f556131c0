import Crypto
import JWTKit

/// The key that access tokens are bound to, and the proofs of having it (DPoP, RFC 9449). It lives in memory only: a token that leaks
/// without it is worth nothing.
struct ProofKey: Sendable {
    private let key: ES256PrivateKey
    private let header: JWTHeader

    /// Makes a new one.
    init() throws {
        let secret = P256.Signing.PrivateKey()
        key = try ES256PrivateKey(backing: secret)
        let point = secret.publicKey.rawRepresentation
        header = [
            "typ": "dpop+jwt",
            "jwk": [
                "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(point.prefix(32))),
                "y": .string(Base64URL.encode(point.suffix(32))),
            ],
        ]
    }

    /// A proof for one attempt of one request.
    ///
    /// - Parameters:
    ///   - url: of the request; its query and fragment are left out, as RFC 9449, 4.2 wants `htu`.
    ///   - nonce: the last one that the server gave.
    ///   - accessToken: the one that the request carries; nil at the token endpoint.
    ///   - now: by the server's clock, in seconds since 1970.
    func proof(
        of method: HTTPMethod, _ url: String, nonce: String?, accessToken: String?, now: Int64
    ) async throws -> String {
        let keys = JWTKeyCollection()
        await keys.add(ecdsa: key)
        return try await keys.sign(
            Claims(
                jti: UniqueID.make(), htm: method.rawValue, htu: String(url.prefix { $0 != "?" && $0 != "#" }),
                iat: now,
                nonce: nonce, ath: accessToken.map { Base64URL.encode(SHA256.hash(data: Array($0.utf8))) }),
            header: header)
    }

    private struct Claims: JWTPayload {
        var jti, htm, htu: String
        var iat: Int64
        var nonce, ath: String?

        func verify(using algorithm: some JWTAlgorithm) {}
    }
}

import Crypto
import CurlHTTPClient
import JWTKit

/// The key to which access tokens are bound. It signs the proofs of possession (DPoP, RFC 9449). It exists in memory only, and a stolen token is
/// useless without it.
struct ProofKey: Sendable {
    private let key: ES256PrivateKey
    private let header: JWTHeader

    /// Creates a new key.
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

    /// A proof for one attempt at one request.
    ///
    /// - Parameters:
    ///   - url: the URL of the request. Its query and fragment are removed, as RFC 9449, 4.2 requires for `htu`.
    ///   - nonce: the latest nonce from the server.
    ///   - accessToken: the token of the request; nil at the token endpoint.
    ///   - now: the time by the server's clock, in seconds since 1970.
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

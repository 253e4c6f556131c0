import JWTKit

/// The private key with which an OAuth 2.0 service app proves its identity (`private_key_jwt`). Never printed.
package struct ServiceAppKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    enum Material: Sendable {
        case rsa(JWTKit.Insecure.RSA.PrivateKey, bits: Int)
        case p256(ES256PrivateKey)
    }

    private let material: Material
    /// The `kid` in a JWK, if there is one.
    package let keyID: String?

    /// Reads PEM (PKCS#1, PKCS#8, SEC1) or a JWK. The first character decides which.
    ///
    /// - Throws: ``PrivateKeyProblem``.
    package init(parsing text: String) throws(PrivateKeyProblem) {
        if text.first(where: { !$0.isWhitespace }) == "{" {
            let jwk = try PrivateJWK(parsing: text)
            material = jwk.material
            keyID = jwk.keyID
        } else {
            material = try PrivatePEM.read(text)
            keyID = nil
        }
    }

    /// The kind of key, in words.
    package var kind: String {
        switch material {
        case .rsa(_, let bits): "RSA, \(bits) bits"
        case .p256: "EC P-256"
        }
    }

    /// The name of the signature algorithm (RFC 7518, 3.1).
    package var algorithm: String {
        switch material {
        case .rsa: "RS256"
        case .p256: "ES256"
        }
    }

    func sign(_ claims: some JWTPayload, header: JWTHeader = JWTHeader()) async throws -> String {
        let keys = JWTKeyCollection()
        let id = header.kid.map { JWKIdentifier(string: $0) }
        switch material {
        case .rsa(let key, _): await keys.add(rsa: key, digestAlgorithm: .sha256, kid: id)
        case .p256(let key): await keys.add(ecdsa: key, kid: id)
        }
        return try await keys.sign(claims, kid: id, header: header)
    }

    /// The same text for every key of a kind, so that no log shows a secret.
    package var description: String { "private key, \(kind) (not shown)" }
    /// The same text for every key of a kind, so that no log shows a secret.
    package var debugDescription: String { description }
    /// Has no children, so that `dump` shows nothing of the key.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

import Crypto
import FoundationEssentials

/// A new key pair for a service app: EC on P-256, for ES256. Its name (`kid`) is its thumbprint (RFC 7638). The private key is never printed.
package struct NewServiceAppKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let key: P256.Signing.PrivateKey
    /// The key's name, which is also shown in the app's list of keys.
    package let keyID: String

    package init() {
        key = P256.Signing.PrivateKey()
        let (x, y) = Self.point(key)
        // RFC 7638, 3.2: the required members in lexical order, without white space.
        keyID = Base64URL.encode(
            SHA256.hash(data: Array(#"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#.utf8)))
    }

    /// The public key to register with the app, as a JWK (RFC 7517).
    package var publicJWK: String {
        let (x, y) = Self.point(key)
        return """
            {"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"\(keyID)","x":"\(x)","y":"\(y)"}
            """
    }

    /// The private key to store, as a JWK.
    package var privateJWK: [UInt8] {
        let (x, y) = Self.point(key)
        let d = Base64URL.encode(key.rawRepresentation)
        return Array(#"{"kty":"EC","crv":"P-256","kid":"\#(keyID)","x":"\#(x)","y":"\#(y)","d":"\#(d)"}"#.utf8) + [0x0A]
    }

    /// The public key that belongs to a stored ``privateJWK``; nil if the text is not JSON with `kid`, `x` and `y`.
    package static func publicJWK(of privateJWK: [UInt8]) -> String? {
        struct Form: Decodable {
            var kid, x, y: String
        }
        guard let form = try? JSONDecoder().decode(Form.self, from: Data(privateJWK)) else { return nil }
        return """
            {"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"\(form.kid)","x":"\(form.x)","y":"\(form.y)"}
            """
    }

    private static func point(_ key: P256.Signing.PrivateKey) -> (x: String, y: String) {
        let bytes = key.publicKey.rawRepresentation
        return (Base64URL.encode(bytes.prefix(32)), Base64URL.encode(bytes.suffix(32)))
    }

    package var description: String { "private key of \(keyID) (not shown)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

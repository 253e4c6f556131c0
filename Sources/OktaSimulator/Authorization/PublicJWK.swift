import Crypto
import CryptoExtras
import Foundation

/// A public JSON Web Key (RFC 7517): an RSA key, or an EC key on P-256.
struct PublicJWK: Sendable {
    private enum Material: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
    }

    private let material: Material
    let keyID: String?
    /// The key's thumbprint as defined in RFC 7638, with SHA-256.
    let thumbprint: String

    /// Reads the members of a JWK; nil if they are not a usable public key, or include the private member `d`.
    init?(_ fields: [String: Any]) {
        func text(_ name: String) -> String? { fields[name] as? String }
        guard fields["d"] == nil else { return nil }
        let canonical: String
        switch text("kty") {
        case "RSA":
            guard let n = text("n"), let e = text("e"), let modulus = Base64URL.decode(n),
                let exponent = Base64URL.decode(e),
                let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent), key.keySizeInBits >= 2048
            else { return nil }
            material = .rsa(key)
            canonical = "{\"e\":\"\(e)\",\"kty\":\"RSA\",\"n\":\"\(n)\"}"
        case "EC":
            guard text("crv") == "P-256", let x = text("x"), let y = text("y"), let left = Base64URL.decode(x),
                let right = Base64URL.decode(y), left.count == 32, right.count == 32,
                let key = try? P256.Signing.PublicKey(rawRepresentation: left + right)
            else { return nil }
            material = .p256(key)
            canonical = "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"\(x)\",\"y\":\"\(y)\"}"
        default: return nil
        }
        keyID = text("kid")
        thumbprint = Base64URL.encode(SHA256.hash(data: Data(canonical.utf8)))
    }

    /// The keys of a JWK or a JWKS; nil if it has no key, or a key that is not usable.
    static func read(_ json: String) -> [PublicJWK]? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] else {
            return nil
        }
        let items = object["keys"] as? [[String: Any]] ?? [object]
        let keys = items.compactMap(PublicJWK.init)
        return keys.isEmpty || keys.count != items.count ? nil : keys
    }

    /// Whether `signature` is this key's signature of `signed` with the algorithm `name`.
    func verifies(_ signature: [UInt8], of signed: [UInt8], algorithm name: String) -> Bool {
        let digest = SHA256.hash(data: signed)
        switch (material, name) {
        case (.rsa(let key), "RS256"):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: digest, padding: .insecurePKCS1v1_5)
        case (.p256(let key), "ES256"):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: digest)
        default: return false
        }
    }
}

/// A JWS in its compact form (RFC 7515, 7.1), parsed but not yet verified.
struct SignedJWT {
    let header: [String: Any]
    let claims: [String: Any]
    let signed: [UInt8]
    let signature: [UInt8]

    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let head = Base64URL.decode(parts[0]), let body = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2]), !signature.isEmpty,
            let header = try? JSONSerialization.jsonObject(with: Data(head)) as? [String: Any],
            let claims = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        else { return nil }
        self.header = header
        self.claims = claims
        self.signature = signature
        signed = Array("\(parts[0]).\(parts[1])".utf8)
    }

    func text(_ claim: String) -> String? { claims[claim] as? String }

    /// A claim that is a time, in whole seconds. Nil if the claim is missing or not a number (RFC 7519, 2).
    func time(_ claim: String) -> Int64? { (claims[claim] as? NSNumber)?.int64Value }
}

/// Base64 for URLs without padding (RFC 4648, 5).
enum Base64URL {
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func decode(_ text: String) -> [UInt8]? {
        guard !text.utf8.contains(where: { "+/=".utf8.contains($0) }) else { return nil }
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)).map { Array($0) }
    }
}

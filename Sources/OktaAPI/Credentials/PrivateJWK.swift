import Crypto
import CryptoExtras
import FoundationEssentials
import JWTKit

/// A private JSON Web Key (RFC 7517), alone or as the only key of a set.
struct PrivateJWK {
    let material: ServiceAppKey.Material
    let keyID: String?

    /// The maximum size of a number in a key, in bytes. Okta has no keys of more than 8192 bits.
    private static let maximumNumber = 1024

    init(parsing text: String) throws(PrivateKeyProblem) {
        guard let form = try? JSONDecoder().decode(Form.self, from: Data(text.utf8)) else { throw .damaged }
        var key = form
        if let keys = form.keys {
            guard let first = keys.first else { throw .unknownForm }
            guard keys.count == 1 else { throw .several }
            key = first
        }
        keyID = key.kid
        switch key.kty {
        case "RSA": material = try Self.rsa(key)
        case "EC": material = try Self.ec(key)
        case nil: throw .unknownForm
        default: throw .unsupported("a JWK that is neither RSA nor EC")
        }
    }

    private static func rsa(_ key: Form) throws(PrivateKeyProblem) -> ServiceAppKey.Material {
        guard let n = number(key.n), let e = number(key.e) else { throw .damaged }
        guard key.d != nil else { throw .publicKey }
        guard let d = number(key.d) else { throw .damaged }
        guard key.p != nil, key.q != nil else { throw .withoutPrimes }
        guard let p = number(key.p), let q = number(key.q), p.count > 1, q.count > 1 else { throw .damaged }
        let bits = n.count * 8 - (n.first?.leadingZeroBitCount ?? 0)
        guard bits >= 2048 else { throw .shortRSA(bits: bits) }
        // Even numbers are refused: a prime factor is never even, and Montgomery arithmetic requires an odd modulus.
        guard [n, e, p, q].allSatisfy({ $0.last.map { $0 & 1 == 1 } ?? false }),
            let numbers = try? _RSA.Signing.PrivateKey(n: n, e: e, d: d, p: p, q: q),
            let usable = try? JWTKit.Insecure.RSA.PrivateKey(backing: numbers)
        else { throw .damaged }
        return .rsa(usable, bits: bits)
    }

    private static func ec(_ key: Form) throws(PrivateKeyProblem) -> ServiceAppKey.Material {
        guard key.crv == "P-256" else { throw .unsupported("an EC key that is not on P-256") }
        guard key.d != nil else { throw .publicKey }
        guard let d = number(key.d), d.count <= 32,
            let secret = try? P256.Signing.PrivateKey(
                rawRepresentation: [UInt8](repeating: 0, count: 32 - d.count) + d)
        else { throw .damaged }
        let point = secret.publicKey.rawRepresentation
        for (given, half) in [(key.x, point.prefix(32)), (key.y, point.suffix(32))] {
            if let given, Base64URL.decode(given) != Array(half) { throw .damaged }
        }
        guard let usable = try? ES256PrivateKey(backing: secret) else { throw .damaged }
        return .p256(usable)
    }

    /// Decodes a positive number and removes leading zeros; nil if the text is not such a number, or if it is too large.
    private static func number(_ text: String?) -> [UInt8]? {
        guard let text, let bytes = Base64URL.decode(text) else { return nil }
        let plain = Array(bytes.drop { $0 == 0 })
        return plain.isEmpty || plain.count > maximumNumber ? nil : plain
    }

    private struct Form: Decodable {
        var kty, kid, crv, n, e, d, p, q, x, y: String?
        var keys: [Form]?
    }
}

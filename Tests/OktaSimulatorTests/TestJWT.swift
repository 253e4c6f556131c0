import Crypto
import Foundation

/// Encodes keys and signs JWTs for a test's client. It uses no code of the simulator, so that the simulator does not check its own code.
enum TestJWT {
    static func encoded(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func jwk(_ key: P256.Signing.PrivateKey) -> [String: String] {
        let point = key.publicKey.rawRepresentation
        return ["kty": "EC", "crv": "P-256", "x": encoded(point.prefix(32)), "y": encoded(point.suffix(32))]
    }

    static func jwt(
        _ header: [String: Any], _ claims: [String: Any], _ key: P256.Signing.PrivateKey
    ) throws -> String {
        let parts = try [header, claims].map { encoded(try JSONSerialization.data(withJSONObject: $0)) }
        let signed = parts.joined(separator: ".")
        return try "\(signed).\(encoded(key.signature(for: Data(signed.utf8)).rawRepresentation))"
    }
}

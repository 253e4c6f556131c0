import Crypto
import CryptoExtras
import JWTKit

/// Finds and reads the private key in a PEM file (RFC 7468). Everything around the key's block is skipped: openssl writes the curve's
/// parameters before an EC key, and Okta's console writes a comment.
enum PrivatePEM {
    private struct Block {
        var label: Substring
        var lines: [Substring]

        var text: String {
            "-----BEGIN \(label)-----\n\(lines.joined(separator: "\n"))\n-----END \(label)-----\n"
        }
    }

    static func read(_ text: String) throws(PrivateKeyProblem) -> ServiceAppKey.Material {
        let blocks = try blocks(in: text)
        let keys = blocks.filter { $0.label.hasSuffix("PRIVATE KEY") }
        guard let block = keys.first else { throw blocks.first.map { objection(to: $0.label) } ?? .unknownForm }
        guard keys.count == 1 else { throw .several }
        // If the key has header lines (RFC 1421), it is in openssl's traditional format and encrypted.
        guard !block.lines.contains(where: { $0.contains(":") }) else { throw .encrypted }
        switch block.label {
        case "RSA PRIVATE KEY":
            guard let key = try rsa(block.text) else { throw .damaged }
            return key
        case "EC PRIVATE KEY":
            return try ec(block.text)
        case "PRIVATE KEY":
            if let key = try rsa(block.text) { return key }
            do throws(PrivateKeyProblem) {
                return try ec(block.text)
            } catch {
                throw error == .damaged
                    ? .unsupported("a key that is damaged, or neither RSA nor P-256,") : error
            }
        default: throw objection(to: block.label)
        }
    }

    private static func blocks(in text: String) throws(PrivateKeyProblem) -> [Block] {
        var blocks: [Block] = []
        var open: Block?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingPrefix(while: \.isWhitespace)
            if line.hasPrefix("-----BEGIN "), let end = line.dropFirst(11).firstRange(of: "-----") {
                open = Block(label: line[line.index(line.startIndex, offsetBy: 11)..<end.lowerBound], lines: [])
            } else if line.hasPrefix("-----END ") {
                guard let block = open else { throw .damaged }
                blocks.append(block)
                open = nil
            } else {
                var kept = line
                while kept.last?.isWhitespace == true { kept.removeLast() }
                open?.lines.append(kept)
            }
        }
        guard open == nil else { throw .damaged }
        return blocks
    }

    private static func objection(to label: Substring) -> PrivateKeyProblem {
        if label == "ENCRYPTED PRIVATE KEY" { return .encrypted }
        if label == "OPENSSH PRIVATE KEY" { return .openSSH }
        if label.hasSuffix("PUBLIC KEY") { return .publicKey }
        if label.hasSuffix("CERTIFICATE") { return .certificate }
        return .unsupported("this kind of PEM")
    }

    /// Reads an RSA key; nil if the text contains another kind of key.
    private static func rsa(_ pem: String) throws(PrivateKeyProblem) -> ServiceAppKey.Material? {
        // The "unsafe" initializer also reads short keys. It is used so that the error can say how short the key is.
        guard let key = try? _RSA.Signing.PrivateKey(unsafePEMRepresentation: pem) else { return nil }
        guard key.keySizeInBits >= 2048, let usable = try? JWTKit.Insecure.RSA.PrivateKey(backing: key) else {
            throw .shortRSA(bits: key.keySizeInBits)
        }
        return .rsa(usable, bits: key.keySizeInBits)
    }

    private static func ec(_ pem: String) throws(PrivateKeyProblem) -> ServiceAppKey.Material {
        if let key = try? ES256PrivateKey(pem: pem) { return .p256(key) }
        if (try? P384.Signing.PrivateKey(pemRepresentation: pem)) != nil { throw .unsupported("an EC key on P-384") }
        if (try? P521.Signing.PrivateKey(pemRepresentation: pem)) != nil { throw .unsupported("an EC key on P-521") }
        throw .damaged
    }
}

import Crypto
import Foundation
import TestSupport
import Testing

@testable import OktaAPI

/// The tests create the keys with openssl instead of an encoder of their own.
@Suite(
    "A private key",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "openssl is needed"))
struct PrivateKeyTests {
    private static func openssl(_ arguments: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "/usr/bin/openssl \(arguments) 2>/dev/null"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
        return String(decoding: data, as: UTF8.self)
    }

    @Test(
        "a private key is accepted in every form that openssl writes",
        arguments: [
            ("genrsa -traditional 2048", "RSA, 2048 bits"), ("genrsa 3072", "RSA, 3072 bits"),
            ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", "EC P-256"),
            ("ecparam -name prime256v1 -genkey -noout", "EC P-256"), ("ecparam -name prime256v1 -genkey", "EC P-256"),
        ])
    func forms(command: String, kind: String) throws {
        let pem = try Self.openssl(command)
        for text in [pem, "\n  " + pem.replacing("\n", with: "\r\n"), "# from Okta\n" + pem] {
            let key = try ServiceAppKey(parsing: text)
            #expect(key.kind == kind)
            #expect(key.algorithm == (kind.hasPrefix("RSA") ? "RS256" : "ES256"))
        }
        var shown = "\(try ServiceAppKey(parsing: pem)) "
        dump(try ServiceAppKey(parsing: pem), to: &shown)
        for line in pem.split(separator: "\n").dropFirst() { #expect(!shown.contains(line)) }
    }

    @Test(
        "if a private key can't be used, the error says why",
        arguments: [
            ("genrsa 1024", .shortRSA(bits: 1024)),
            ("genrsa -aes128 -passout pass:x 2048", .encrypted),
            ("genrsa -traditional -aes128 -passout pass:x 2048", .encrypted),
            ("genrsa 2048 | openssl rsa -pubout", .publicKey),
            ("ecparam -name secp384r1 -genkey -noout", .unsupported("an EC key on P-384")),
            (
                "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521",
                .unsupported("an EC key on P-521")
            ),
            (
                "genpkey -algorithm ed25519",
                .unsupported("a key that is damaged, or neither RSA nor P-256,")
            ),
            ("req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=x", .certificate),
            ("version", .unknownForm),
        ] as [(String, PrivateKeyProblem)])
    func refused(command: String, problem: PrivateKeyProblem) throws {
        let text = try Self.openssl(command)
        #expect(throws: problem) { try ServiceAppKey(parsing: text) }
        for line in text.split(separator: "\n") where line.count > 20 { #expect(!problem.description.contains(line)) }
    }

    @Test(
        "a JWK is accepted alone or in a set, and its kid is used; without the member d, it is refused as a public key")
    func jwk() throws {
        let key = P256.Signing.PrivateKey()
        let point = key.publicKey.rawRepresentation
        func form(_ more: String) -> String {
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"x\":\"\(Base64URL.encode(point.prefix(32)))\","
                + "\"y\":\"\(Base64URL.encode(point.suffix(32)))\"\(more)}"
        }
        let d = ",\"d\":\"\(Base64URL.encode(key.rawRepresentation))\""
        #expect(try ServiceAppKey(parsing: " " + form(d)).kind == "EC P-256")
        #expect(try ServiceAppKey(parsing: "{\"keys\":[\(form(d))]}").keyID == "k1")
        #expect(throws: PrivateKeyProblem.several) {
            try ServiceAppKey(parsing: "{\"keys\":[\(form(d)),\(form(d))]}")
        }
        #expect(throws: PrivateKeyProblem.publicKey) { try ServiceAppKey(parsing: form("")) }
        // This JWK has the public point of one key and the private number d of another.
        let other = ",\"d\":\"\(Base64URL.encode(P256.Signing.PrivateKey().rawRepresentation))\""
        #expect(throws: PrivateKeyProblem.damaged) { try ServiceAppKey(parsing: form(other)) }
    }

    @Test(
        "a meaningless JWK is refused without a crash",
        arguments: [
            "{}", "{\"keys\":[]}", "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
            "{\"kty\":\"EC\",\"crv\":\"P-384\",\"d\":\"AA\"}",
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"AA\"}", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"!\"}",
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"\(String(repeating: "_", count: 43))\"}",
            "{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\",\"d\":\"AQ\"}", "{\"kty\":\"RSA\"}",
            "{\"kty\":\"RSA\",\"n\":\"\(String(repeating: "_", count: 342))\",\"e\":\"AQAB\",\"d\":\"AQ\",\"p\":\"AQ\",\"q\":\"AQ\"}",
            "{\"kty\":\"RSA\",\"n\":\"\(String(repeating: "_", count: 344))\",\"e\":\"AQAB\",\"d\":\"\(String(repeating: "_", count: 344))\",\"p\":\"\(String(repeating: "_", count: 172))\",\"q\":\"\(String(repeating: "_", count: 172))\"}",
            "{\"kty\":\"RSA\",\"n\":\"\(String(repeating: "_", count: 40_000))\",\"e\":\"AQAB\",\"d\":\"AQ\",\"p\":\"Aw\",\"q\":\"Aw\"}",
            "{\"kty\":7}", "{", "{\"keys\":{}}",
        ])
    func nonsense(text: String) {
        #expect(throws: PrivateKeyProblem.self) { try ServiceAppKey(parsing: text) }
    }

    @Test("base64url accepts only its own alphabet")
    func base64URL() {
        var generator = SeededGenerator(seed: TestSeed.seed(of: "base64url"))
        for count in 0..<70 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
        for text in ["A", "-_8=", "+/8", "A B", "ä"] { #expect(Base64URL.decode(text) == nil) }
    }
}

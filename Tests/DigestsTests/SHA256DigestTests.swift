import Digests
import Testing

@Suite("SHA-256")
struct SHA256DigestTests {
    /// The examples of FIPS 180-4: a text, how often it is repeated, and the digest. The text is not written out, because the log prints each
    /// argument.
    private static let messages: [(String, Int, String)] = [
        ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test(
        "the digests of the standard's examples are correct, whether the message is added in one piece or in several",
        arguments: messages)
    func standard(text: String, count: Int, digest: String) throws {
        let sha = try #require(SHA256Digest())
        let bytes = Array(String(repeating: text, count: count).utf8)
        for step in [1_000_000, 4_096, 63] {
            #expect(sha.start())
            for start in stride(from: 0, to: bytes.count, by: step) {
                let piece = bytes[start..<min(start + step, bytes.count)]
                #expect(piece.withUnsafeBytes { sha.update($0) })
            }
            #expect(Self.hexadecimal(try #require(sha.finish())) == digest)
        }
        guard !bytes.isEmpty else { return }
        var whole = [UInt8](repeating: 0, count: 32)
        #expect(sha.digest(bytes, bytes.count, into: &whole))
        #expect(Self.hexadecimal(whole) == digest)
        let leading = try #require(bytes.withUnsafeBytes { sha.leading128Bits(of: $0) })
        #expect(String(leading.high, radix: 16) == digest.prefix(16))
        #expect(leading.low == UInt64(digest.dropFirst(16).prefix(16), radix: 16))
    }

    @Test("if a message was begun and not finished, the digest of the next message is still correct")
    func abandoned() throws {
        let sha = try #require(SHA256Digest())
        #expect(sha.start())
        #expect(Array("abc".utf8).withUnsafeBytes { sha.update($0) })
        #expect(sha.start())
        #expect(sha.finish().map(Self.hexadecimal) == Self.messages[0].2)
    }
}

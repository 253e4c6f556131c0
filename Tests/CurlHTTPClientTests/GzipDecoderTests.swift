import Testing

@testable import CurlHTTPClient

@Suite("Decoding a gzip body")
struct GzipDecoderTests {
    /// `[1,2]`, compressed by gzip(1).
    private static let first: [UInt8] = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3, 0x8B, 0x36, 0xD4, 0x31, 0x8A, 5, 0, 0xBF, 0x50, 0x8B, 8, 5, 0, 0, 0,
    ]
    /// `[3]`, compressed by gzip(1).
    private static let second: [UInt8] = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3, 0x8B, 0x36, 0x8E, 5, 0, 0x3A, 0x50, 0x19, 0x7E, 3, 0, 0, 0,
    ]

    /// Decodes `bytes` in pieces of `size` bytes.
    private func unpack(_ bytes: [UInt8], by size: Int) throws -> (GzipDecoder.Outcome, body: String, isAtEnd: Bool) {
        let decoder = try #require(GzipDecoder())
        var body: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let outcome = bytes[start..<min(start + size, bytes.count)].withUnsafeBytes {
                decoder.decode($0, into: &body, limit: 1_000)
            }
            if outcome != .good { return (outcome, String(decoding: body, as: UTF8.self), decoder.isAtEnd) }
        }
        return (.good, String(decoding: body, as: UTF8.self), decoder.isAtEnd)
    }

    @Test(
        "zero bytes after the body are ignored, whatever the size of the pieces", arguments: [1, 2, 7, 25, 26, 1_000])
    func padded(size: Int) throws {
        for zeros in [0, 1, 16, 512] {
            let result = try unpack(Self.first + [UInt8](repeating: 0, count: zeros), by: size)
            #expect(result == (.good, "[1,2]", true), "\(zeros) zeros")
        }
        let members = try unpack(Self.first + Self.second + [0, 0, 0], by: size)
        #expect(members == (.good, "[1,2][3]", true))
    }

    @Test("other bytes after the body are an error, even after zeros", arguments: [1, 2, 7, 25, 26, 1_000])
    func trailing(size: Int) throws {
        for rest in [[0x41, 0x42], Array("\r\n".utf8), [0, 0, 0x41], [0] + Self.second, [0x1F, 0x8C, 0]] {
            #expect(try unpack(Self.first + rest, by: size).0 == .broken, "\(rest)")
        }
    }

    @Test("after an incomplete body, isAtEnd is false", arguments: [1, 9, 1_000])
    func cut(size: Int) throws {
        for length in [5, 12, Self.first.count - 1, Self.first.count + 4] {
            #expect(try !unpack(Array((Self.first + Self.second).prefix(length)), by: size).isAtEnd, "\(length) bytes")
        }
    }
}

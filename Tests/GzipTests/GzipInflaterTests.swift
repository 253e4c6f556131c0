import CZlib
import Gzip
import TestSupport
import Testing

@Suite("Decompressing gzip")
struct GzipInflaterTests {
    /// Decompresses `bytes` in pieces of `step` bytes, into a buffer of `room` bytes. Stops when there are more than `limit` bytes of output.
    private static func unpacked(
        _ bytes: [UInt8], step: Int, room: Int, limit: Int = .max
    ) throws -> (bytes: [UInt8], outcome: GzipInflater.Outcome, inflater: GzipInflater) {
        let inflater = try #require(GzipInflater())
        var found: [UInt8] = []
        var outcome = GzipInflater.Outcome.good
        for start in stride(from: 0, to: bytes.count, by: step) where outcome == .good {
            outcome = bytes[start..<min(start + step, bytes.count)].withUnsafeBytes { piece in
                withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { space in
                    inflater.inflate(piece, room: space) { part in
                        found += part
                        return found.count <= limit
                    }
                }
            }
        }
        return (found, outcome, inflater)
    }

    private static let plain = Array(String(repeating: "{\"uuid\":1},", count: 1_000).utf8)

    @Test(
        "decompressing gives the original bytes, whatever the sizes of the pieces and of the buffer",
        arguments: [1, 7, 64, 100_000],
        [1, 13, 100_000])
    func pieces(step: Int, room: Int) throws {
        let result = try Self.unpacked(gzip(Self.plain), step: step, room: room)
        #expect(result.outcome == .good)
        #expect(result.bytes == Self.plain)
        #expect(!result.inflater.isInsideMember && result.inflater.members == 1)
    }

    @Test("the contents of several gzip members are joined", arguments: [1, 100_000])
    func members(step: Int) throws {
        let members = gzip(Self.plain) + gzip([]) + gzip(Self.plain)
        let result = try Self.unpacked(members, step: step, room: 1_000)
        #expect(result.bytes == Self.plain + Self.plain)
        #expect(!result.inflater.isInsideMember && result.inflater.members == 3)
    }

    @Test("zero bytes after the last member are ignored, whatever the size of the pieces", arguments: [1, 7, 100_000])
    func padded(step: Int) throws {
        for zeros in [1, 16, 512] {
            let padding = [UInt8](repeating: 0, count: zeros)
            let result = try Self.unpacked(gzip(Self.plain) + padding, step: step, room: 1_000)
            #expect(result.outcome == .good && result.bytes == Self.plain)
            #expect(!result.inflater.isInsideMember && result.inflater.members == 1)
        }
    }

    @Test("other bytes after the last member are an error, even after zeros", arguments: [1, 7, 100_000])
    func trailing(step: Int) throws {
        for rest in [[0x41, 0x42], [0, 0, 0x41], [0] + gzip(Self.plain), [0x1F, 0x8C, 0]] {
            let result = try Self.unpacked(gzip(Self.plain) + rest, step: step, room: 1_000)
            #expect(result.outcome == .broken(Z_DATA_ERROR), "\(rest.prefix(4))")
        }
    }

    @Test("after incomplete input, isInsideMember is true or members is 0")
    func cut() throws {
        let packed = gzip(Self.plain)
        #expect(try Self.unpacked(Array(packed.dropLast()), step: 10, room: 1_000).inflater.isInsideMember)
        #expect(try Self.unpacked(packed + packed.prefix(5), step: 10, room: 1_000).inflater.isInsideMember)
        #expect(try Self.unpacked([], step: 10, room: 1_000).inflater.members == 0)
    }

    @Test("decompressing stops when the caller wants no more bytes, or at an error")
    func stops() throws {
        let packed = gzip(Self.plain)
        let stopped = try Self.unpacked(packed, step: 100_000, room: 100, limit: 1_000)
        #expect(stopped.outcome == .stopped)
        #expect(stopped.bytes.count == 1_100)
        var damaged = packed
        damaged[packed.count - 6] ^= 1
        #expect(try Self.unpacked(damaged, step: 100_000, room: 1_000).outcome == .broken(Z_DATA_ERROR))
        #expect(try Self.unpacked(Array("[]".utf8), step: 10, room: 10).outcome == .broken(Z_DATA_ERROR))
    }
}

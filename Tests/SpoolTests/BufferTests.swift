import Testing

@testable import Spool

@Suite("buffers of the spool")
struct BufferTests {
    @Test("a buffer keeps its bytes while it grows from a few bytes to many megabytes")
    func growth() {
        let store = ByteStore(capacity: 64)
        var piece = [UInt8](repeating: 0, count: 10_007)
        for number in 0..<1_000 {
            for index in piece.indices { piece[index] = UInt8(truncatingIfNeeded: number &+ index) }
            piece.withUnsafeBytes { store.append($0) }
        }
        #expect(store.count == 10_007_000)
        let wrong = store.bytes.enumerated().first { position, byte in
            byte != UInt8(truncatingIfNeeded: position / 10_007 &+ position % 10_007)
        }
        #expect(wrong == nil)
    }

    @Test("a partition gets the smallest free buffer that has room for its lines")
    func fit() {
        let scratch = SpoolScratch()
        let sizes = [2 << 20, 300 << 10, 1 << 20]
        let buffers = sizes.map { scratch.borrowBuffer(for: $0) }
        for buffer in buffers { scratch.giveBack(buffer) }
        #expect(scratch.borrowBuffer(for: 900 << 10) === buffers[2])
        #expect(scratch.borrowBuffer(for: 900 << 10) === buffers[0])
        #expect(scratch.borrowBuffer(for: 900 << 10).capacity >= 900 << 10)
        #expect(scratch.borrowBuffer(for: 0) === buffers[1])
    }

    @Test("free buffers take no more memory than their limit, and the buffers that were returned last are kept")
    func bound() {
        let scratch = SpoolScratch()
        let size = SpoolScratch.keptBufferBytes / 4
        let buffers = (0..<6).map { _ in ByteStore(capacity: size) }
        for buffer in buffers { scratch.giveBack(buffer) }
        let kept = (0..<4).map { _ in scratch.borrowBuffer(for: size) }
        #expect(kept.allSatisfy { buffer in buffers[2...].contains { $0 === buffer } })
        let further = scratch.borrowBuffer(for: size)
        #expect(!buffers.contains { $0 === further })
    }
}

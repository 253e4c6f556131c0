import Synchronization
import Testing

@testable import Spool

/// The records of a large page are compressed before their commit, which saves memory.
@Suite struct EarlyCompressionTests {
    @Test(
        "the lines of a large commit are compressed piece by piece, and a loader reads all of them",
        arguments: Compression.allCases)
    func pieces(compression: Compression) throws {
        var collection = try SimulatedCollection(compression: compression)
        collection.batch = collection.total
        let writer = try collection.open(ScriptedFileSystem())
        for number in 0..<collection.total { try SimulatedCollection.append(number, to: writer) }
        let lines = writer.partitions.partitions.compactMap { $0.buffer?.count }
        #expect(lines.count > 2)
        if compression != .none {
            // A partition keeps at most one piece uncompressed, and additionally the record that completes the piece.
            #expect(
                lines.allSatisfy {
                    $0 <= collection.settings.packedPieceBytes + SimulatedCollection.record(0).utf8.count + 2
                })
            #expect(writer.partitions.partitions.contains { $0.packed != nil })
        }
        try writer.commit(cursor: String(collection.total), at: SimulatedCollection.instant())
        #expect(writer.partitions.partitions.allSatisfy { $0.packed == nil && $0.buffer == nil })
        try writer.seal(at: SimulatedCollection.instant())
        try collection.expectExactlyOnce("\(compression)")
    }

    @Test("records that were compressed and then discarded are not in a later commit")
    func discarded() throws {
        let collection = try SimulatedCollection()
        let writer = try collection.open(ScriptedFileSystem())
        for number in 0..<collection.total { try SimulatedCollection.append(number, to: writer) }
        writer.discard()
        try collection.collect(writer, models: false)
        try writer.seal(at: SimulatedCollection.instant(1_000))
        try collection.expectExactlyOnce("after a discard")
    }

    @Test(
        "if a seal begins a journal with a newly configured compression, records that were compressed but not committed must be appended again"
    )
    func changedCompression() throws {
        let isDiskFull = Mutex(false)
        let collection = try SimulatedCollection()
        let writer = try collection.open(
            ScriptedFileSystem { _, operation, path in
                operation == .rename && isDiskFull.withLock(\.self) ? .fail(28) : nil
            })
        try collection.collect(writer, upTo: 8, models: false)
        isDiskFull.withLock { $0 = true }
        // The seal fails before it is decided, so the next commit has to finish the seal first.
        #expect(throws: SpoolError.self) { try writer.seal(at: SimulatedCollection.instant(8)) }
        for number in 8..<collection.total { try SimulatedCollection.append(number, to: writer) }
        #expect(writer.partitions.partitions.contains { $0.packed != nil })
        isDiskFull.withLock { $0 = false }
        var changed = collection.settings
        changed.compression = .gzip
        writer.spool.adopt(changed)
        #expect(throws: SpoolError.stalePartition) {
            try writer.commit(cursor: String(collection.total), at: SimulatedCollection.instant(9))
        }
        #expect(writer.cursor == "8")
        try collection.collect(writer, models: false)
        try writer.seal(at: SimulatedCollection.instant(1_000))
        try collection.expectExactlyOnce("after the change")
    }
}

/// A partition of the journal's generation, for `SpoolWriter.append`. Good until the next commit or seal.
package struct PartitionID: Sendable, Hashable {
    let index: Int
    let epoch: Int
}

/// What is known of a run of records without looking into them.
struct RecordSummary: Equatable {
    var records = 0
    /// Uncompressed, newlines included.
    var bytes = 0
    /// Event times in milliseconds; they mean nothing while `records` is 0.
    var firstTime = Int64.max
    var lastTime = Int64.min

    mutating func add(_ other: RecordSummary) {
        records += other.records
        bytes += other.bytes
        firstTime = min(firstTime, other.firstTime)
        lastTime = max(lastTime, other.lastTime)
    }
}

/// Where a committed chunk of a partition lies in the journal.
struct ChunkReference: Equatable {
    var offset: Int64
    /// Bytes in the journal, as packed.
    var stored: Int
    var crc: UInt32
    /// `none`: lines as they are, to be packed at sealing.
    var encoding: Compression
}

/// A partition with records that are buffered or committed, none sealed.
struct OpenPartition {
    let path: PartitionPath
    /// Lines since the last commit; lent by the scratch while there are any.
    var buffer: ByteStore?
    var buffered = RecordSummary()
    var chunks: [ChunkReference] = []
    var committed = RecordSummary()
}

/// The partitions of a generation, each found by its path.
struct PartitionTable {
    /// Above what one page of events can touch, so that a seal between pages always comes in time.
    static let limit = 4_096

    private(set) var epoch = 0
    var partitions: [OpenPartition] = []
    private var indices: [PartitionPath: Int] = [:]

    var committed: RecordSummary {
        partitions.reduce(into: RecordSummary()) { $0.add($1.committed) }
    }

    mutating func index(_ path: PartitionPath) throws(SpoolError) -> Int {
        if let known = indices[path] { return known }
        guard partitions.count < Self.limit else { throw .tooMuch(what: "partitions at once", limit: Self.limit) }
        partitions.append(OpenPartition(path: path))
        indices[path] = partitions.count - 1
        return partitions.count - 1
    }

    /// A new generation: nothing is committed but what it carries over, and ids of the old one are refused. What is buffered stays: a commit
    /// that finishes an earlier seal still has to write it.
    mutating func reset(carrying chunks: [PartitionPath: [ChunkReference]]) {
        epoch += 1
        partitions.removeAll { $0.buffered.records == 0 && chunks[$0.path] == nil }
        indices.removeAll(keepingCapacity: false)
        for index in partitions.indices {
            let carried = chunks[partitions[index].path]
            partitions[index].chunks = carried ?? []
            if carried == nil { partitions[index].committed = RecordSummary() }
            indices[partitions[index].path] = index
        }
    }

    /// Takes in what a frame holds, its chunks beginning at an offset.
    mutating func add(_ frame: CommitFrame, at start: Int64) throws(SpoolError) {
        var offset = start
        for chunk in frame.chunks {
            let index = try index(chunk.path)
            partitions[index].committed.add(chunk.summary)
            partitions[index].chunks.append(
                ChunkReference(offset: offset, stored: chunk.stored, crc: chunk.crc, encoding: chunk.encoding))
            offset += Int64(chunk.stored)
        }
    }

    /// Takes over what recovery read; ids given out before are refused.
    mutating func replace(with other: PartitionTable) {
        let next = epoch + 1
        self = other
        epoch = next
    }
}

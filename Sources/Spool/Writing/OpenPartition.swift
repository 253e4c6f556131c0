/// The handle of a partition in the journal's present generation, for `SpoolWriter.append`. It becomes invalid when the next generation begins or the
/// journal is read again.
package struct PartitionID: Sendable, Hashable {
    let index: Int
    let epoch: Int
}

/// The number, the size and the event times of some records.
struct RecordSummary: Equatable {
    var records = 0
    /// Uncompressed size, including newlines.
    var bytes = 0
    /// The smallest event time in milliseconds; meaningless while `records` is 0.
    var firstTime = Int64.max
    /// The largest event time in milliseconds; meaningless while `records` is 0.
    var lastTime = Int64.min

    mutating func add(_ other: RecordSummary) {
        records += other.records
        bytes += other.bytes
        firstTime = min(firstTime, other.firstTime)
        lastTime = max(lastTime, other.lastTime)
    }
}

/// Where a committed chunk of a partition is in the journal.
struct ChunkReference: Equatable {
    var offset: Int64
    /// The number of bytes that the chunk takes in the journal, compressed or not.
    var stored: Int
    var crc: UInt32
    /// The chunk's compression. `none` means plain lines, which are compressed when they are sealed.
    var encoding: Compression
}

/// Lines that were compressed before their commit, so that a large page takes less memory than its uncompressed size.
struct PackedLines {
    /// The compression of the frames; never `none`.
    let compression: Compression
    /// Complete frames, in a buffer borrowed from the scratch.
    let frames: ByteStore
}

/// A partition with buffered or committed records, none of them sealed.
struct OpenPartition {
    let path: PartitionPath
    /// Lines since the last commit that are not compressed yet, in a buffer borrowed from the scratch; nil if there are none.
    var buffer: ByteStore?
    /// The lines before those in `buffer`, already compressed; nil if there are none.
    var packed: PackedLines?
    /// The size that a buffer needs for the next commit's lines, if the commit is as large as the last one. Bytes.
    var expectedBytes = 0
    /// All lines since the last commit.
    var buffered = RecordSummary()
    var chunks: [ChunkReference] = []
    var committed = RecordSummary()
}

/// The partitions of a generation, indexed by path.
struct PartitionTable {
    /// The maximum number of partitions. A page of events touches fewer partitions than this, so a seal between two pages always comes early enough.
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

    /// Begins a new generation. Only the carried records count as committed. Partition ids of the old generation are refused. Buffered records stay:
    /// a commit may first have to finish an earlier seal, and then writes the buffered records into the new generation.
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

    /// Adds the contents of a frame whose chunks begin at the offset `start` of the journal.
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

    /// Replaces the table with the one that recovery has read. Partition ids that were created earlier are refused.
    mutating func replace(with other: PartitionTable) {
        let next = epoch + 1
        self = other
        epoch = next
    }
}

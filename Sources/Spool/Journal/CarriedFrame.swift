/// The frame that carries partitions over from one generation to the next: its description, and where its bytes are in the old journal.
///
/// Consecutive chunks of a partition are concatenated into one if they have the same encoding. For plain lines this is always valid; zstd and gzip
/// define a concatenation of frames as valid, too.
struct CarriedFrame {
    private var frame: CommitFrame
    /// Where the chunks are in the old journal, in the order in which the new journal stores them.
    private var sources: [ChunkReference] = []
    private let old: OpenFile
    private let descriptionLength: Int

    /// All records of the frame were committed at the time `committed` or later, in wall-clock milliseconds.
    init(_ partitions: [OpenPartition], cursor: String?, committed: Int64, from old: OpenFile) {
        frame = CommitFrame(committed: committed, cursor: cursor ?? "", chunks: [], updates: [])
        self.old = old
        for partition in partitions {
            // The first chunk's entry gets the summary of the whole partition, because there are no summaries of individual chunks.
            var summary = partition.committed
            var encoding: Compression?
            for chunk in partition.chunks {
                sources.append(chunk)
                if encoding == chunk.encoding, var last = frame.chunks.popLast() {
                    last.crc = CRC32.combined(last.crc, chunk.crc, secondLength: chunk.stored)
                    last.stored += chunk.stored
                    frame.chunks.append(last)
                } else {
                    encoding = chunk.encoding
                    frame.chunks.append(
                        CommitFrame.Chunk(
                            path: partition.path, encoding: chunk.encoding, summary: summary, stored: chunk.stored,
                            crc: chunk.crc))
                    summary = RecordSummary()
                }
            }
        }
        descriptionLength = CommitFrame.descriptionLength(
            cursor: frame.cursor, paths: frame.chunks.lazy.map(\.path), updates: [])
    }

    private var dataLength: Int { frame.chunks.reduce(0) { $0 + $1.stored } }
    var length: Int64 { Int64(CommitFrame.headerLength + descriptionLength + dataLength) }

    /// The position of each chunk in the new journal, whose header has the length `headerLength`.
    func references(headerLength: Int64) -> [PartitionPath: [ChunkReference]] {
        var references: [PartitionPath: [ChunkReference]] = [:]
        var offset = headerLength + Int64(CommitFrame.headerLength + descriptionLength)
        for chunk in frame.chunks {
            references[chunk.path, default: []].append(
                ChunkReference(offset: offset, stored: chunk.stored, crc: chunk.crc, encoding: chunk.encoding))
            offset += Int64(chunk.stored)
        }
        return references
    }

    /// Appends the frame to the scratch, without the bytes of the chunks.
    func encode(headerChecksum: UInt32, at offset: Int64, _ scratch: SpoolScratch) {
        let description = scratch.description
        description.removeAll()
        frame.encode(into: description)
        CommitFrame.encodeHeader(
            CommitFrame.carriedType, headerChecksum: headerChecksum, offset: offset, description: description.bytes,
            dataLength: UInt64(dataLength), into: scratch.frame)
        scratch.frame.append(description.bytes)
        description.removeAll(keeping: SpoolScratch.keptBytes)
    }

    /// Copies the chunks and verifies the checksum of each.
    func copy(
        to new: OpenFile, at start: Int64, _ scratch: SpoolScratch, _ fileSystem: any FileSystem
    ) throws(SpoolError) {
        var target = start
        for chunk in sources {
            try chunk.forEachPiece(old, scratch, fileSystem) { (piece) throws(SpoolError) in
                try fileSystem.write(new, at: target, piece)
                target += Int64(piece.count)
            }
        }
    }
}

extension ChunkReference {
    /// Reads a chunk's stored bytes in pieces of bounded size. Throws `damaged` if the bytes differ from the committed bytes, but only after `body`
    /// has received them.
    func forEachPiece(
        _ file: OpenFile, _ scratch: SpoolScratch, _ fileSystem: any FileSystem,
        _ body: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        let input = scratch.input
        input.removeAll()
        var found: UInt32 = 0
        var done = 0
        while done < stored {
            let space = UnsafeMutableRawBufferPointer(
                rebasing: input.space(atLeast: SpoolScratch.pieceBytes).prefix(
                    min(stored - done, SpoolScratch.pieceBytes)))
            let count = try fileSystem.read(file, at: offset + Int64(done), into: space)
            guard count > 0 else {
                throw .damaged(path: file.path, reason: "the file ends too early, after \(offset + Int64(done)) bytes")
            }
            let piece = UnsafeRawBufferPointer(rebasing: space.prefix(count))
            found = CRC32.of(piece, continuing: found)
            try body(piece)
            done += count
        }
        guard found == crc else {
            throw .damaged(path: file.path, reason: "the checksum of the chunk at offset \(offset) does not match")
        }
    }
}

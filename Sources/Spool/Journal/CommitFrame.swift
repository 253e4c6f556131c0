/// The description in a commit's frame: the cursor, the partition and the size of each chunk, and the changes to each window.
/// See `Journal` for the bytes.
struct CommitFrame {
    static let type: UInt32 = 1
    /// The type of the frame directly after the header. That frame holds the records of the previous generation that were not sealed.
    static let carriedType: UInt32 = 2
    /// Type, length of the description, length of the chunks, and checksum.
    static let headerLength = 4 + 4 + 8 + 4

    struct Chunk {
        var path: PartitionPath
        var encoding: Compression
        var summary: RecordSummary
        var stored: Int
        var crc: UInt32
    }

    /// The time of the commit, in wall-clock milliseconds. In a carried frame, all records were committed at this time or later.
    var committed: Int64
    var cursor: String
    var chunks: [Chunk]
    var updates: [IdentityUpdate] = []

    static func descriptionLength(
        cursor: String, paths: some Sequence<PartitionPath>, updates: [IdentityUpdate]
    ) -> Int {
        let fixed = updates.reduce(8 + 4 + cursor.utf8.count + 4 + 1) {
            $0 + $1.encodedLength
        }
        return paths.reduce(fixed) { $0 + 2 + 2 + $1.stored.utf8.count + 4 + 8 + 8 + 8 + 8 + 4 }
    }

    func encode(into store: ByteStore) {
        store.append(committed)
        store.append(cursor, length: UInt32.self)
        store.append(UInt32(chunks.count))
        for chunk in chunks {
            store.append(byte: chunk.path.kind.rawValue)
            store.append(byte: chunk.encoding.code)
            store.append(chunk.path.stored, length: UInt16.self)
            store.append(UInt32(chunk.summary.records))
            store.append(chunk.summary.firstTime)
            store.append(chunk.summary.lastTime)
            store.append(UInt64(chunk.summary.bytes))
            store.append(UInt64(chunk.stored))
            store.append(chunk.crc)
        }
        store.append(byte: UInt8(updates.count))
        for update in updates { update.encode(into: store) }
    }

    /// Decodes a frame's description. Nil if the bytes are not valid in a journal of this version.
    init?(_ description: UnsafeRawBufferPointer, version: UInt32) {
        var cursor = ByteCursor(description)
        guard let committed = cursor.integer(Int64.self), let position = cursor.text(length: UInt32.self),
            let count = cursor.integer(UInt32.self), count <= PartitionTable.limit
        else { return nil }
        self.committed = committed
        self.cursor = position
        chunks = []
        for _ in 0..<count {
            guard let kind = cursor.integer(UInt8.self).flatMap(PartitionKind.init(rawValue:)),
                let encoding = cursor.integer(UInt8.self).flatMap(Compression.init),
                let text = cursor.text(length: UInt16.self), let path = try? PartitionPath(stored: text, kind: kind),
                let records = cursor.integer(UInt32.self), let first = cursor.integer(Int64.self),
                let last = cursor.integer(Int64.self),
                let bytes = cursor.integer(UInt64.self).flatMap(Int.init(exactly:)),
                let stored = cursor.integer(UInt64.self).flatMap(Int.init(exactly:)),
                let crc = cursor.integer(UInt32.self)
            else { return nil }
            let summary = RecordSummary(records: Int(records), bytes: bytes, firstTime: first, lastTime: last)
            chunks.append(Chunk(path: path, encoding: encoding, summary: summary, stored: stored, crc: crc))
        }
        if version >= 2 {
            guard let count = cursor.integer(UInt8.self), count <= IdentityWindow.limit else { return nil }
            for _ in 0..<count {
                guard let update = IdentityUpdate(&cursor, version: version) else { return nil }
                updates.append(update)
            }
        }
        guard cursor.isAtEnd else { return nil }
    }

    init(committed: Int64, cursor: String, chunks: [Chunk], updates: [IdentityUpdate]) {
        self.committed = committed
        self.cursor = cursor
        self.chunks = chunks
        self.updates = updates
    }

    /// Appends to the store the fields that come before a frame's description.
    static func encodeHeader(
        _ type: UInt32, headerChecksum: UInt32, offset: Int64, description: UnsafeRawBufferPointer, dataLength: UInt64,
        into store: ByteStore
    ) {
        let length = UInt32(description.count)
        store.append(type)
        store.append(length)
        store.append(dataLength)
        store.append(
            checksum(
                headerChecksum: headerChecksum, offset: offset, type: type, descriptionLength: length,
                dataLength: dataLength, description: description))
    }

    /// The checksum over a frame except its chunks, which have checksums of their own. The checksum covers the header's checksum and the frame's
    /// offset, so that a frame of another journal or from another position is never accepted.
    static func checksum(
        headerChecksum: UInt32, offset: Int64, type: UInt32, descriptionLength: UInt32, dataLength: UInt64,
        description: UnsafeRawBufferPointer
    ) -> UInt32 {
        var crc = CRC32.of(offset, continuing: headerChecksum)
        crc = CRC32.of(type, continuing: crc)
        crc = CRC32.of(descriptionLength, continuing: crc)
        crc = CRC32.of(dataLength, continuing: crc)
        return CRC32.of(description, continuing: crc)
    }
}

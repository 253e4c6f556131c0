/// The first bytes of a journal: whose it is, where its cursor starts, and how the generation before was sealed. See `Journal`.
struct JournalHeader: Equatable {
    static let magic: [UInt8] = Array("TRIBJNL\n".utf8)
    static let version: UInt32 = 1
    /// Magic, version and length: the same in every version, as is the checksum at the end, so that damage and a newer format can be told apart.
    static let prefixLength = 16
    /// 4,096 partitions with a kilobyte each are a sixteenth of it.
    static let maximumLength = 64 << 20

    /// 16 bytes.
    var spoolID: [UInt8]
    var integration: String
    /// From 1.
    var generation: UInt64
    /// Wall-clock milliseconds.
    var created: Int64
    /// How the segments of this generation are packed.
    var compression: Compression
    var cursor: String?
    /// What became of the generation before; nil in the first.
    var seal: SealPlan?

    /// The header's bytes and their checksum, which every frame's checksum goes on from.
    func encode(into store: ByteStore) -> UInt32 {
        store.removeAll()
        Self.magic.withUnsafeBytes { store.append($0) }
        store.append(Self.version)
        store.append(UInt32(0))
        spoolID.withUnsafeBytes { store.append($0) }
        store.append(generation)
        store.append(created)
        store.append(byte: compression.code)
        store.append(byte: cursor == nil ? 0 : 1)
        store.append(integration, length: UInt16.self)
        store.append(cursor ?? "", length: UInt32.self)
        store.append(byte: seal == nil ? 0 : 1)
        if let seal {
            store.append(seal.manifestLength)
            store.append(UInt32(seal.segments.count))
            for segment in seal.segments {
                store.append(segment.path, length: UInt16.self)
                store.append(segment.line, length: UInt32.self)
            }
        }
        store.overwrite(at: 12, UInt32(store.count + 4))
        let crc = CRC32.of(store.bytes)
        store.append(crc)
        return crc
    }

    /// Reads a header that `length` found whole. Nil when its contents make no sense although its checksum does.
    init?(payload: UnsafeRawBufferPointer) {
        var cursor = ByteCursor(payload)
        guard let spoolID = cursor.bytes(16), let generation = cursor.integer(UInt64.self),
            let created = cursor.integer(Int64.self),
            let compression = cursor.integer(UInt8.self).flatMap(Compression.init),
            let hasCursor = cursor.integer(UInt8.self), let integration = cursor.text(length: UInt16.self),
            let position = cursor.text(length: UInt32.self), let hasSeal = cursor.integer(UInt8.self)
        else { return nil }
        self.spoolID = Array(spoolID)
        self.generation = generation
        self.created = created
        self.compression = compression
        self.integration = integration
        self.cursor = hasCursor == 1 ? position : nil
        seal = nil
        guard hasSeal == 1 else { return }
        guard let manifestLength = cursor.integer(Int64.self), let count = cursor.integer(UInt32.self), generation > 1
        else { return nil }
        var plan = SealPlan(generation: generation - 1, manifestLength: manifestLength, segments: [])
        for _ in 0..<count {
            guard let path = cursor.text(length: UInt16.self), let line = cursor.text(length: UInt32.self) else {
                return nil
            }
            plan.segments.append(PlannedSegment(path: path, line: line))
        }
        guard cursor.isAtEnd else { return nil }
        seal = plan
    }

    init(
        spoolID: [UInt8], integration: String, generation: UInt64, created: Int64, compression: Compression,
        cursor: String?,
        seal: SealPlan?
    ) {
        self.spoolID = spoolID
        self.integration = integration
        self.generation = generation
        self.created = created
        self.compression = compression
        self.cursor = cursor
        self.seal = seal
    }
}

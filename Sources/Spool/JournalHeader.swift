/// The first bytes of a journal: whose it is, where its cursor starts, and how the generation before was sealed. See `Journal`.
struct JournalHeader: Equatable {
    static let magic: [UInt8] = Array("TRIBJNL\n".utf8)
    /// Version 1 had no windows of identities, version 2 one time a commit in them. Both are read, and no longer written.
    static let version: UInt32 = 3
    /// Magic, version and length: the same in every version, as is the checksum at the end, so that damage and a newer format can be told apart.
    static let prefixLength = 16
    /// 4,096 partitions with a kilobyte each are a sixteenth of it.
    static let maximumLength = 64 << 20

    /// Of the header and of the frames behind it.
    var version = JournalHeader.version
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
    /// Bytes of the frame behind the header that holds what was not sealed of the generation before; 0 for none. It is as much a part of the
    /// generation's beginning as the header is.
    var carriedLength: Int64 = 0
    /// What became of the generation before; nil in the first.
    var seal: SealPlan?

    /// The header's bytes, with the windows as they are at the cursor, and their checksum, which every frame's checksum goes on from.
    func encode(_ windows: IdentityWindows, into store: ByteStore) -> UInt32 {
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
        store.append(carriedLength)
        windows.encode(into: store)
        store.overwrite(at: 12, UInt32(store.count + 4))
        let crc = CRC32.of(store.bytes)
        store.append(crc)
        return crc
    }

    /// Reads a header that `length` found whole, and the windows in it. Nil when its contents make no sense although its checksum does.
    static func decode(
        _ payload: UnsafeRawBufferPointer, version: UInt32
    ) -> (header: JournalHeader, windows: IdentityWindows)? {
        var cursor = ByteCursor(payload)
        guard var header = JournalHeader(&cursor, version: version) else { return nil }
        var windows = IdentityWindows()
        if version >= 2 {
            guard let carried = cursor.integer(Int64.self), carried >= 0, let held = IdentityWindows(&cursor, version: version)
            else {
                return nil
            }
            header.carriedLength = carried
            windows = held
        }
        return cursor.isAtEnd ? (header, windows) : nil
    }

    private init?(_ cursor: inout ByteCursor, version: UInt32) {
        self.version = version
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
        seal = plan
    }

    init(
        spoolID: [UInt8], integration: String, generation: UInt64, created: Int64, compression: Compression,
        cursor: String?, seal: SealPlan?
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

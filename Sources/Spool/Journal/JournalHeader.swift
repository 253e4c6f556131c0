/// The first bytes of a journal: which integration it belongs to, its first cursor, and how the previous generation was sealed. See `Journal`.
struct JournalHeader: Equatable {
    static let magic: [UInt8] = Array("TRIBJNL\n".utf8)
    /// Version 1 had no identity windows. In version 2, a commit in a window had only one time. Tributary still reads both versions, but no longer
    /// writes them.
    static let version: UInt32 = 3
    /// Magic, version and length. These fields and the checksum at the end have the same form in every version. So a reader can tell damage from a
    /// newer format.
    static let prefixLength = 16
    /// The maximum length in bytes. A header that lists 4,096 segments, with a kilobyte for each, takes a sixteenth of this.
    static let maximumLength = 64 << 20

    /// The version of the header and of the frames after it.
    var version = JournalHeader.version
    /// 16 bytes.
    var spoolID: [UInt8]
    var integration: String
    /// Starts at 1.
    var generation: UInt64
    /// Wall-clock milliseconds.
    var created: Int64
    /// How the segments of this generation are compressed.
    var compression: Compression
    var cursor: String?
    /// The length of the carried frame, which follows the header and holds the unsealed records of the previous generation; 0 if there is no such
    /// frame. The frame is durable together with the header, before the generation is in force.
    var carriedLength: Int64 = 0
    /// How the previous generation was sealed. The plan has no segments if there was no previous generation, or if that generation was abandoned
    /// (`StateRestoration`).
    var seal: SealPlan

    /// Encodes the header with the windows as of the cursor. Returns the header's checksum; the checksum of every frame continues from it.
    func encode(_ windows: IdentityWindows, into store: ByteStore) -> UInt32 {
        store.removeAll()
        Self.magic.withUnsafeBytes { store.append($0) }
        store.append(Self.version)
        store.append(UInt32(0))
        spoolID.withUnsafeBytes { store.append($0) }
        store.append(generation)
        store.append(created)
        store.append(seal.manifest.length)
        store.append(seal.manifest.sequence ?? 0)
        store.append(UInt32(seal.segments.count))
        store.append(byte: compression.code)
        store.append(byte: cursor == nil ? 0 : 1)
        store.append(integration, length: UInt16.self)
        store.append(cursor ?? "", length: UInt32.self)
        for segment in seal.segments {
            store.append(segment.path, length: UInt16.self)
            store.append(segment.line, length: UInt32.self)
        }
        store.append(carriedLength)
        windows.encode(into: store)
        store.overwrite(at: 12, UInt32(store.count + 4))
        let crc = CRC32.of(store.bytes)
        store.append(crc)
        return crc
    }

    /// Decodes a complete header, whose checksum the caller has verified, and the windows in it. Nil if the contents are invalid.
    static func decode(
        _ payload: UnsafeRawBufferPointer, version: UInt32
    ) -> (header: JournalHeader, windows: IdentityWindows)? {
        var cursor = ByteCursor(payload)
        guard var header = JournalHeader(&cursor, version: version) else { return nil }
        var windows = IdentityWindows()
        if version >= 2 {
            guard let carried = cursor.integer(Int64.self), carried >= 0,
                let held = IdentityWindows(&cursor, version: version)
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
        guard let spoolID = cursor.bytes(16), let generation = cursor.integer(UInt64.self), generation > 0,
            let created = cursor.integer(Int64.self)
        else { return nil }
        var sealed: (manifest: ManifestEnd, count: UInt32)?
        if version >= 3 {
            guard let found = Self.sealed(&cursor) else { return nil }
            sealed = found
        }
        guard let compression = cursor.integer(UInt8.self).flatMap(Compression.init),
            let hasCursor = cursor.integer(UInt8.self), let integration = cursor.text(length: UInt16.self),
            let position = cursor.text(length: UInt32.self)
        else { return nil }
        if version < 3 {
            guard let hasSeal = cursor.integer(UInt8.self) else { return nil }
            sealed = (ManifestEnd(length: 0, sequence: nil), 0)
            if hasSeal == 1 {
                guard let length = cursor.integer(Int64.self), let count = cursor.integer(UInt32.self) else {
                    return nil
                }
                sealed = (ManifestEnd(length: length, sequence: nil), count)
            }
        }
        guard let (manifest, count) = sealed else { return nil }
        self.spoolID = Array(spoolID)
        self.generation = generation
        self.created = created
        self.compression = compression
        self.integration = integration
        self.cursor = hasCursor == 1 ? position : nil
        seal = SealPlan(generation: generation - 1, manifest: manifest, segments: [])
        for _ in 0..<count {
            guard let path = cursor.text(length: UInt16.self), let line = cursor.text(length: UInt32.self) else {
                return nil
            }
            seal.segments.append(PlannedSegment(path: path, line: line))
        }
    }

    /// Reads two fields in the form of version 3: where the manifest ended before the seal, and how many segments the seal made.
    private static func sealed(_ cursor: inout ByteCursor) -> (manifest: ManifestEnd, count: UInt32)? {
        guard let length = cursor.integer(Int64.self), let sequence = cursor.integer(Int64.self),
            let count = cursor.integer(UInt32.self)
        else { return nil }
        return (ManifestEnd(length: length, sequence: sequence), count)
    }

    /// The number of bytes at a header's beginning that `manifestSequence` needs.
    static let glanceLength = prefixLength + 16 + 8 + 8 + 8 + 8 + 4

    /// Reads from a header's first bytes the position that the manifest must reach: the last one that the seal before this generation gives to a
    /// segment. If that seal is not finished, the last position before that seal. Nil if the journal has an earlier version, or if the bytes are not
    /// a header. The checksum can't be verified from the first bytes alone, so read the whole header before you rely on the position.
    static func manifestSequence(_ glance: UnsafeRawBufferPointer, isSealFinished: Bool) -> Int64? {
        var cursor = ByteCursor(glance)
        guard let magic = cursor.bytes(8), magic.elementsEqual(Self.magic), cursor.integer(UInt32.self) == Self.version,
            cursor.bytes(4 + 16 + 8 + 8) != nil, let (manifest, count) = sealed(&cursor)
        else { return nil }
        return Self.sequence(manifest, count: Int(count), isSealFinished)
    }

    /// The position that the manifest must reach: the last one that the seal before this generation gives to a segment. If that seal is not finished,
    /// the last position before that seal. Nil if the journal's version did not record positions.
    func manifestSequence(isSealFinished: Bool) -> Int64? {
        Self.sequence(seal.manifest, count: seal.segments.count, isSealFinished)
    }

    private static func sequence(_ manifest: ManifestEnd, count: Int, _ isSealFinished: Bool) -> Int64? {
        manifest.sequence.map { $0.addingReportingOverflow(isSealFinished ? Int64(count) : 0).partialValue }
    }

    init(
        spoolID: [UInt8], integration: String, generation: UInt64, created: Int64, compression: Compression,
        cursor: String?, seal: SealPlan
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

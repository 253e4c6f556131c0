import Digests

/// Why recovery truncated a journal.
package enum CutReason: String, Sendable {
    /// The last frame is incomplete: the process or the machine stopped while it was written. This is normal.
    case torn
    /// A complete frame whose checksum does not match: a write that a power cut interrupted, or damage.
    case checksum
    /// Bytes after the durable length, left by a failed write.
    case unconfirmed
}

/// Reads a journal's header and frames in bounded memory. Reading ends at the first damage; damage is never skipped.
struct JournalReader {
    let fileSystem: any FileSystem
    let file: OpenFile

    /// Reads the header and verifies its checksum. Throws if the header is damaged, has a newer version, belongs to another spool or integration, or
    /// has a generation that differs from the file name.
    func header(spoolID: [UInt8], integration: String) throws(SpoolError) -> (
        JournalHeader, IdentityWindows, checksum: UInt32, length: Int64
    ) {
        let size = try fileSystem.size(file)
        let prefix = try fileSystem.bytes(file, from: 0, to: Int64(JournalHeader.prefixLength))
        let fields = prefix.withUnsafeBytes { bytes in
            var cursor = ByteCursor(bytes)
            return (
                cursor.bytes(8).map { $0.elementsEqual(JournalHeader.magic) } ?? false,
                cursor.integer(UInt32.self) ?? 0,
                Int64(cursor.integer(UInt32.self) ?? 0)
            )
        }
        let (isJournal, version, length) = fields
        guard isJournal, length > JournalHeader.prefixLength + 4,
            length <= min(size, Int64(JournalHeader.maximumLength))
        else { throw .damaged(path: file.path, reason: "the file does not begin with a journal header") }
        let bytes = try fileSystem.bytes(file, from: 0, to: length)
        let content = bytes.dropLast(4)
        let crc = content.withUnsafeBytes { CRC32.of($0) }
        let written = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard crc == written else {
            throw .damaged(path: file.path, reason: "the checksum of the header does not match")
        }
        guard version <= JournalHeader.version else {
            throw .newerFormat(path: file.path, found: version, supported: JournalHeader.version)
        }
        let decoded = content.withUnsafeBytes {
            JournalHeader.decode(
                UnsafeRawBufferPointer(rebasing: $0[JournalHeader.prefixLength...]), version: version)
        }
        guard let (header, windows) = decoded else {
            throw .damaged(path: file.path, reason: "the header has invalid fields")
        }
        guard header.spoolID == spoolID else {
            throw .foreignSpool(
                path: file.path, expected: Hexadecimal.text(spoolID), found: Hexadecimal.text(header.spoolID))
        }
        guard header.integration == integration else {
            throw .otherIntegration(path: file.path, expected: integration, found: header.integration)
        }
        guard Journal.fileName(header.generation) == file.path.split(separator: "/").last.map(String.init) else {
            throw .damaged(
                path: file.path,
                reason: "the header has generation \(header.generation), but the file name has another")
        }
        return (header, windows, crc, length)
    }

    /// Reads frames of one type; a frame of another type counts as damage. Calls `body` with each valid frame, and with the offset of its first
    /// chunk. Returns the offset at which the valid frames end. If that offset is before `end`, also returns the reason.
    func frames(
        _ type: UInt32 = CommitFrame.type, from start: Int64, to end: Int64, version: UInt32, headerChecksum: UInt32,
        _ body: (CommitFrame, Int64) throws(SpoolError) -> Void
    ) throws(SpoolError) -> (end: Int64, reason: CutReason?) {
        var offset = start
        while offset < end {
            let head = try fileSystem.bytes(file, from: offset, to: min(end, offset + Int64(CommitFrame.headerLength)))
            let fields = head.withUnsafeBytes { bytes -> (UInt32, UInt32, UInt64, UInt32)? in
                var cursor = ByteCursor(bytes)
                guard let found = cursor.integer(UInt32.self), let description = cursor.integer(UInt32.self),
                    let data = cursor.integer(UInt64.self), let crc = cursor.integer(UInt32.self)
                else { return nil }
                return (found, description, data, crc)
            }
            guard let (found, descriptionLength, dataLength, crc) = fields else { return (offset, .torn) }
            let descriptionStart = offset + Int64(CommitFrame.headerLength)
            let dataStart = descriptionStart + Int64(descriptionLength)
            guard dataStart <= end, dataLength <= UInt64(end - dataStart) else { return (offset, .torn) }
            guard descriptionLength <= JournalHeader.maximumLength else { return (offset, .checksum) }
            let description = try fileSystem.bytes(file, from: descriptionStart, to: dataStart)
            let frame = description.withUnsafeBytes { bytes -> CommitFrame? in
                let expected = CommitFrame.checksum(
                    headerChecksum: headerChecksum, offset: offset, type: found, descriptionLength: descriptionLength,
                    dataLength: dataLength, description: bytes)
                return crc == expected && found == type ? CommitFrame(bytes, version: version) : nil
            }
            guard let frame else { return (offset, .checksum) }
            guard try chunksAreWhole(frame, from: dataStart, length: dataLength) else { return (offset, .checksum) }
            try body(frame, dataStart)
            offset = dataStart + Int64(dataLength)
        }
        return (offset, nil)
    }

    private func chunksAreWhole(_ frame: CommitFrame, from start: Int64, length: UInt64) throws(SpoolError) -> Bool {
        var offset = start
        let end = start + Int64(length)
        for chunk in frame.chunks {
            guard chunk.stored >= 0, Int64(chunk.stored) <= end - offset else { return false }
            guard try checksum(from: offset, length: chunk.stored) == chunk.crc else { return false }
            offset += Int64(chunk.stored)
        }
        return offset == end
    }

    private func checksum(from start: Int64, length: Int) throws(SpoolError) -> UInt32? {
        let piece = ByteStore(capacity: min(length, 256 << 10))
        var crc: UInt32 = 0
        var done = 0
        while done < length {
            let space = UnsafeMutableRawBufferPointer(
                rebasing: piece.space(atLeast: 0).prefix(length - done))
            let count = try fileSystem.read(file, at: start + Int64(done), into: space)
            if count == 0 { return nil }
            crc = CRC32.of(UnsafeRawBufferPointer(rebasing: space.prefix(count)), continuing: crc)
            done += count
        }
        return crc
    }
}

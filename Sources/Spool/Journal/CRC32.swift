import CZlib

/// CRC-32 as in zlib and RFC 1952. It detects accidental damage, not tampering.
enum CRC32 {
    static func of(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
        // zlib takes a null pointer as a request for the initial value, not as an empty buffer.
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return crc }
        return UInt32(truncatingIfNeeded: crc32_z(UInt(crc), start.assumingMemoryBound(to: UInt8.self), bytes.count))
    }

    /// The checksum of two byte sequences together, computed from their two checksums.
    static func combined(_ first: UInt32, _ second: UInt32, secondLength: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_combine(UInt(first), UInt(second), secondLength))
    }

    static func of(_ value: some FixedWidthInteger, continuing crc: UInt32) -> UInt32 {
        withUnsafeBytes(of: value.littleEndian) { of($0, continuing: crc) }
    }
}

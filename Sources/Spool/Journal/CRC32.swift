import CZlib

/// CRC-32 as in zlib and RFC 1952: finds damage, not intent.
enum CRC32 {
    static func of(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
        // zlib takes a null pointer for a wish to start again, not for no bytes.
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return crc }
        return UInt32(truncatingIfNeeded: crc32_z(UInt(crc), start.assumingMemoryBound(to: UInt8.self), bytes.count))
    }

    /// Of two runs of bytes, one behind the other, by the checksums of both.
    static func combined(_ first: UInt32, _ second: UInt32, secondLength: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_combine(UInt(first), UInt(second), secondLength))
    }

    static func of(_ value: some FixedWidthInteger, continuing crc: UInt32) -> UInt32 {
        withUnsafeBytes(of: value.littleEndian) { of($0, continuing: crc) }
    }
}

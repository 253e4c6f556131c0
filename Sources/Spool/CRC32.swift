import CZlib

/// CRC-32 as in zlib and RFC 1952: finds damage, not intent.
enum CRC32 {
    static func of(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
        // zlib takes a null pointer for a wish to start anew, not for no bytes.
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return crc }
        return UInt32(truncatingIfNeeded: crc32_z(UInt(crc), start.assumingMemoryBound(to: UInt8.self), bytes.count))
    }

    static func of(_ value: some FixedWidthInteger, continuing crc: UInt32) -> UInt32 {
        withUnsafeBytes(of: value.littleEndian) { of($0, continuing: crc) }
    }
}

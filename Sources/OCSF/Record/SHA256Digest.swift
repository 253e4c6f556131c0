import Digests

/// Makes the digest type available to code that imports only this module.
package typealias SHA256Digest = Digests.SHA256Digest

extension RecordWriter {
    /// Writes bytes as lower-case hexadecimal digits.
    mutating func hex(_ bytes: UnsafePointer<UInt8>, _ size: Int) {
        reserve(2 * size)
        for index in 0..<size {
            appendUnchecked(hexDigit(bytes[index] >> 4), hexDigit(bytes[index] & 15))
        }
    }

    /// Writes the text of a UUID version 8 (RFC 9562 section 5.8), made from the first 16 bytes of a digest.
    mutating func uuid8(_ digest: UnsafeMutablePointer<UInt8>) {
        let version = digest[6], variant = digest[8]
        digest[6] = digest[6] & 0x0F | 0x80
        digest[8] = digest[8] & 0x3F | 0x80
        for index in 0..<16 {
            if index == 4 || index == 6 || index == 8 || index == 10 { byte(UInt8(ascii: "-")) }
            hex(digest + index, 1)
        }
        digest[6] = version
        digest[8] = variant
    }
}

@inline(__always)
private func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

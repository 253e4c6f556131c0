import CCrypto

/// SHA-256 by the system's libcrypto (FIPS 180-4), with one state that is used again: no allocation for a message.
package final class SHA256Digest {
    private let state: UnsafeMutablePointer<SHA256_CTX>

    /// nil when libcrypto's configuration has no SHA-256 to give.
    package init?() {
        guard let algorithm = tributary_sha256_fetch() else { return nil }
        EVP_MD_free(algorithm)
        state = .allocate(capacity: 1)
        state.initialize(to: SHA256_CTX())
    }

    deinit { state.deallocate() }

    /// The digest's first 128 bits; of what libcrypto refuses to digest, none.
    package func leading128Bits(of bytes: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64)? {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { out in
            guard let to = out.baseAddress, digest(start, bytes.count, into: to) else { return nil }
            func number(_ range: Range<Int>) -> UInt64 { out[range].reduce(0) { $0 << 8 | UInt64($1) } }
            return (number(0..<8), number(8..<16))
        }
    }

    /// Fills 32 bytes at `out`; false when libcrypto refuses.
    func digest(_ bytes: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<UInt8>) -> Bool {
        tributary_sha256(state, bytes, count, out) == 1
    }
}

extension RecordWriter {
    /// Lower-case hexadecimal digits.
    mutating func hex(_ bytes: UnsafePointer<UInt8>, _ size: Int) {
        reserve(2 * size)
        for index in 0..<size {
            appendUnchecked(hexDigit(bytes[index] >> 4), hexDigit(bytes[index] & 15))
        }
    }

    /// The text of a UUID version 8 (RFC 9562 section 5.8) made of the first 16 bytes of a digest.
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

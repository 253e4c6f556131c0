import CCrypto

/// SHA-256 (FIPS 180-4), computed by the system's libcrypto. One object can be reused for any number of messages without allocating memory.
///
/// A message in memory needs one call. For a message in several pieces, call `start`, `update` for each piece, and `finish`.
package final class SHA256Digest {
    private let algorithm: OpaquePointer
    private let state: UnsafeMutablePointer<SHA256_CTX>
    /// The context for messages in several pieces. It is created when the first such message begins.
    private var context: OpaquePointer?

    /// Nil if libcrypto's configuration offers no SHA-256.
    package init?() {
        guard let algorithm = tributary_sha256_fetch() else { return nil }
        self.algorithm = algorithm
        state = .allocate(capacity: 1)
        state.initialize(to: SHA256_CTX())
    }

    deinit {
        state.deallocate()
        EVP_MD_CTX_free(context)
        EVP_MD_free(algorithm)
    }

    // MARK: Messages in memory

    /// Writes 32 bytes to `out`; false if libcrypto fails.
    package func digest(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        tributary_sha256(state, bytes, count, out) == 1
    }

    /// The first 128 bits of the digest; nil if libcrypto fails, or if the buffer has no base address.
    package func leading128Bits(of bytes: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64)? {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { out in
            guard let to = out.baseAddress, digest(start, bytes.count, into: to) else { return nil }
            func number(_ range: Range<Int>) -> UInt64 { out[range].reduce(0) { $0 << 8 | UInt64($1) } }
            return (number(0..<8), number(8..<16))
        }
    }

    // MARK: Messages in pieces

    /// Begins a message, whether or not the previous one was finished. This method and the methods below return false or nil if libcrypto fails.
    package func start() -> Bool {
        if context == nil { context = EVP_MD_CTX_new() }
        return context != nil && EVP_DigestInit_ex2(context, algorithm, nil) == 1
    }

    package func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
    }

    /// The digest since `start`, 32 bytes.
    package func finish() -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 32)
        return EVP_DigestFinal_ex(context, &digest, nil) == 1 ? digest : nil
    }
}

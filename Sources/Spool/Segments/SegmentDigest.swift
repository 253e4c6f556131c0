import Digests

/// The SHA-256 of a segment's file, updated as the file is written or read.
struct SegmentDigest {
    private let digest: SHA256Digest

    init() throws(SpoolError) {
        guard let digest = SHA256Digest() else { throw .codec("OpenSSL offers no SHA-256") }
        self.digest = digest
        try start()
    }

    func start() throws(SpoolError) {
        guard digest.start() else { throw .codec("OpenSSL could not compute a digest") }
    }

    func update(_ bytes: UnsafeRawBufferPointer) throws(SpoolError) {
        guard digest.update(bytes) else { throw .codec("OpenSSL could not compute a digest") }
    }

    /// The digest of everything since `start`, as 64 lower-case hexadecimal digits.
    func finish() throws(SpoolError) -> String {
        guard let bytes = digest.finish() else { throw .codec("OpenSSL could not compute a digest") }
        return Hexadecimal.text(bytes)
    }
}

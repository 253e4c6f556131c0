/// The SHA-256 of a whole file, or of bytes in memory.
package enum FileDigest {
    /// The digest of bytes in memory, as 64 lower-case hexadecimal digits.
    ///
    /// - Throws: ``SpoolError`` if libcrypto fails.
    package static func sha256(of bytes: [UInt8]) throws(SpoolError) -> String {
        let digest = try SegmentDigest()
        let outcome = bytes.withUnsafeBytes { bytes in
            Result { () throws(SpoolError) in try digest.update(bytes) }
        }
        try outcome.get()
        return try digest.finish()
    }

    /// The digest of a file, as 64 lower-case hexadecimal digits. Reads the file once, 64 KiB at a time.
    ///
    /// - Throws: ``SpoolError`` for a file that can't be read.
    package static func sha256(of path: String) throws(SpoolError) -> String {
        let fileSystem = PosixFileSystem()
        let file = try fileSystem.open(path, .read)
        defer { fileSystem.close(file) }
        let digest = try SegmentDigest()
        let room = ByteStore(capacity: 64 << 10)
        var offset: Int64 = 0
        while true {
            let space = room.space(atLeast: 0)
            let count = try fileSystem.read(file, at: offset, into: space)
            if count == 0 { return try digest.finish() }
            try digest.update(UnsafeRawBufferPointer(rebasing: space.prefix(count)))
            offset += Int64(count)
        }
    }
}

/// The end of an append-only file, and how much of it is known to be durable.
///
/// A failed write or synchronization leaves unknown bytes after the durable length. Worse, the kernel reports a write-back error only once, and a
/// second fdatasync(2) may then succeed although the bytes are lost (see "fsync" in PostgreSQL's wiki). So after a failure, the file is truncated
/// before anything else is written. The synchronization alone is never retried; the caller must append the bytes again.
package struct DurableLog {
    package private(set) var file: OpenFile
    /// Bytes from the start of the file that are known to be durable.
    package private(set) var length: Int64
    private(set) var needsCut = false

    package init(file: OpenFile, length: Int64) {
        self.file = file
        self.length = length
    }

    /// Appends bytes and makes them durable. If this throws, the new bytes were cut off; if that failed, too, the next call cuts them off before it
    /// appends.
    package mutating func append(_ bytes: UnsafeRawBufferPointer, _ fileSystem: any FileSystem) throws(SpoolError) {
        try cutIfNeeded(fileSystem)
        needsCut = true
        do throws(SpoolError) {
            try fileSystem.write(file, at: length, bytes)
            try fileSystem.synchronize(file)
        } catch {
            try? cutIfNeeded(fileSystem)
            throw error
        }
        length += Int64(bytes.count)
        needsCut = false
    }

    /// Truncates the file to its durable length, if a failed append may have left bytes after it.
    package mutating func cutIfNeeded(_ fileSystem: any FileSystem) throws(SpoolError) {
        guard needsCut else { return }
        try fileSystem.truncate(file, to: length)
        try fileSystem.synchronize(file)
        needsCut = false
    }
}

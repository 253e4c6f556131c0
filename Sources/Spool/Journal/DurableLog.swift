/// The end of a file that only grows, and what is known to be durable of it.
///
/// A failed write or synchronization leaves bytes behind the durable length of which nothing is known; worse, the kernel reports a write-back
/// error once and a second fdatasync(2) may then succeed without the bytes ("fsync" in PostgreSQL's wiki tells the story). So after a
/// failure nothing is written before the file is cut back, and a failed synchronization is never tried again: the bytes are.
struct DurableLog {
    private(set) var file: OpenFile
    /// Bytes from the start that are known to be durable.
    private(set) var length: Int64
    private(set) var needsCut = false

    init(file: OpenFile, length: Int64) {
        self.file = file
        self.length = length
    }

    /// Appends bytes and makes them durable, or throws with the file as it was, or in need of a cut that the next call begins with.
    mutating func append(_ bytes: UnsafeRawBufferPointer, _ fileSystem: any FileSystem) throws(SpoolError) {
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

    /// Takes away whatever lies behind the durable length, if a failed append may have left something.
    mutating func cutIfNeeded(_ fileSystem: any FileSystem) throws(SpoolError) {
        guard needsCut else { return }
        try fileSystem.truncate(file, to: length)
        try fileSystem.synchronize(file)
        needsCut = false
    }
}

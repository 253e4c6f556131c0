/// A generation of an integration's write-ahead journal: `STATE/integrations/<name>/journal-<generation>`.
///
/// Invariants
/// - A journal under its final name has a complete, durable header. Frames follow it without gaps.
/// - A frame holds a cursor *and* the records up to it, with their identities. Either all of them are there or none, so the cursor and the records
///   can never disagree.
/// - The newest generation is in force. Its header holds the cursor, and the list of segments into which the previous generation was sealed. So one
///   rename puts both in force. Before that rename, the old journal is in force, and staged files are garbage. After the rename, the staged files are
///   the records, and the old journal only says that the seal is not finished.
/// - Finishing a seal removes the old journal last. If recovery finds an old journal, it finishes the seal again, which is idempotent.
///
/// Bytes (integers are little-endian; `text16` and `text32` are UTF-8, preceded by a length of 16 or 32 bits)
///
///     header   magic "TRIBJNL\n" (8)  version u32  length u32, of the whole header
///              spool id (16)  generation u64  created i64, wall ms
///              the manifest as it was before the seal that began the generation: length i64, last position i64; the seal's segments u32
///              compression u8 (0 none, 1 zstd, 2 gzip)  has-cursor u8
///              integration text16  cursor text32
///              then for each segment of the seal its path text16, manifest line text32
///              carried length i64, of the frame that follows the header
///              windows u8, then for each: window u8, bound u32, has-dropped u8, dropped latest i64, commits u32, then for each of
///                these earliest i64, latest i64, identities u32; then all identities, oldest first, each high u64, low u64
///              crc32 u32, of everything before it
///     frame    type u32 (1: commit; 2: carried over, only directly after the header)  description length u32  chunks' length u64
///              crc32 u32, continuing the header's checksum: the frame's offset i64, the three fields before, the description
///              description  committed i64, wall ms; cursor text32; chunks u32, then for each:
///                kind u8 (0 records, 1 rejected)  encoding u8 (as compression)
///                partition text16, its path and, unless it is ocsf/1.8.0, a semicolon and the records' schema  records u32
///                first i64, last i64, event times in ms  uncompressed u64  stored u64  crc32 u32, of the stored bytes
///              windows u8, then for each that changes: window u8, emptied-first u8, bound u32, has-dropped u8, dropped latest i64, commits
///                u32, then for each of these earliest i64, latest i64, identities u32, then each identity
///              the stored bytes of the chunks, in sequence
///
/// Writing: a commit is one write of one frame at the end, then one fdatasync(2). If either fails, the file is truncated before the next write
/// (`DurableLog`). A new generation is written as `journal.tmp`, synchronized and renamed, and its directory is synchronized.
///
/// Recovery: `journal.tmp` is removed. The frames of the newest generation are read up to the first that is incomplete or whose checksum does not
/// match, and the file is truncated there. The bytes removed were never reported as durable, or were damaged later. In both cases the cursor of an
/// earlier frame is in force again, so the lost records are collected again.
///
/// The identity windows at a cursor are computed from the header and the frames up to that cursor. A reader drops identities beyond a bound exactly
/// as the writer did, using the bound that applied then. So the windows are truncated, recovered and sealed in step with the cursor.
///
/// Records that a seal leaves for the next one (`RollPolicy.carried`) are written in one frame directly after the next generation's header, before
/// the rename. So the same rename decides which records are sealed and which stay in the journal. A damaged frame of this kind is not truncated,
/// because its records are from before the cursor and would not be collected again. Tributary refuses the journal, as it does if the header is
/// damaged.
///
/// Generations increase. The manifest lists a seal as `<integration>/<generation>` once the next generation is in force. So if the manifest lists the
/// newest journal's generation or a later one, a journal is missing. `StateRestoration` handles that.
///
/// Version 1 had no carried frame and no windows, neither in the header nor in frames. Up to version 2 the header had has-seal u8, manifest length
/// i64 and segments u32 after the cursor, and no position. In version 2 a window's bound was followed by a bound on time (has-span u8, span i64), a
/// commit in a window had one time, and an update held one commit. Tributary reads a journal of an older version, but does not add commits to it. It
/// seals the journal before the next commit, which then goes into the next generation.
///
/// Why one journal per integration and not a file per partition: a commit touches many partitions, and making several files durable
/// together needs a journal anyway. One journal needs one synchronization and one descriptor, however many partitions there are.
struct Journal {
    var header: JournalHeader
    var headerChecksum: UInt32
    /// Offset of the first commit, after the header and the carried frame.
    var start: Int64
    var log: DurableLog

    static func fileName(_ generation: UInt64) -> String {
        let digits = String(generation)
        return "journal-" + String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits
    }

    static let temporaryName = "journal.tmp"

    /// The generation in the file name of a journal; nil for any other file name.
    static func generation(fileName: String) -> UInt64? {
        guard fileName.hasPrefix("journal-"), let number = UInt64(fileName.dropFirst(8)),
            Journal.fileName(number) == fileName
        else { return nil }
        return number
    }

    /// Writes a new generation under the temporary name: durable, but not yet in force. The file stays open. In the result, `log.file` already has
    /// the final name.
    ///
    /// Throws `damaged` if the records to be carried over are damaged.
    static func prepare(
        _ header: JournalHeader, _ windows: IdentityWindows, carrying carried: CarriedFrame? = nil,
        in directory: String, _ scratch: SpoolScratch, _ fileSystem: any FileSystem
    ) throws(SpoolError) -> Journal {
        var header = header
        header.carriedLength = carried?.length ?? 0
        let crc = header.encode(windows, into: scratch.frame)
        let length = Int64(scratch.frame.count)
        defer { scratch.frame.removeAll(keeping: SpoolScratch.keptBytes) }
        carried?.encode(headerChecksum: crc, at: length, scratch)
        let file = try fileSystem.open("\(directory)/\(temporaryName)", .replace)
        do throws(SpoolError) {
            try fileSystem.write(file, at: 0, scratch.frame.bytes)
            try carried?.copy(to: file, at: Int64(scratch.frame.count), scratch, fileSystem)
            try fileSystem.synchronize(file)
        } catch {
            fileSystem.close(file)
            // Removes the temporary file: on a full disk, the next attempt needs its space.
            try? fileSystem.unlink("\(directory)/\(temporaryName)")
            throw error
        }
        let named = OpenFile(descriptor: file.descriptor, path: "\(directory)/\(fileName(header.generation))")
        return Journal(
            header: header, headerChecksum: crc, start: length + header.carriedLength,
            log: DurableLog(file: named, length: length + header.carriedLength))
    }

    /// Puts a prepared generation in force. If it throws, the generation may or may not be in force.
    func publish(in directory: String, _ fileSystem: any FileSystem) throws(SpoolError) {
        try fileSystem.rename("\(directory)/\(Self.temporaryName)", to: log.file.path)
        try fileSystem.synchronizeDirectory(directory)
    }
}

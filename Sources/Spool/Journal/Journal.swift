/// A generation of an integration's write-ahead journal: `STATE/integrations/<name>/journal-<generation>`.
///
/// Invariants
/// - A journal under its name has a whole, durable header; frames follow it without a gap.
/// - A frame holds a cursor *and* the records up to it, with their identities. All are there or none: no state exists in which one is
///   ahead of another.
/// - The truth is the newest generation. Its header says where the cursor starts and, with that, into which segments the generation
///   before was sealed. So one rename both moves the cursor's home and decides a seal: before it the old journal counts and staged files are
///   rubbish; after it the staged files are the records and the old journal is nothing but a mark that the seal is not finished yet.
/// - A finished seal removes the old journal last. Old journal there: the seal is finished again, which changes nothing where it is.
///
/// Bytes (integers little-endian; `text16`/`text32` are UTF-8 behind a length of that many bits)
///
///     header   magic "TRIBJNL\n" (8)  version u32  length u32, of the whole header
///              spool id (16)  generation u64  created i64, wall ms
///              the manifest before the seal that began the generation: length i64, last position i64; the seal's segments u32
///              compression u8 (0 none, 1 zstd, 2 gzip)  has-cursor u8
///              integration text16  cursor text32
///              then for each segment of the seal its path text16, manifest line text32
///              carried length i64, of the frame behind the header
///              windows u8, then for each: window u8, bound u32, has-dropped u8, dropped latest i64, commits u32, then for each of
///                these earliest i64, latest i64, identities u32; then all identities, oldest first, each high u64, low u64
///              crc32 u32, of all before it
///     frame    type u32 (1: commit; 2: carried, only behind the header)  description length u32  chunks' length u64
///              crc32 u32, going on from the header's: the frame's offset i64, the three fields before, the description
///              description  committed i64, wall ms; cursor text32; chunks u32, then for each:
///                kind u8 (0 records, 1 rejected)  encoding u8 (as compression)
///                partition text16, its path and, unless it is ocsf/1.8.0, a semicolon and the records' schema  records u32
///                first i64, last i64, event times in ms  uncompressed u64  stored u64  crc32 u32, of the stored bytes
///              windows u8, then for each that changes: window u8, emptied-first u8, bound u32, has-dropped u8, dropped latest i64, commits
///                u32, then for each of these earliest i64, latest i64, identities u32, then each identity
///              chunks, their stored bytes one after the other
///
/// Writing: a commit is one write of one frame at the end, then one fdatasync(2). If either fails the file is cut back first (`DurableLog`).
/// A new generation is written under `journal.tmp`, synchronized, renamed, and its directory synchronized.
///
/// Recovery: `journal.tmp` is removed. Of the newest generation, frames are read up to the first that is not whole or whose checksums disagree;
/// there the file is cut. What is cut was never acknowledged, or was damaged later: in both cases the cursor goes back with the
/// records, and they are collected again.
///
/// The windows of identities that hold at a cursor follow from the header and the frames up to it: dropping what is beyond a bound is
/// repeated when reading, with the bound that was in force. So they are cut, recovered and sealed in step with the cursor.
///
/// What a seal leaves for the next one (`RollPolicy.carried`) is written behind the next generation's header, in one frame, before that is
/// renamed into force: so the same rename that decides which records are sealed also says which are still journal. That frame is not
/// cut when it is damaged: its records lie before the cursor, and would not be collected again. The journal is refused then, as with a damaged header.
///
/// Generations rise. A seal is listed in the manifest as `<integration>/<generation>`, once the next generation is in force: a manifest that lists
/// the newest journal's generation or a later one knows of a journal that is missing here. `StateRestoration` goes on from there.
///
/// Version 1 had nothing carried and no windows, neither in the header nor in frames. Up to version 2 the header had has-seal u8, manifest length i64 and
/// segments u32 after the cursor, and no position. In version 2 a window's bound was followed by a bound on time (has-span u8, span i64), a commit in a
/// window had one time, and an update one commit. A journal of an older version is read and sealed; before the first commit after it, the next generation begins.
///
/// Why one journal per integration and not a file per partition: a commit touches many partitions, and making several files durable
/// together needs a journal anyway; this way it costs one synchronization however many there are, and one descriptor.
struct Journal {
    var header: JournalHeader
    var headerChecksum: UInt32
    /// Where commits begin: behind the header and what was carried over.
    var start: Int64
    var log: DurableLog

    static func fileName(_ generation: UInt64) -> String {
        let digits = String(generation)
        return "journal-" + String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits
    }

    static let temporaryName = "journal.tmp"

    /// Nil for a name that isn't a journal's.
    static func generation(fileName: String) -> UInt64? {
        guard fileName.hasPrefix("journal-"), let number = UInt64(fileName.dropFirst(8)),
            Journal.fileName(number) == fileName
        else { return nil }
        return number
    }

    /// Writes a new generation under the temporary name, durable but not yet in force. The file stays open under the name it will get.
    ///
    /// Throws `damaged` when what is to be carried over is.
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
            // On a full disk it would be in its own way.
            try? fileSystem.unlink("\(directory)/\(temporaryName)")
            throw error
        }
        let named = OpenFile(descriptor: file.descriptor, path: "\(directory)/\(fileName(header.generation))")
        return Journal(
            header: header, headerChecksum: crc, start: length + header.carriedLength,
            log: DurableLog(file: named, length: length + header.carriedLength))
    }

    /// Puts a prepared generation in force. When it throws, it may or may not be.
    func publish(in directory: String, _ fileSystem: any FileSystem) throws(SpoolError) {
        try fileSystem.rename("\(directory)/\(Self.temporaryName)", to: log.file.path)
        try fileSystem.synchronizeDirectory(directory)
    }
}

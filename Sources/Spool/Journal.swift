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
///              compression u8 (0 none, 1 zstd, 2 gzip)  has-cursor u8
///              integration text16  cursor text32
///              has-seal u8, and if 1: manifest length i64, segments u32, then for each its path text16, manifest line text32
///              windows u8, then for each: window u8, bound, has-dropped u8, dropped mark i64, commits u32, then for each of
///                these mark i64, identities u32; then all identities, oldest first, each high u64, low u64
///              crc32 u32, of all before it
///     frame    type u32 (1: commit)  description length u32  chunks' length u64
///              crc32 u32, going on from the header's: the frame's offset i64, the three fields before, the description
///              description  committed i64, wall ms; cursor text32; chunks u32, then for each:
///                kind u8 (0 records, 1 rejected)  encoding u8 (as compression)  partition text16  records u32
///                first i64, last i64, event times in ms  uncompressed u64  stored u64  crc32 u32, of the stored bytes
///              windows u8, then for each that changes: window u8, emptied-first u8, bound, mark i64, identities u32, then each
///     bound    count u32  has-span u8  span i64
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
/// Version 1 had no windows, neither in the header nor in frames. A journal of version 1 is read and sealed; before the first commit behind it, the
/// next generation begins.
///
/// Why one journal per integration and not a file per partition: a commit touches many partitions, and making several files durable
/// together needs a journal anyway; this way it costs one synchronization however many there are, and one descriptor.
struct Journal {
    var header: JournalHeader
    var headerChecksum: UInt32
    /// The header's length: where frames begin.
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
    static func prepare(
        _ header: JournalHeader, _ windows: IdentityWindows, in directory: String, _ scratch: SpoolScratch,
        _ fileSystem: any FileSystem
    ) throws(SpoolError) -> Journal {
        let crc = header.encode(windows, into: scratch.frame)
        defer { scratch.frame.removeAll(keeping: SpoolScratch.keptBytes) }
        let file = try fileSystem.open("\(directory)/\(temporaryName)", .replace)
        do throws(SpoolError) {
            try fileSystem.write(file, at: 0, scratch.frame.bytes)
            try fileSystem.synchronize(file)
        } catch {
            fileSystem.close(file)
            throw error
        }
        let named = OpenFile(descriptor: file.descriptor, path: "\(directory)/\(fileName(header.generation))")
        return Journal(
            header: header, headerChecksum: crc, start: Int64(scratch.frame.count),
            log: DurableLog(file: named, length: Int64(scratch.frame.count)))
    }

    /// Puts a prepared generation in force. When it throws, it may or may not be.
    func publish(in directory: String, _ fileSystem: any FileSystem) throws(SpoolError) {
        try fileSystem.rename("\(directory)/\(Self.temporaryName)", to: log.file.path)
        try fileSystem.synchronizeDirectory(directory)
    }
}

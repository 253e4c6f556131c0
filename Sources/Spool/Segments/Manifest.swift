import Digests
import Synchronization

/// `SPOOL/_manifest.ndjson`: a line for each segment that was ever sealed, in the order in which the segments became visible.
///
///     {"sequence":17,"path":"integration=acme/class=authentication/date=2026-11-23/….ndjson.zst","integration":"acme",
///      "partition":{"class":"authentication","date":"2026-11-23"},"kind":"records","records":812,"bytes":70412,
///      "uncompressed_bytes":2449071,"sha256":"…","first_time":1795420801113,"last_time":1795423000007,
///      "sealed_at":"2026-11-23T20:15:30.123Z","schema":"ocsf/1.8.0","format":1,"seal":"acme/12","line_crc32":"89abcdef"}
///
/// - Lines are only appended. `sequence` increases by one per line, so that a loader can resume after the last line it has seen.
/// - While the process runs, a position belongs to one segment, even if lines could not be made durable at first. Only after a restart, another
///   segment can get the position of a line that was lost.
/// - A line is written after its segment is durable under its final name, and before the journal that holds the segment's records is removed.
/// - `line_crc32` is over the bytes of the line before `,"line_crc32"`; `seal` names the integration and the generation that was sealed.
/// - After a restore, the manifest can lack lines that a journal knows. Their positions are not reused: the next line gets the number after the
///   greatest known position.
/// - When the manifest is opened, an incomplete last line left by a crash is cut off. A damaged line and all lines after it are cut off, too, if all
///   intact lines among them belong to seals that recovery will finish again: finishing a seal again writes its lines again. Recovery finishes a
///   seal again while the sealed journal still exists. Other damage stays, and `verify` reports it.
final class Manifest: Sendable {
    static let format: Int = 1
    /// How many bytes at the end are checked when the manifest is opened. After a crash, the lines of at most one seal can be incomplete: at most
    /// 4,096 lines of a kilobyte each, which is half of this size.
    static let tailBytes: Int64 = 8 << 20

    private struct State {
        var log: DurableLog
        var sequence: Int64
        var seals: ManifestSeals
        /// Lines that could not be made durable, but that readers may have seen; nil if there are none. They are written again, with the same
        /// positions, before any other line.
        var unwritten: Lines?
    }

    /// Complete lines with their positions. The position of the last one is `last`.
    private struct Lines {
        var bytes: [UInt8]
        var last: Int64
    }

    private let fileSystem: any FileSystem
    private let file: OpenFile
    private let state: Mutex<State>
    /// Where the manifest ended when it was opened.
    let found: ManifestEnd
    /// The time at which the manifest's last segment was sealed, in wall-clock milliseconds; nil if the manifest was empty. Set when the manifest is
    /// opened, and not updated later.
    let lastSealed: Int64?

    /// `isPending` says whether recovery still has to finish the seal with a given name, such as `acme/12`.
    init(
        _ directory: String, _ fileSystem: any FileSystem, isPending: (String) throws(SpoolError) -> Bool
    ) throws(SpoolError) {
        self.fileSystem = fileSystem
        file = try fileSystem.open("\(directory)/_manifest.ndjson", .create)
        do throws(SpoolError) {
            let size = try fileSystem.size(file)
            let start = max(0, size - Self.tailBytes)
            let tail = ManifestTail(try fileSystem.bytes(file, from: start, to: size), startsInsideLine: start > 0)
            let end = start + Int64(try tail.validEnd(isPending: isPending))
            if end < size { try fileSystem.truncate(file, to: end) }
            // A killed process may have written lines without synchronizing them. From here on, this process relies on them.
            try fileSystem.synchronize(file)
            let last = tail.last(before: end - start)
            found = ManifestEnd(length: end, sequence: last?.sequence ?? 0)
            lastSealed = last.flatMap { SealedSegment.sealingTime(fileName: $0.path.split(separator: "/").last ?? "") }
            state = Mutex(
                State(
                    log: DurableLog(file: file, length: end), sequence: last?.sequence ?? 0,
                    seals: ManifestSeals(end: end)))
        } catch {
            fileSystem.close(file)
            throw error
        }
    }

    deinit { fileSystem.close(file) }

    var end: ManifestEnd {
        state.withLock { ManifestEnd(length: $0.log.length, sequence: $0.sequence) }
    }

    /// Ensures that every new line gets a position after `sequence`.
    func skip(to sequence: Int64) { state.withLock { $0.sequence = max($0.sequence, sequence) } }

    /// Throws `deleted` if the file was deleted, moved or replaced.
    func checkIsThere() throws(SpoolError) {
        guard try fileSystem.isAtPath(file) else { throw .deleted(path: file.path, holds: .spool) }
    }

    /// The newest generation of an integration that the manifest lists. At least the lines after `known` are searched. Nil means that none of these
    /// lines names the integration.
    func newestSeal(of integration: String, after known: ManifestEnd) throws(SpoolError) -> UInt64? {
        try state.withLock { (state) throws(SpoolError) in
            try state.seals.newest(
                integration, after: known, file, length: state.log.length, fileSystem)
        }
    }

    /// Appends the lines of a seal's segments and makes them durable, all or none. With `skippingListed`, lines that an earlier attempt added
    /// are not added twice.
    ///
    /// If this throws, readers may already have seen the lines. So the next call, of whatever integration, first writes these lines again. That is
    /// allowed at any time, because the segments of a line have their final names durably before this method is called.
    func append(_ plan: SealPlan, skippingListed: Bool) throws(SpoolError) {
        try state.withLock { (state) throws(SpoolError) in
            try checkIsThere()
            try state.log.cutIfNeeded(fileSystem)
            try write(&state)
            let segments = try skippingListed ? unlisted(plan, before: state.log.length) : plan.segments
            let lines = ByteStore()
            var sequence = state.sequence
            for segment in segments {
                sequence += 1
                let start = lines.count
                lines.append("{\"sequence\":\(sequence),\(segment.line)")
                let crc = CRC32.of(UnsafeRawBufferPointer(rebasing: lines.bytes[start...]))
                lines.append(",\"line_crc32\":\"\(Hexadecimal.text(crc))\"}\n")
            }
            guard lines.count > 0 else { return }
            state.unwritten = Lines(bytes: Array(lines.bytes), last: sequence)
            try write(&state)
        }
    }

    private func write(_ state: inout State) throws(SpoolError) {
        guard let lines = state.unwritten else { return }
        let outcome = lines.bytes.withUnsafeBytes { bytes in
            Result { () throws(SpoolError) in try state.log.append(bytes, fileSystem) }
        }
        try outcome.get()
        state.sequence = lines.last
        state.unwritten = nil
    }

    /// The segments of a plan that have no line yet.
    func unlisted(_ plan: SealPlan) throws(SpoolError) -> [PlannedSegment] {
        try state.withLock { (state) throws(SpoolError) in try unlisted(plan, before: state.log.length) }
    }

    private func unlisted(_ plan: SealPlan, before end: Int64) throws(SpoolError) -> [PlannedSegment] {
        let present = try paths(from: plan.manifest.length <= end ? plan.manifest.length : 0, to: end)
        return plan.segments.filter { !present.contains($0.path) }
    }

    private func paths(from start: Int64, to end: Int64) throws(SpoolError) -> Set<String> {
        var found: Set<String> = []
        var splitter = LineSplitter()
        let piece = ByteStore(capacity: 256 << 10)
        var offset = start
        while offset < end {
            let room = piece.space(atLeast: 0)
            let space = UnsafeMutableRawBufferPointer(rebasing: room.prefix(Int(min(end - offset, Int64(room.count)))))
            let count = try fileSystem.read(file, at: offset, into: space)
            if count == 0 { break }
            offset += Int64(count)
            try splitter.feed(UnsafeRawBufferPointer(rebasing: space.prefix(count))) { (line) throws(SpoolError) in
                if let entry = ManifestLine(line) { found.insert(entry.path) }
            }
        }
        return found
    }

    /// A segment's line, without its position and its checksum.
    static func line(_ segment: SealedSegment, keys: [(String, String)], seal: String) -> String {
        // Paths, names and keys need no escaping (`PartitionPath` checks them). Only the schema comes from outside, so only the schema is escaped.
        let partition = keys.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",")
        return "\"path\":\"\(segment.path)\",\"integration\":\"\(segment.integration)\",\"partition\":{\(partition)}"
            + ",\"kind\":\"\(segment.kind)\",\"records\":\(segment.records),\"bytes\":\(segment.bytes)"
            + ",\"uncompressed_bytes\":\(segment.uncompressedBytes),\"sha256\":\"\(segment.sha256)\""
            + ",\"first_time\":\(segment.firstTime),\"last_time\":\(segment.lastTime)"
            + ",\"sealed_at\":\"\(segment.sealedAt)\",\"schema\":\(quoted(segment.schema)),\"format\":\(segment.format)"
            + ",\"seal\":\"\(seal)\""
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 32:
                result += "\\u00" + Hexadecimal.text(UInt8(scalar.value))
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// The few fields of a manifest line that the spool itself needs, found at their fixed places. Nil if the checksum does not match.
struct ManifestLine {
    let sequence: Int64
    let path: String
    let seal: String

    private static let start = Array("{\"sequence\":".utf8), path = Array(",\"path\":\"".utf8)
    private static let seal = Array(",\"seal\":\"".utf8), trailer = Array(",\"line_crc32\":\"".utf8)

    /// Parses a line. Works on bytes, for speed: the daemon may read ten thousand lines when it starts.
    init?(_ line: UnsafeRawBufferPointer) {
        let contentEnd = line.count - Self.trailer.count - 8 - 2
        guard contentEnd > 0, line[contentEnd...].starts(with: Self.trailer),
            line[line.count - 2] == UInt8(ascii: "\""),
            line[line.count - 1] == UInt8(ascii: "}")
        else { return nil }
        let content = UnsafeRawBufferPointer(rebasing: line[..<contentEnd])
        var crc: UInt32 = 0
        for digit in line[contentEnd + Self.trailer.count..<line.count - 2] {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): crc = crc << 4 | UInt32(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): crc = crc << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        guard crc == CRC32.of(content), content.starts(with: Self.start) else { return nil }
        var offset = Self.start.count
        var sequence: Int64 = 0
        while offset < content.count, case let digit = content[offset], (48...57).contains(digit) {
            let (tens, overflows) = sequence.multipliedReportingOverflow(by: 10)
            guard !overflows, tens <= .max - 9 else { return nil }
            sequence = tens + Int64(digit - 48)
            offset += 1
        }
        guard content[offset...].starts(with: Self.path),
            let pathEnd = content[(offset + Self.path.count)...].firstIndex(of: UInt8(ascii: "\"")),
            content.last == UInt8(ascii: "\""),
            let sealStart = content.dropLast().lastIndex(of: UInt8(ascii: "\"")).map({ $0 + 1 }),
            content[..<sealStart].suffix(Self.seal.count).elementsEqual(Self.seal)
        else { return nil }
        self.sequence = sequence
        path = String(decoding: content[(offset + Self.path.count)..<pathEnd], as: UTF8.self)
        seal = String(decoding: content[sealStart..<content.count - 1], as: UTF8.self)
    }
}

/// Decides from the last bytes of a manifest where it ends.
struct ManifestTail {
    private struct Line {
        var end: Int
        var content: ManifestLine?
    }

    private var lines: [Line] = []
    private let wholeEnd: Int

    init(_ bytes: [UInt8], startsInsideLine: Bool) {
        var lines: [Line] = []
        var start = 0
        if startsInsideLine { start = (bytes.firstIndex(of: 10) ?? bytes.count - 1) + 1 }
        wholeEnd = start
        bytes.withUnsafeBytes { all in
            while let newline = all[start...].firstIndex(of: 10) {
                let line = ManifestLine(UnsafeRawBufferPointer(rebasing: all[start..<newline]))
                lines.append(Line(end: newline + 1, content: line))
                start = newline + 1
            }
        }
        self.lines = lines
    }

    /// The offset at which the valid lines end. All bytes from there on are cut off.
    func validEnd(isPending: (String) throws(SpoolError) -> Bool) throws(SpoolError) -> Int {
        guard let firstDamaged = lines.firstIndex(where: { $0.content == nil }) else {
            return lines.last?.end ?? wholeEnd
        }
        var allComeAgain = true
        for seal in Set(lines[firstDamaged...].compactMap { $0.content?.seal }) {
            if try !isPending(seal) { allComeAgain = false }
        }
        if allComeAgain { return firstDamaged > 0 ? lines[firstDamaged - 1].end : wholeEnd }
        return lines.last { $0.content != nil }?.end ?? wholeEnd
    }

    func last(before end: Int64) -> ManifestLine? {
        lines.last { $0.end <= end && $0.content != nil }?.content
    }
}

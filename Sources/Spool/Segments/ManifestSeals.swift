/// Finds the last generation of each integration in the manifest. Reads the manifest backwards from its end, only as far as necessary. The part that
/// was read for one integration is not read again for the others.
struct ManifestSeals {
    /// The bytes from `start` to `end` have been read.
    private var start: Int64
    private var end: Int64
    /// The position of the earliest line that has been read.
    private var first = Int64.max
    private var newest: [Substring: UInt64] = [:]

    /// Bytes read at a time: far more than a line has.
    private static let pieceBytes: Int64 = 256 << 10

    init(end: Int64) { (start, self.end) = (end, end) }

    /// See `Manifest.newestSeal`.
    mutating func newest(
        _ integration: String, after known: ManifestEnd, _ file: OpenFile, length: Int64, _ fileSystem: any FileSystem
    ) throws(SpoolError) -> UInt64? {
        if end < length {
            let (added, _) = Self.lines(try fileSystem.bytes(file, from: end, to: length), startsInsideLine: false)
            for line in added { if let (name, generation) = line.generation { newest[name] = generation } }
            end = length
        }
        while newest[Substring(integration)] == nil, start > 0, isNeeded(known) {
            let from = max(0, start - Self.pieceBytes)
            let bytes = try fileSystem.bytes(file, from: from, to: start)
            let (lines, skipped) = Self.lines(bytes, startsInsideLine: from > 0)
            for line in lines.reversed() {
                first = min(first, line.sequence)
                if let (name, generation) = line.generation, newest[name] == nil { newest[name] = generation }
            }
            start = skipped < bytes.count ? from + Int64(skipped) : from
        }
        return newest[Substring(integration)]
    }

    /// True if lines after `known`, an earlier end of the manifest, have not been read yet. Positions are compared if possible, because after a
    /// restore, the offset in `known` may be from another manifest.
    private func isNeeded(_ known: ManifestEnd) -> Bool {
        if let sequence = known.sequence {
            first > sequence.addingReportingOverflow(1).partialValue
        } else {
            start > known.length
        }
    }

    /// The complete lines of a piece, and how many bytes at its beginning belong to an earlier line.
    private static func lines(_ bytes: [UInt8], startsInsideLine: Bool) -> ([ManifestLine], skipped: Int) {
        var lines: [ManifestLine] = []
        let skipped = startsInsideLine ? (bytes.firstIndex(of: 10) ?? bytes.count - 1) + 1 : 0
        bytes.withUnsafeBytes { all in
            var start = skipped
            while let newline = all[start...].firstIndex(of: 10) {
                if let line = ManifestLine(UnsafeRawBufferPointer(rebasing: all[start..<newline])) {
                    lines.append(line)
                }
                start = newline + 1
            }
        }
        return (lines, skipped)
    }
}

extension ManifestLine {
    /// The integration and the generation whose seal made the segment.
    var generation: (integration: Substring, UInt64)? {
        guard let slash = seal.lastIndex(of: "/"), let generation = UInt64(seal[seal.index(after: slash)...]) else {
            return nil
        }
        return (seal[..<slash], generation)
    }
}

/// A problem that `verify` found, where it is, and what to do about it.
package struct SpoolProblem: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case damagedManifestLine, sequenceGap, listedTwice
        case size, digest, damaged, records, uncompressedBytes, unterminated, times
        case unlisted, foreign, duplicate
        case damagedSeal, sealGap, windows, missing, leftover
    }

    package var kind: Kind
    /// A path relative to the spool's directory; in a fleet, the name of an object in the bucket.
    package var path: String
    package var detail: String

    package init(kind: Kind, path: String, detail: String) {
        self.kind = kind
        self.path = path
        self.detail = detail
    }

    /// What the operator can do about the problem.
    package var advice: String {
        switch kind {
        case .damagedManifestLine:
            "the segment of this line can still be loaded by its path; if there is a backup of the manifest, restore it"
        case .sequenceGap:
            "if an older spool was restored, see /usr/share/doc/tributary/backup.md; otherwise restore the manifest from a backup, or let "
                + "each loader list the directories once instead of resuming by position"
        case .listedTwice: "load this path only once; report a bug, because Tributary must list a path only once"
        case .size, .digest, .damaged, .records, .uncompressedBytes, .unterminated, .times:
            "the segment was changed or damaged after sealing: check the disk or the store; then restore the segment, or fetch its time span "
                + "from Okta again"
        case .unlisted:
            "if the integration was being sealed during this check, verify again; otherwise load the segment by its path, because loaders that "
                + "read the manifest or a fleet's seals do not find it"
        case .foreign:
            "Tributary did not create this file: move it out of the spool, or give it a name that begins with '.' or '_'"
        case .damagedSeal, .windows:
            "restore an earlier version of the object, or a copy of it; check that no lifecycle rule deletes objects below _tributary/"
        case .sealGap:
            "restore the missing seals from earlier versions or copies; until then, loaders can't see the segments that these seals list"
        case .missing: "restore an earlier version or a copy of the object, or fetch its time span from Okta again"
        case .leftover: "the object does no harm: the next host that opens the integration removes it"
        case .duplicate: "load only one record per uid; report a bug, because Tributary must store a record only once"
        }
    }
}

/// Options for `verify`.
package struct VerifyOptions: Sendable {
    /// Returns a fingerprint of a record's identity, such as a hash of `metadata.uid`; nil for a line without an identity. If this function is not
    /// set, there is no check for duplicates.
    package var uid: (@Sendable (UnsafeRawBufferPointer) -> UInt128?)?
    /// Returns a record's event time in milliseconds, to check the manifest's first and last times.
    package var time: (@Sendable (UnsafeRawBufferPointer) -> Int64?)?
    /// The default of `fingerprintLimit`. A fingerprint takes 32 bytes, and the array has room for a tenth more fingerprints than the limit, so the
    /// array takes less than 128 MiB.
    package static let defaultFingerprintLimit = 3_500_000
    /// The maximum number of fingerprints in memory at once. A spool with more records is read several times.
    package var fingerprintLimit = Self.defaultFingerprintLimit
    /// The maximum number of problems whose descriptions are kept. All problems are counted.
    package var problemLimit = 1_000
    /// Waits a moment for a seal that may be running. Called at most nine times, while segments on the disk are not in the manifest. If nil, the
    /// manifest is read again only once. Not used for a fleet's bucket.
    package var pause: (@Sendable () -> Void)?

    package init() {}
}

/// The progress of `verify`.
package struct VerifyProgress: Sendable, Equatable {
    package var segments: Int
    package var totalSegments: Int
    package var bytes: Int64
    package var totalBytes: Int64

    package init(segments: Int, totalSegments: Int, bytes: Int64, totalBytes: Int64) {
        self.segments = segments
        self.totalSegments = totalSegments
        self.bytes = bytes
        self.totalBytes = totalBytes
    }
}

/// The result of `verify`.
package struct VerifyResult: Sendable, Equatable {
    /// The number of segments in the manifest, or in a fleet's seals.
    package var listed = 0
    /// The number of segments that were read.
    package var checked = 0
    /// The number of listed segments that have been deleted.
    package var gone = 0
    /// The number of records in the segments that were read.
    package var records = 0
    package var problemCount = 0
    package var problems: [SpoolProblem] = []

    package init() {}

    /// Counts a problem, and keeps its description if fewer than `limit` are kept already.
    package mutating func report(_ kind: SpoolProblem.Kind, _ path: String, _ detail: String, limit: Int) {
        problemCount += 1
        if problems.count < limit { problems.append(SpoolProblem(kind: kind, path: path, detail: detail)) }
    }

    package var isGood: Bool { problemCount == 0 }
}

extension SpoolReader {
    /// Reads all segments and compares them with the manifest. Safe while a daemon runs: a file deleted meanwhile counts as gone, not as a problem.
    /// A segment that is just being sealed is not a problem if its line is added before the last attempt to read the manifest.
    package func verify(
        _ options: VerifyOptions = VerifyOptions(), progress: (VerifyProgress) -> Void = { _ in }
    ) throws(SpoolError) -> VerifyResult {
        var run = SpoolVerifier(reader: self, options: options)
        return try run.run(progress)
    }
}

/// One run of `verify`.
struct SpoolVerifier {
    let reader: SpoolReader
    let options: VerifyOptions
    private var result = VerifyResult()

    private struct Fingerprint {
        var value: UInt128
        var segment: Int
    }
    private var fingerprints: [Fingerprint] = []

    init(reader: SpoolReader, options: VerifyOptions) {
        self.reader = reader
        self.options = options
    }

    mutating func run(_ progress: (VerifyProgress) -> Void) throws(SpoolError) -> VerifyResult {
        let onDisk = try reader.files()
        let listed = try manifest()
        result.listed = listed.count
        let present = listed.filter { onDisk[$0.path] != nil || isThere($0.path) }
        result.gone = listed.count - present.count
        let records = present.reduce(0) { $0 + $1.records }
        let passes =
            options.uid == nil ? 1 : max(1, (records + options.fingerprintLimit - 1) / max(1, options.fingerprintLimit))
        var state = VerifyProgress(
            segments: 0, totalSegments: present.count * passes, bytes: 0,
            totalBytes: present.reduce(0) { $0 + $1.bytes } * Int64(passes))
        if options.uid != nil { fingerprints.reserveCapacity(records / passes + records / passes / 10) }
        for pass in 0..<passes {
            fingerprints.removeAll(keepingCapacity: true)
            for (index, segment) in present.enumerated() {
                try check(segment, index, pass: pass, of: passes)
                state.segments += 1
                state.bytes += segment.bytes
                progress(state)
            }
            findDuplicates(present)
        }
        try checkUnlisted(onDisk, listed: Set(listed.map(\.path)))
        return result
    }

    private func isThere(_ path: String) -> Bool {
        (try? reader.fileSystem.status("\(reader.directory)/\(path)")) != nil
    }

    private mutating func manifest() throws(SpoolError) -> [SealedSegment] {
        var listed: [SealedSegment] = []
        var paths: Set<String> = []
        var expected: Int64?
        var problems: [SpoolProblem] = []
        try reader.manifest { (number, segment) throws(SpoolError) in
            guard let segment else {
                problems.append(
                    SpoolProblem(
                        kind: .damagedManifestLine, path: "_manifest.ndjson",
                        detail: "the checksum of line \(number) does not match"))
                expected = nil
                return
            }
            if let expected, segment.sequence != expected {
                let missing = (segment.sequence ?? 0) - expected
                problems.append(
                    SpoolProblem(
                        kind: .sequenceGap, path: "_manifest.ndjson",
                        detail: "line \(number) has position \(segment.sequence ?? 0) instead of \(expected)"
                            + (missing > 0 ? ": \(missing) \(missing == 1 ? "line is" : "lines are") missing" : "")))
            }
            expected = (segment.sequence ?? 0) + 1
            if paths.insert(segment.path).inserted {
                listed.append(segment)
            } else {
                problems.append(
                    SpoolProblem(
                        kind: .listedTwice, path: segment.path, detail: "line \(number) lists this path a second time"))
            }
        }
        for problem in problems { report(problem.kind, problem.path, problem.detail) }
        return listed
    }

    private mutating func check(_ segment: SealedSegment, _ index: Int, pass: Int, of passes: Int) throws(SpoolError) {
        let path = "\(reader.directory)/\(segment.path)"
        guard let compression = Compression(fileName: segment.path) else { return }
        var check = try SegmentCheck(segment, options, record: "the manifest")
        do throws(SpoolError) {
            try SegmentReader(reader.fileSystem).read(path, compression) { (packed) throws(SpoolError) in
                try check.packed(packed)
            } lines: { (piece) throws(SpoolError) in
                try check.lines(piece) { passes == 1 || $0 % UInt128(passes) == UInt128(pass) }
            }
        } catch .file(let error) where !isThere(segment.path) && error.path == path {
            if pass == 0 { result.gone += 1 }
            return
        } catch .damaged(_, let reason) {
            if pass == 0 {
                result.checked += 1
                report(.damaged, segment.path, reason)
                let size = try reader.fileSystem.status(path)?.size ?? 0
                if size != segment.bytes {
                    report(.size, segment.path, "the file has \(size) bytes, but the manifest says \(segment.bytes)")
                }
            }
            return
        }
        fingerprints += check.fingerprints.map { Fingerprint(value: $0, segment: index) }
        guard pass == 0 else { return }
        result.checked += 1
        result.records += check.records
        for problem in try check.problems() { report(problem.kind, problem.path, problem.detail) }
    }

    private mutating func findDuplicates(_ segments: [SealedSegment]) {
        fingerprints.sort { ($0.value, $0.segment) < ($1.value, $1.segment) }
        for (first, second) in zip(fingerprints, fingerprints.dropFirst()) where first.value == second.value {
            let other = segments[first.segment].path
            report(
                .duplicate, segments[second.segment].path,
                first.segment == second.segment
                    ? "the segment has the same record twice" : "the same record is also in \(other)"
            )
        }
    }

    private mutating func checkUnlisted(_ onDisk: [String: SpoolFile], listed: Set<String>) throws(SpoolError) {
        var unlisted: [SpoolFile] = []
        for file in onDisk.values.sorted(by: { $0.path < $1.path }) where !listed.contains(file.path) {
            let name = file.path.split(separator: "/").last ?? ""
            if file.compression != nil, file.sealedAt != nil {
                unlisted.append(file)
            } else if !name.hasPrefix(".") && !name.hasPrefix("_") {
                report(.foreign, file.path, "the name is not that of a segment")
            }
        }
        // A seal adds its lines to the manifest after its segments are visible. So the manifest is read again, and more than once if there is
        // a pause.
        for attempt in 0..<(options.pause == nil ? 1 : 10) where !unlisted.isEmpty {
            if attempt > 0 { options.pause?() }
            let awaited = Set(unlisted.map(\.path))
            var since: Set<String> = []
            try reader.manifest { (_, segment) throws(SpoolError) in
                if let segment, awaited.contains(segment.path) { since.insert(segment.path) }
            }
            unlisted.removeAll { since.contains($0.path) || !isThere($0.path) }
        }
        for file in unlisted { report(.unlisted, file.path, "the manifest has no line for this file") }
    }

    private mutating func report(_ kind: SpoolProblem.Kind, _ path: String, _ detail: String) {
        result.report(kind, path, detail, limit: options.problemLimit)
    }
}

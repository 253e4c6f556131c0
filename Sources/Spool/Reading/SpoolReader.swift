import FoundationEssentials

/// A segment that is in the manifest, on disk, or both.
package struct SegmentListing: Sendable, Equatable {
    package enum State: String, Sendable {
        case present
        /// The segment is in the manifest, but not on disk: it was deleted by a loader or by retention.
        case gone
        /// The segment is on disk, but not in the manifest: it is being sealed right now, the manifest has lost its line, or Tributary did not create
        /// it.
        case unlisted
    }

    package var state: State
    /// Relative to the spool's directory.
    package var path: String
    /// The manifest's line; nil for an unlisted segment.
    package var segment: SealedSegment?
    /// Size on disk; nil if the segment is gone.
    package var bytesOnDisk: Int64?

    package init(state: State, path: String, segment: SealedSegment?, bytesOnDisk: Int64?) {
        self.state = state
        self.path = path
        self.segment = segment
        self.bytesOnDisk = bytesOnDisk
    }
}

/// Reads a spool from outside, whether or not a daemon is running. Takes no lock, and changes nothing except in `prune`.
package struct SpoolReader: Sendable {
    package let directory: String
    /// The spool's identifier, which stays the same if the directory moves.
    package let id: String
    let fileSystem: any FileSystem

    /// Throws `file` if the directory can't be read. Otherwise throws `notASpool`, `damaged` or `newerFormat` if it is not a usable spool.
    package init(directory: String, fileSystem: any FileSystem = PosixFileSystem()) throws(SpoolError) {
        self.directory = directory
        self.fileSystem = fileSystem
        guard let contents = try fileSystem.contents("\(directory)/_spool.json", limit: 64 << 10) else {
            throw .notASpool(path: directory)
        }
        guard let identity = try? JSONDecoder().decode(SpoolIdentity.self, from: Data(contents)) else {
            throw .damaged(path: "\(directory)/_spool.json", reason: "the file is not valid JSON")
        }
        guard identity.format <= SpoolIdentity.format else {
            throw .newerFormat(
                path: "\(directory)/_spool.json", found: identity.format, supported: SpoolIdentity.format)
        }
        id = identity.id
    }

    /// All segments: first those that the manifest lists, in its order; then the other segments on disk, sorted by path.
    package func segments() throws(SpoolError) -> [SegmentListing] {
        // Lists the files before it reads the manifest, so that a segment whose manifest line is added meanwhile does not look unlisted.
        var onDisk = try files().filter { $0.value.compression != nil }
        var listed: [SealedSegment] = []
        try manifest { (_, line) throws(SpoolError) in
            if let line { listed.append(line) }
        }
        var result: [SegmentListing] = []
        for segment in listed {
            let known = onDisk.removeValue(forKey: segment.path)
            var size = known?.bytes
            if size == nil { size = try fileSystem.status("\(directory)/\(segment.path)")?.size }
            result.append(
                SegmentListing(
                    state: size == nil ? .gone : .present, path: segment.path, segment: segment, bytesOnDisk: size))
        }
        for file in onDisk.values.sorted(by: { $0.path < $1.path }) {
            result.append(SegmentListing(state: .unlisted, path: file.path, segment: nil, bytesOnDisk: file.bytes))
        }
        return result
    }

    /// A segment's lines, decompressed, in pieces of arbitrary size. `path` is relative to the spool's directory.
    package func cat(
        _ path: String, _ body: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        try Self.cat(path, in: directory, fileSystem: fileSystem, body)
    }

    /// Like ``cat(_:_:)``, but for a segment in any directory.
    package static func cat(
        _ path: String, in directory: String, fileSystem: any FileSystem = PosixFileSystem(),
        _ body: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        guard let compression = Compression(fileName: path) else { throw Compression.notASegment(path) }
        try SegmentReader(fileSystem).read(
            "\(directory)/\(path)", compression, packed: { (_) throws(SpoolError) in }, lines: body)
    }

    /// A segment's lines one by one, without their newlines.
    package func lines(
        _ path: String, _ body: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        var splitter = LineSplitter()
        try cat(path) { (piece) throws(SpoolError) in try splitter.feed(piece, body) }
    }

    /// Calls `body` for each segment that the manifest lists after a position, in order, until `body` returns false. Segments that no longer exist
    /// are included. A binary search finds the position, so most of a long manifest is not read.
    ///
    /// Throws `refused` for a position after the manifest's end. Lines are made durable before `body` gets them. So a position that `body` has seen
    /// always refers to the same segment.
    package func listed(
        after: Int64, _ body: (SegmentListing) throws(SpoolError) -> Bool
    ) throws(SpoolError) {
        let scan = ManifestScan(fileSystem, directory: directory)
        let start = try scan.offset(after: after)
        // Lines added after this moment are left for the next call, so that `body` gets only durable lines.
        let end = try fileSystem.status(scan.path)?.size ?? 0
        try scan.synchronize()
        if after > 0, start >= end, case let last = try scan.bounds()?.upperBound ?? 0, after > last {
            throw .refused(
                "the manifest of \(directory) ends with position \(last), but position \(after) was requested: "
                    + "either the position is from another spool, or an older copy of this spool was restored "
                    + "(/usr/share/doc/tributary/backup.md); continue from \(last) and skip the paths that you have loaded"
            )
        }
        let decoder = JSONDecoder()
        try scan.lines(from: start) { (line, lineEnd) throws(SpoolError) in
            guard lineEnd <= end else { return false }
            guard ManifestLine(line) != nil, let segment = try? decoder.decode(SealedSegment.self, from: Data(line)),
                segment.sequence ?? 0 > after
            else { return true }
            let size = try fileSystem.status("\(directory)/\(segment.path)")?.size
            return try body(
                SegmentListing(
                    state: size == nil ? .gone : .present, path: segment.path, segment: segment, bytesOnDisk: size))
        }
    }

    /// Deletes the oldest segments that the rule allows to be deleted, or only returns them if `dryRun` is true. Safe while a daemon runs, because
    /// files without a manifest line are not touched.
    package func prune(_ rule: DeletionRule, dryRun: Bool) throws(SpoolError) -> RetentionOutcome {
        var start: Int64 = 0
        let outcome = try Retention(fileSystem: fileSystem, directory: directory).apply(
            rule, goneBefore: &start, dryRun: dryRun)
        if let failure = outcome.failure { throw failure }
        return outcome
    }

    /// The loaders and their positions. Throws `refused` for an invalid acknowledgement.
    ///
    /// - Parameter expected: loaders that the result includes even if they have not registered yet; these have position 0.
    package func acknowledgements(expecting expected: [String] = []) throws(SpoolError) -> [Acknowledgement] {
        try AcknowledgementFiles(spool: directory, fileSystem: fileSystem).all(expecting: expected)
    }

    /// Whether a file exists. `path` is relative to the spool's directory.
    package func isPresent(_ path: String) throws(SpoolError) -> Bool {
        try fileSystem.status("\(directory)/\(path)") != nil
    }

    /// The number of files that look like segments and have no complete line in the manifest.
    package func unlisted() throws(SpoolError) -> Int {
        var paths = Set(try files().values.filter { $0.sealedAt != nil }.map(\.path))
        try ManifestScan(fileSystem, directory: directory).lines(from: 0) { (line, _) throws(SpoolError) in
            if let head = ManifestHead(line), ManifestLine(line) != nil { paths.remove(head.path) }
            return !paths.isEmpty
        }
        return paths.count
    }

    func files() throws(SpoolError) -> [String: SpoolFile] {
        var found: [String: SpoolFile] = [:]
        try SpoolWalk(fileSystem: fileSystem, directory: directory).files { (file) throws(SpoolError) in
            found[file.path] = file
        }
        return found
    }

    /// Calls `body` with the number of each complete line of the manifest, from 1, and the decoded line; nil if the line is damaged. A last line
    /// without a newline is still being written, and is left out.
    func manifest(_ body: (Int, SealedSegment?) throws(SpoolError) -> Void) throws(SpoolError) {
        let path = "\(directory)/_manifest.ndjson"
        guard try fileSystem.status(path) != nil else { return }
        var splitter = LineSplitter()
        var number = 0
        let decoder = JSONDecoder()
        try SegmentReader(fileSystem).read(path, .none, packed: { (_) throws(SpoolError) in }) {
            (piece) throws(SpoolError) in
            try splitter.feed(piece) { (line) throws(SpoolError) in
                number += 1
                let isWhole = ManifestLine(line) != nil
                try body(number, isWhole ? try? decoder.decode(SealedSegment.self, from: Data(line)) : nil)
            }
        }
    }
}

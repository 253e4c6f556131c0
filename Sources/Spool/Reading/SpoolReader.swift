import FoundationEssentials

/// A segment that the manifest or the disk knows of.
package struct SegmentListing: Sendable, Equatable {
    package enum State: String, Sendable {
        case present
        /// In the manifest, not on disk: deleted by a loader or by retention.
        case gone
        /// On disk, not in the manifest: being sealed at this moment, or not Tributary's.
        case unlisted
    }

    package var state: State
    /// Below the spool's directory.
    package var path: String
    /// The manifest's line; nil for an unlisted one.
    package var segment: SealedSegment?
    /// On disk now; nil for one that is gone.
    package var bytesOnDisk: Int64?
}

/// Reads a spool from outside, while a daemon runs or not. Takes no lock and changes nothing, but for `prune`.
package struct SpoolReader: Sendable {
    package let directory: String
    /// What the spool is known by, wherever it is.
    package let id: String
    let fileSystem: any FileSystem

    /// Throws `file` for a directory that can't be read, `damaged` for one that is no spool, and `newerFormat`.
    package init(directory: String, fileSystem: any FileSystem = PosixFileSystem()) throws(SpoolError) {
        self.directory = directory
        self.fileSystem = fileSystem
        guard let contents = try fileSystem.contents("\(directory)/_spool.json", limit: 64 << 10) else {
            throw .damaged(path: directory, reason: "it has no _spool.json, so it is no spool")
        }
        guard let identity = try? JSONDecoder().decode(SpoolIdentity.self, from: Data(contents)) else {
            throw .damaged(path: "\(directory)/_spool.json", reason: "it is not the JSON that was written")
        }
        guard identity.format <= SpoolIdentity.format else {
            throw .newerFormat(path: directory, found: identity.format, supported: SpoolIdentity.format)
        }
        id = identity.id
    }

    /// The manifest joined with what is on disk: first the manifest's order, then what it lacks by path.
    package func segments() throws(SpoolError) -> [SegmentListing] {
        // The disk first: a segment that is sealed meanwhile is then on the manifest's side, and never looks unlisted for long.
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

    /// A segment's lines, decompressed, in pieces that end anywhere. `path` is below the spool's directory.
    package func cat(
        _ path: String, _ body: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        guard let compression = Compression(fileName: path) else {
            throw .invalidName(
                path, reason: "it doesn't end in \(Compression.allCases.map(\.suffix).joined(separator: " or "))")
        }
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

    /// The manifest's segments behind a position, in order, present or gone, until `body` says false. Reads no more of the manifest than that.
    ///
    /// Throws `refused` for a position after the manifest's end. What it gives is durable before `body` has it: a position that was seen stands for its segment for ever.
    package func listed(
        after: Int64, _ body: (SegmentListing) throws(SpoolError) -> Bool
    ) throws(SpoolError) {
        let scan = ManifestScan(fileSystem, directory: directory)
        let start = try scan.offset(after: after)
        // What comes after this is left to the next time, so that it is all on disk.
        let end = try fileSystem.status(scan.path)?.size ?? 0
        try scan.synchronize()
        if after > 0, start >= end, case let last = try scan.bounds()?.upperBound ?? 0, after > last {
            throw .refused(
                "the manifest of \(directory) ends with position \(last), and \(after) is after it: either it is not the spool that the position is "
                    + "from, or an older one was restored (/usr/share/doc/tributary/backup.md); go on from \(last) and skip the paths that you have loaded"
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

    /// Deletes segments that the rule lets go, oldest first, or with `dryRun` names them. Works beside a running daemon: what has no line in the
    /// manifest is left alone.
    package func prune(_ rule: DeletionRule, dryRun: Bool) throws(SpoolError) -> RetentionOutcome {
        var start: Int64 = 0
        let outcome = try Retention(fileSystem: fileSystem, directory: directory).apply(
            rule, goneBefore: &start, dryRun: dryRun)
        if let failure = outcome.failure { throw failure }
        return outcome
    }

    /// The loaders and how far they have come. Throws `refused` for an acknowledgement that can't be believed.
    ///
    /// - Parameter expected: loaders that are waited for before they have registered.
    package func acknowledgements(expecting expected: [String] = []) throws(SpoolError) -> [Acknowledgement] {
        try AcknowledgementFiles(spool: directory, fileSystem: fileSystem).all(expecting: expected)
    }

    /// Whether a file is there. `path` is below the spool's directory.
    package func isPresent(_ path: String) throws(SpoolError) -> Bool {
        try fileSystem.status("\(directory)/\(path)") != nil
    }

    /// How many files look like segments and have no whole line in the manifest.
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

    /// Each whole line of the manifest by its number from 1, decoded, or nil for a damaged one. A line without its newline is being written: left out.
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

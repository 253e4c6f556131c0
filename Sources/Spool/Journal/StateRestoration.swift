import FoundationEssentials

/// Repairs an integration's state that is older than the spool: the state was restored from a backup, or was lost.
///
/// The manifest lists a generation's seal only once the next generation is in force. So if the manifest lists the generation of this integration's
/// newest journal, or a later one, the journal does not know that seal: segments have records that the journal still counts as unsealed or has never
/// had. The contents of later journals are lost. Then:
///
/// - Collection restarts from before the journal's first records, with the cursor and the windows of that point. The records themselves are in the
///   segments, or are collected again.
/// - The identities of all records in those segments go into the window `restored`. If such a record is collected again, the collector drops it.
/// - The records that the journal has carried over from an earlier generation would not be collected again. So each carried partition is kept unless
///   the segments have all of its records. A seal takes a carried partition as a whole, never a part of it.
///
/// All of this becomes a new generation, in one step. Its number is random and far above every number in the manifest. So no earlier journal has had
/// this number, not even a lost journal, or a journal that the manifest does not name because its seal made no segments. If there was no journal at
/// all, collection starts from the configured start.
///
/// A segment can have its final name and yet no manifest line, if its seal was interrupted and the journal that knew of the seal was lost. Such
/// segments get their lines first.
///
/// The same is done if the newest journal has decided a seal whose staged files were removed (`JournalRecovery.isSwept`). That seal is abandoned, and
/// collection restarts at the beginning of the journal that was to be sealed.
struct StateRestoration {
    let recovery: JournalRecovery
    /// The newest journal. If that journal has decided the `swept` seal: the journal before it. Nil if there is no journal.
    let found: RecoveredJournal?
    /// The seal that can't be finished because its staged files were removed; nil if there is none.
    let swept: SealPlan?
    let now: SpoolInstant

    /// By how much the new generation's number exceeds the largest number that is known to be in use.
    private static let generationGap: ClosedRange<UInt64> = 1_000...1_000_000

    private var spool: Spool { recovery.spool }
    private var fileSystem: any FileSystem { recovery.spool.fileSystem }
    private var integration: String { recovery.integration }
    private var walk: SpoolWalk { SpoolWalk(fileSystem: fileSystem, directory: spool.settings.directory) }
    private var generation: UInt64 { found?.journal.header.generation ?? 1 }

    /// Restores the state if it is older than the spool. Returns the new generation, which is in force; nil if the state is not older.
    func restored() throws(SpoolError) -> RecoveredJournal? {
        let known = swept?.manifest ?? found?.journal.header.seal.manifest ?? .beginning
        let marked = try fileSystem.list(recovery.staging).compactMap { SealMark.generation(fileName: $0.name) }.max()
        var report = RestoredState(hadJournal: found != nil, isSealGivenUp: swept != nil)
        if found == nil || swept != nil || marked.map({ $0 >= generation }) == true {
            // An earlier process may have been interrupted in a seal before the directories that it created were durable. They must be durable before
            // the manifest names files in them.
            for inner in try walk.directories(of: integration) {
                let path = inner.isEmpty ? spool.settings.directory : "\(spool.settings.directory)/\(inner)"
                try fileSystem.synchronizeDirectory(path)
            }
            let listed = try spool.manifest.newestSeal(of: integration, after: known) ?? 0
            report.newlyListed = try listVisible(as: max(listed, marked ?? 0, generation))
        }
        let listed = try spool.manifest.newestSeal(of: integration, after: known)
        // The number of an abandoned or lost journal must not be used again, even if the manifest does not list it.
        let used = swept.map { $0.generation + 1 } ?? (found == nil ? marked : nil)
        guard let newest = [listed, used].compactMap(\.self).max(), newest >= generation else { return nil }
        let identities = try identities(of: try segments(after: known), &report)
        // Keeps only what precedes the journal's first commit with records. The records of its commits are not carried over.
        let beginning = try found.map { (found) throws(SpoolError) in
            try recovery.contents(of: found.journal.log.file, upTo: found.recordsStart).0
        }
        var windows = beginning?.windows ?? IdentityWindows()
        windows.apply([
            IdentityUpdate(
                window: .restored, empties: false, bound: IdentityWindow.restoredBound, commits: identities)
        ])
        var kept: [OpenPartition] = []
        for partition in beginning?.partitions.partitions ?? [] where try !isSealed(partition, windows) {
            kept.append(partition)
        }
        let next = newest + UInt64.random(in: Self.generationGap)
        try publish(next, beginning, kept, windows)
        var restored = try recovery.read(next)
        restored.report.restored = report
        restored.report.olderSpool = found?.report.olderSpool
        return restored
    }

    private func publish(
        _ generation: UInt64, _ beginning: RecoveredJournal?, _ kept: [OpenPartition], _ windows: IdentityWindows
    ) throws(SpoolError) {
        var carried: CarriedFrame?
        var compression = spool.settings.compression
        if let beginning, !kept.isEmpty {
            carried = CarriedFrame(
                kept, cursor: beginning.cursor, committed: beginning.carriedSince ?? now.wall,
                from: beginning.journal.log.file)
            compression = beginning.journal.header.compression
        }
        let header = JournalHeader(
            spoolID: spool.id, integration: integration, generation: generation, created: now.wall,
            compression: compression, cursor: beginning?.cursor,
            seal: SealPlan(generation: generation - 1, manifest: spool.manifest.end, segments: []))
        let next = try Journal.prepare(
            header, windows, carrying: carried, in: recovery.directory, recovery.scratch, fileSystem)
        defer { fileSystem.close(next.log.file) }
        try next.publish(in: recovery.directory, fileSystem)
        if let found { fileSystem.close(found.journal.log.file) }
    }

    /// The integration's segments in the manifest after `known`, in the order of the manifest: those of the found journal's generation and of later
    /// ones, or all of them if `swept` is set.
    private func segments(after known: ManifestEnd) throws(SpoolError) -> [SealedSegment] {
        let scan = ManifestScan(fileSystem, directory: spool.settings.directory)
        let start = if let sequence = known.sequence { try scan.offset(after: sequence) } else { known.length }
        let decoder = JSONDecoder()
        var segments: [SealedSegment] = []
        try scan.lines(from: start) { (line, _) throws(SpoolError) in
            if let (name, generation) = ManifestLine(line)?.generation, name == integration,
                // If `swept` is set, the journal knows no segment after `known`. So all of them count, whatever their generations are.
                swept != nil || generation >= self.generation,
                let segment = try? decoder.decode(SealedSegment.self, from: Data(line))
            {
                segments.append(segment)
            }
            return true
        }
        return segments
    }

    /// The identities of the records in the segments that still exist, oldest first. If there are more than can be remembered, the newest segments
    /// are preferred, and segments that do not fit are left out.
    private func identities(
        of segments: [SealedSegment], _ report: inout RestoredState
    ) throws(SpoolError) -> [IdentityCommit] {
        let limit = spool.settings.restoredIdentities
        var commits: [IdentityCommit] = []
        for segment in segments.reversed() {
            let path = "\(spool.settings.directory)/\(segment.path)"
            report.segments += 1
            guard try fileSystem.status(path) != nil, let compression = Compression(fileName: path) else {
                report.missingSegments += 1
                report.missingEvents += segment.records
                continue
            }
            guard report.known + segment.records <= min(limit, IdentityWindow.restoredBound) else {
                report.unreadEvents += segment.records
                continue
            }
            let kind = segment.kind == "rejected" ? PartitionKind.rejected : .records
            var identities: [RecordIdentity] = []
            var splitter = LineSplitter()
            do throws(SpoolError) {
                try SegmentReader(fileSystem).read(path, compression, packed: { (_) throws(SpoolError) in }) {
                    (piece) throws(SpoolError) in
                    try splitter.feed(piece) { (line) throws(SpoolError) in
                        if let identity = recovery.facts.identity(line, kind) { identities.append(identity) }
                    }
                }
            } catch .damaged {
                // If a segment can be read only in part, the identities from that part are still used.
            }
            report.known += identities.count
            report.unreadEvents += max(0, segment.records - identities.count)
            commits.append(
                IdentityCommit(times: IdentityTimes(earliest: .min, latest: .max), identities: identities))
        }
        return commits.reversed()
    }

    /// Whether all records of a carried-over partition are in segments. They are if the window `restored` has their identities.
    private func isSealed(_ partition: OpenPartition, _ windows: IdentityWindows) throws(SpoolError) -> Bool {
        guard let file = found?.journal.log.file else { return false }
        var areKnown = true
        for chunk in partition.chunks {
            let decoder = try SegmentReader.decoder(chunk.encoding)
            let room = ByteStore(capacity: 256 << 10)
            var splitter = LineSplitter()
            try chunk.forEachPiece(file, recovery.scratch, fileSystem) { (piece) throws(SpoolError) in
                let problem = try decoder.decode(piece, room: room.space(atLeast: 0)) { (lines) throws(SpoolError) in
                    try splitter.feed(lines) { (line) throws(SpoolError) in
                        let identity = recovery.facts.identity(line, partition.path.kind)
                        if identity.map({ windows.contains($0, in: .restored) }) != true { areKnown = false }
                    }
                }
                if let problem { throw .damaged(path: file.path, reason: "at \(chunk.offset): \(problem)") }
            }
        }
        return areKnown
    }

    /// Adds a manifest line for each of the integration's segments that has its final name but no line. Returns how many were added.
    private func listVisible(as generation: UInt64) throws(SpoolError) -> Int {
        var visible: [String: SpoolFile] = [:]
        try walk.files(of: integration) {
            (file) throws(SpoolError) in
            if file.sealedAt != nil { visible[file.path] = file }
        }
        guard !visible.isEmpty else { return 0 }
        try ManifestScan(fileSystem, directory: spool.settings.directory).lines(from: 0) {
            (line, _) throws(SpoolError) in
            if let head = ManifestHead(line), ManifestLine(line) != nil { visible[head.path] = nil }
            return !visible.isEmpty
        }
        var plan = SealPlan(generation: generation, manifest: spool.manifest.end, segments: [])
        for file in visible.values.sorted(by: { $0.path < $1.path }) {
            guard let segment = try described(file) else { continue }
            let line = Manifest.line(
                segment.0, keys: segment.1.keys, seal: "\(integration)/\(generation)")
            plan.segments.append(PlannedSegment(path: file.path, line: line))
        }
        try spool.manifest.append(plan, skippingListed: true)
        return plan.segments.count
    }

    /// The description of a segment, read from the file itself. Nil if the file is damaged or empty, or its path is not one that Tributary would have
    /// chosen.
    private func described(_ file: SpoolFile) throws(SpoolError) -> (SealedSegment, PartitionPath)? {
        let kind = file.path.hasPrefix("_rejected/") ? PartitionKind.rejected : .records
        let components = file.path.split(separator: "/").dropFirst(kind == .rejected ? 2 : 1).dropLast()
        guard
            let path = try? PartitionPath(
                components.joined(separator: "/"), kind: kind, schema: spool.settings.recordSchema),
            let compression = file.compression, let sealedAt = file.sealedAt
        else { return nil }
        let digest = try SegmentDigest()
        var summary = RecordSummary()
        var schema: String?
        var splitter = LineSplitter()
        do throws(SpoolError) {
            try SegmentReader(fileSystem).read("\(spool.settings.directory)/\(file.path)", compression) {
                (packed) throws(SpoolError) in
                try digest.update(packed)
            } lines: { (piece) throws(SpoolError) in
                try splitter.feed(piece) { (line) throws(SpoolError) in
                    let time = recovery.facts.time(line, kind) ?? sealedAt
                    // All lines of a segment have the same schema, so the first line is enough.
                    if schema == nil { schema = recovery.facts.schema(line, kind) }
                    summary.add(RecordSummary(records: 1, bytes: line.count + 1, firstTime: time, lastTime: time))
                }
            }
        } catch .damaged {
            return nil
        }
        guard summary.records > 0 else { return nil }
        let segment = SealedSegment(
            sequence: nil, path: file.path, integration: integration,
            partition: Dictionary(path.keys) { first, _ in first }, kind: kind == .records ? "records" : "rejected",
            records: summary.records, bytes: file.bytes, uncompressedBytes: Int64(summary.bytes),
            sha256: try digest.finish(), firstTime: summary.firstTime, lastTime: summary.lastTime,
            sealedAt: CivilTime(milliseconds: sealedAt).rfc3339, schema: schema ?? path.schema,
            format: Manifest.format)
        return (segment, path)
    }
}

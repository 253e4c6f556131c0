import FoundationEssentials

/// Sealing a generation G, step by step:
///
/// 1. *stage*: each partition's segment is written to `SPOOL/_staging/<integration>/` and synchronized, then that directory is synchronized. If the
///    process dies here, journal G stays in force, and the next start removes the staged files.
/// 2. *decide*: journal G+1 is written, synchronized and renamed to its final name, and its directory is synchronized. Its header holds the cursor
///    and the list of segments, and is followed by a copy of the carried-over records. If the process dies here, G+1 either exists completely or does
///    not exist.
/// 3. *settle*: directories are created and synchronized, the files get their final names, and the directories are synchronized again. Then the
///    staging names are removed and the staging directory is synchronized, the manifest's lines are appended and synchronized, and journal G is
///    removed. If the process dies here, journal G still exists, and all of step 3 is done again.
///
/// During all of this, the staging directory also holds a `SealMark`. Staged files are durable before the decision. So if a staged file is missing
/// when a seal is finished again, the file already has its final name, or a loader has deleted it. A loader may delete a segment when the manifest
/// lists it.
extension SpoolWriter {
    private var stateDirectory: String { "\(spool.settings.stateDirectory)/integrations/\(integration)" }
    private var staging: String { "\(spool.settings.directory)/_staging/\(integration)" }

    /// Step 1 (*stage*), for all partitions except those that are carried over. If this throws, it has tried to remove the staged files that it had
    /// written.
    func stage(but carried: [Int], at now: SpoolInstant) throws(SpoolError) -> SealPlan {
        let fileSystem = spool.fileSystem
        try journal.log.cutIfNeeded(fileSystem)
        // Recovery has created the directory, but someone may have deleted it since.
        try fileSystem.makeDirectories(staging, below: spool.settings.directory, thorough: false)
        if stagingNeedsSweep {
            for entry in try fileSystem.list(staging) { try fileSystem.unlink("\(staging)/\(entry.name)") }
            stagingNeedsSweep = false
        }
        var plan = SealPlan(
            generation: journal.header.generation, manifest: spool.manifest.end, segments: [])
        do throws(SpoolError) {
            for (index, partition) in partitions.partitions.enumerated()
            where partition.committed.records > 0 && !carried.contains(index) {
                let name = SealedSegment.fileName(
                    sealed: spool.sealingTime(now), compression: journal.header.compression)
                let directory = partition.path.directory(integration: integration)
                if plan.segments.isEmpty { fileSystem.close(try fileSystem.open(sealMark(plan), .create)) }
                // The segment is added to the plan before it is written, so that its file is removed if writing fails.
                plan.segments.append(PlannedSegment(path: "\(directory)/\(name)", line: ""))
                let segment = try write(partition, path: "\(directory)/\(name)", now)
                plan.segments[plan.segments.count - 1].line = Manifest.line(
                    segment, keys: partition.path.keys, seal: "\(integration)/\(plan.generation)")
            }
            if !plan.segments.isEmpty { try fileSystem.synchronizeDirectory(staging) }
        } catch {
            removeStaged(plan)
            throw error
        }
        return plan
    }

    private func sealMark(_ plan: SealPlan) -> String { "\(staging)/\(SealMark.fileName(plan.generation))" }

    func removeStaged(_ plan: SealPlan) {
        for segment in plan.segments {
            let path = "\(staging)/\(segment.fileName)"
            guard let size = (try? spool.fileSystem.status(path))?.size else { continue }
            if (try? spool.fileSystem.unlink(path)) != nil {
                spool.count(-size)
            } else {
                // This file is removed before the next seal is staged, or at the next start.
                stagingNeedsSweep = true
            }
        }
    }

    private func write(_ partition: OpenPartition, path: String, _ now: SpoolInstant) throws(SpoolError)
        -> SealedSegment
    {
        let fileName = path.split(separator: "/").last.map(String.init) ?? path
        var writer = try SegmentWriter(
            "\(staging)/\(fileName)", compression: journal.header.compression, scratch, spool.fileSystem)
        var isOpen = true
        defer { if isOpen { writer.abandon() } }
        for chunk in partition.chunks {
            try chunk.forEachPiece(journal.log.file, scratch, spool.fileSystem) { (piece) throws(SpoolError) in
                if chunk.encoding == .none {
                    try writer.write(lines: piece)
                } else {
                    try writer.write(packed: piece)
                }
            }
        }
        let digest: String
        do throws(SpoolError) {
            digest = try writer.finish()
            isOpen = false
        } catch {
            spool.count(writer.length)
            throw error
        }
        spool.count(writer.length)
        let summary = partition.committed
        return SealedSegment(
            sequence: nil, path: path, integration: integration,
            partition: Dictionary(partition.path.keys) { first, _ in first },
            kind: partition.path.kind == .records ? "records" : "rejected", records: summary.records,
            bytes: writer.length, uncompressedBytes: Int64(summary.bytes), sha256: digest, firstTime: summary.firstTime,
            lastTime: summary.lastTime, sealedAt: CivilTime(milliseconds: now.wall).rfc3339,
            schema: partition.path.schema, format: Manifest.format)
    }

    /// Step 2 (*decide*). If it throws, `phase` says whether the decision may have been made.
    func decide(_ plan: SealPlan, carrying carried: [Int], at now: SpoolInstant) throws(SpoolError) {
        let frame =
            carried.isEmpty
            ? nil
            : CarriedFrame(
                carried.map { partitions.partitions[$0] }, cursor: cursor,
                committed: now.wall.subtractingReportingOverflow(unsealedAge(at: now) ?? 0).partialValue,
                from: journal.log.file)
        // Carried-over chunks stay encoded as they are. So if a reload has changed the compression since the seal began, the new one applies from the
        // next seal on, which is due immediately.
        let header = JournalHeader(
            spoolID: spool.id, integration: integration, generation: plan.generation + 1, created: now.wall,
            compression: carried.isEmpty ? spool.settings.compression : journal.header.compression, cursor: cursor,
            seal: plan)
        let next = try Journal.prepare(
            header, identities, carrying: frame, in: stateDirectory, scratch, spool.fileSystem)
        phase = .deciding(plan, carrying: carried, now)
        do throws(SpoolError) {
            try next.publish(in: stateDirectory, spool.fileSystem)
        } catch {
            spool.fileSystem.close(next.log.file)
            throw error
        }
        begin(next, frame?.references(headerLength: next.start - next.header.carriedLength) ?? [:])
        spool.count(next.log.length)
        phase = .decided(plan, isRetry: false)
    }

    /// Step 3 (*settle*). If `phase` is `deciding`, step 2 is repeated first. Does nothing if `phase` is `ready` or `undecided`.
    @discardableResult
    func settle() throws(SpoolError) -> [SealedSegment] {
        if case .deciding(let plan, let carried, let now) = phase { try decide(plan, carrying: carried, at: now) }
        guard case .decided(let plan, let isRetry) = phase else { return [] }
        phase = .decided(plan, isRetry: true)
        let gone = try move(plan, isRetry: isRetry)
        let fileSystem = spool.fileSystem
        try spool.manifest.append(plan, skippingListed: isRetry)
        if try fileSystem.status(sealMark(plan)) != nil { try fileSystem.unlink(sealMark(plan)) }
        let old = "\(stateDirectory)/\(Journal.fileName(plan.generation))"
        let size = try fileSystem.status(old)?.size
        if let size {
            try fileSystem.unlink(old)
            spool.count(-size)
        }
        phase = .ready
        if isRetry { noteFinished(plan.segments.count, gone: gone) }
        return plan.segments.compactMap { segment in
            try? JSONDecoder().decode(SealedSegment.self, from: Data("{\(segment.line)}".utf8))
        }
    }

    /// Gives the staged files their final names, durably, then removes the staging names. Returns how many files have neither name, because loaders
    /// have deleted them.
    ///
    /// Files are not renamed, but get a second name (link(2)). So the old name exists until the new one is durable, in whatever order the file
    /// system writes names. The removal of the old names is durable before the manifest's lines are written, and only then may a loader delete a
    /// segment. So no deleted segment comes back.
    private func move(_ plan: SealPlan, isRetry: Bool) throws(SpoolError) -> Int {
        let fileSystem = spool.fileSystem
        let root = spool.settings.directory
        var gone = 0
        var directories: [String] = []
        var staged: [String] = []
        for segment in plan.segments {
            let directory = "\(root)/\(segment.directory)"
            let source = "\(staging)/\(segment.fileName)"
            let target = "\(root)/\(segment.path)"
            if directories.last != directory { directories.append(directory) }
            if isRetry, try fileSystem.status(source) == nil {
                if try fileSystem.status(target) == nil { gone += 1 }
                continue
            }
            try fileSystem.makeDirectories(directory, below: root, thorough: isRetry)
            _ = try fileSystem.link(source, to: target)
            staged.append(source)
        }
        for directory in directories {
            if isRetry {
                if try fileSystem.status(directory) == nil { continue }
                // An earlier attempt may have created the directory, and then died before the names of its parents were durable.
                try fileSystem.makeDirectories(directory, below: root, thorough: true)
            }
            try fileSystem.synchronizeDirectory(directory)
        }
        for source in staged { try fileSystem.unlink(source) }
        // A repeated attempt synchronizes even if it removes nothing, because an earlier attempt may have ended between the removal and the
        // synchronization.
        if !staged.isEmpty || isRetry { try fileSystem.synchronizeDirectory(staging) }
        return gone
    }
}

import Digests

/// Sealing a generation of a shared spool. The steps are those of a spool on one host (`SpoolWriter+Sealing`), but the decision is stored in the
/// fleet's bucket, where only one host's decision per generation can succeed:
///
/// 1. *stage*: ``stage(_:at:)`` writes the segments, and two files that the caller stores: the identity windows, and a bundle of the segments.
/// 2. *decide*: the caller stores the decision. Until its outcome is known, commits are refused.
/// 3. *adopt*: ``adopt(_:at:)`` begins the next generation. If the process dies before that, the journal is older than the newest decision, and is
///   replaced at the next opening (``Spool/begin(_:at:scratch:now:)``).
/// 4. *publish*: the caller stores the segments under their final names, from the staged files or from the bundle.
/// 5. *forget*: ``forget(_:)`` removes the staged files, and the caller removes the bundle from the bucket.
///
/// Nothing is carried over, because the next generation may be collected by another host, which has no copy of the journal.
extension SpoolWriter {
    /// Step 1 (*stage*) of sealing a shared spool. Nil if there is nothing to seal.
    ///
    /// Throws `uncommittedRecords` while records are buffered, `sealUndecided` if there is already a staged seal, or `file` if a file can't be read
    /// or written. Nothing is lost in any of these cases.
    package func stage(_ occasion: SealOccasion, at now: SpoolInstant) throws(SpoolError) -> StagedSeal? {
        guard bufferedRecords == 0 else { throw .uncommittedRecords(bufferedRecords) }
        try settle()
        if case .undecided = phase { throw .sealUndecided(integration: integration) }
        guard let cursor, isWorthSealing(occasion, at: now) else { return nil }
        try checkFiles()
        let plan = try stage(but: [], at: now)
        do throws(SpoolError) {
            let staged = try files(of: plan, cursor: cursor, at: now)
            phase = .undecided(plan)
            return staged
        } catch {
            removeStaged(plan)
            throw error
        }
    }

    /// Step 3 (*adopt*). Call this once the seal has been decided. If it throws, it can be called again.
    package func adopt(_ staged: StagedSeal, at now: SpoolInstant) throws(SpoolError) {
        if case .undecided(let plan) = phase, plan.generation + 1 == staged.generation {
            // The header of the next generation lists no segments, because the decision in the bucket lists them.
            let empty = SealPlan(generation: plan.generation, manifest: plan.manifest, segments: [])
            try decide(empty, carrying: [], at: now)
        }
        try settle()
    }

    /// Step 5 (*forget*). It is also called for a seal that was not decided and never will be.
    package func forget(_ staged: StagedSeal) {
        let plan = SealPlan(
            generation: staged.generation - 1, manifest: .beginning,
            segments: staged.segments.map { PlannedSegment(path: $0.path, line: "") })
        removeStaged(plan)
        for file in [staged.windows, staged.bundle].compactMap(\.self) {
            guard (try? spool.fileSystem.unlink(file.path)) != nil else {
                stagingNeedsSweep = true
                continue
            }
            spool.count(-file.bytes)
        }
    }

    /// Whether a seal is due or in progress.
    package func isSharedSealDue(at now: SpoolInstant) -> Bool {
        if case .ready = phase { isSharedDue(at: now) || isUnknownToFleet } else { true }
    }

    /// True if this is a shared spool in which the integration was never sealed. Then the first cursor is sealed at once. Without that seal, a host
    /// that takes over would begin at the configured start, which may be relative to the present time, so it could miss events.
    var isUnknownToFleet: Bool {
        spool.settings.sharedID != nil && journal.header.cursor == nil && cursor != nil
    }

    private func isWorthSealing(_ occasion: SealOccasion, at now: SpoolInstant) -> Bool {
        switch occasion {
        case .due: isSharedDue(at: now) || isUnknownToFleet
        case .handOver: partitions.committed.records > 0 || journal.header.cursor != cursor
        }
    }

    /// Writes the identity windows and the bundle, and describes the seal.
    private func files(of plan: SealPlan, cursor: String, at now: SpoolInstant) throws(SpoolError) -> StagedSeal {
        let commit = Hexadecimal.text(SpoolIdentity.random())
        let staging = "\(spool.settings.directory)/_staging/\(integration)"
        let stored = ByteStore()
        stored.append(JournalHeader.version)
        identities.encode(into: stored)
        let windows = try write("\(staging)/windows-\(commit)") { (add) throws(SpoolError) in try add(stored.bytes) }
        var bundle: StagedFile?
        do throws(SpoolError) {
            if !plan.segments.isEmpty {
                bundle = try write("\(staging)/bundle-\(commit)") { (add) throws(SpoolError) in
                    for segment in plan.segments { try forEachPiece(of: "\(staging)/\(segment.fileName)", add) }
                }
            }
        } catch {
            try? spool.fileSystem.unlink(windows.path)
            throw error
        }
        return StagedSeal(
            integration: integration, generation: plan.generation + 1, commit: commit, cursor: cursor,
            sealedAt: CivilTime(milliseconds: now.wall).rfc3339,
            segments: plan.segments.compactMap { SealedSegment(line: "{\($0.line)}") }, windows: windows,
            bundle: bundle, directory: staging)
    }

    /// Writes a file piece by piece. It is not synchronized, because a file of an undecided seal is not needed after a crash. Removes the file if
    /// writing fails.
    private func write(
        _ path: String,
        _ contents: ((UnsafeRawBufferPointer) throws(SpoolError) -> Void) throws(SpoolError) -> Void
    ) throws(SpoolError) -> StagedFile {
        let fileSystem = spool.fileSystem
        let digest = try SegmentDigest()
        let file = try fileSystem.open(path, .replace)
        defer { fileSystem.close(file) }
        var length: Int64 = 0
        do throws(SpoolError) {
            try contents { (piece) throws(SpoolError) in
                try digest.update(piece)
                try fileSystem.write(file, at: length, piece)
                length += Int64(piece.count)
            }
            let staged = StagedFile(path: path, bytes: length, sha256: try digest.finish())
            spool.count(length)
            return staged
        } catch {
            try? fileSystem.unlink(path)
            throw error
        }
    }

    private func forEachPiece(
        of path: String, _ body: (UnsafeRawBufferPointer) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        let fileSystem = spool.fileSystem
        let source = try fileSystem.open(path, .read)
        defer { fileSystem.close(source) }
        var offset: Int64 = 0
        while true {
            scratch.input.removeAll(keeping: 2 * SpoolScratch.pieceBytes)
            let space = scratch.input.space(atLeast: SpoolScratch.pieceBytes)
            let count = try fileSystem.read(source, at: offset, into: space)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: space.prefix(count)))
            offset += Int64(count)
        }
    }
}

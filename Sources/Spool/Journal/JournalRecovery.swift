/// The contents of a journal's directory after recovery.
struct RecoveredJournal {
    var journal: Journal
    var partitions = PartitionTable()
    var windows = IdentityWindows()
    var cursor: String?
    /// When the generation's first commit with records was made, in wall-clock milliseconds.
    var firstCommit: Int64?
    /// All carried-over records were committed at this time or later, in wall-clock milliseconds; nil if no record was carried over.
    var carriedSince: Int64?
    /// A seal that is decided but not finished; nil if there is none.
    var pending: SealPlan?
    /// The offset at which the first commit with records begins. If no commit has records, the offset at which the commits end.
    var recordsStart: Int64
    var report: RecoveryReport
}

/// Repairs an integration's journal directory: finds the newest generation, truncates incomplete frames, and removes files of seals that were never
/// decided.
struct JournalRecovery {
    let spool: Spool
    let integration: String
    let scratch: SpoolScratch
    let facts: LineFacts
    /// If this process has written the journal: its generation and its durable length. After a failed synchronization, bytes beyond this length can
    /// still be read from the page cache, although they never reached the disk. So recovery truncates them.
    var confirmed: (generation: UInt64, length: Int64)?

    var directory: String { "\(spool.settings.stateDirectory)/integrations/\(integration)" }
    var staging: String { "\(spool.settings.directory)/_staging/\(integration)" }

    func open(now: SpoolInstant) throws(SpoolError) -> RecoveredJournal {
        let fileSystem = spool.fileSystem
        try fileSystem.makeDirectories(directory, below: spool.settings.stateDirectory, thorough: true)
        try fileSystem.makeDirectories(staging, below: spool.settings.directory, thorough: true)
        var generations: [UInt64] = []
        for entry in try fileSystem.list(directory) {
            if entry.name == Journal.temporaryName { try fileSystem.unlink("\(directory)/\(entry.name)") }
            if let generation = Journal.generation(fileName: entry.name) { generations.append(generation) }
        }
        generations.sort()
        // The newest journal's name may not be durable yet. Make it durable before relying on it.
        try fileSystem.synchronizeDirectory(directory)
        let newest = generations.last
        var found: RecoveredJournal?
        if let newest {
            var journal = try read(newest)
            // Lines that the manifest lacks are reported only when this process opens the integration for the first time. Later, the journal can also
            // know lines that this process has added. `OlderSpool` would count these as missing, because it looks only at the lines that the manifest
            // had at the start.
            if !spool.hasBeenOpened(integration) {
                journal.report.olderSpool = OlderSpool(
                    journal.journal.header, isSealFinished: generations.dropLast().last != newest - 1, spool.manifest)
            }
            found = journal
        }
        var restored: RecoveredJournal?
        // A fleet's spool needs no restoration: the bucket says what is sealed, and the journal begins at the newest seal. In a fleet, a seal mark in
        // the staging directory only shows that a seal was attempted.
        if spool.settings.sharedID == nil {
            do throws(SpoolError) {
                var swept: SealPlan?
                if let decided = found, case let plan = decided.journal.header.seal,
                    generations.dropLast().last == plan.generation, try isSwept(plan)
                {
                    swept = plan
                    var older = try read(plan.generation)
                    older.report.olderSpool = decided.report.olderSpool
                    fileSystem.close(decided.journal.log.file)
                    found = older
                }
                restored = try StateRestoration(recovery: self, found: found, swept: swept, now: now).restored()
            } catch {
                if let found { fileSystem.close(found.journal.log.file) }
                throw error
            }
        }
        if restored == nil { _ = generations.popLast() }
        var recovered = if let known = restored ?? found { known } else { try start(now) }
        do throws(SpoolError) {
            try removeLeftovers(older: generations, &recovered)
        } catch {
            fileSystem.close(recovered.journal.log.file)
            throw error
        }
        return recovered
    }

    /// Finds the seal that must be finished. Removes the files of undecided seals, and the older journals that are no longer needed.
    private func removeLeftovers(older: [UInt64], _ recovered: inout RecoveredJournal) throws(SpoolError) {
        let fileSystem = spool.fileSystem
        var older = older
        if older.last == recovered.journal.header.seal.generation, !older.isEmpty {
            recovered.pending = recovered.journal.header.seal
            older.removeLast()
        }
        // An older journal can still exist if a power cut undid its removal, or if a restoration has replaced it.
        for old in older { try fileSystem.unlink("\(directory)/\(Journal.fileName(old))") }
        var decided = Set(recovered.pending?.segments.map(\.fileName) ?? [])
        if let pending = recovered.pending { decided.insert(SealMark.fileName(pending.generation)) }
        let undecided = try fileSystem.list(staging).map(\.name).filter { !decided.contains($0) }
        let marks = undecided.filter { SealMark.generation(fileName: $0) != nil }
        for mark in marks { try fileSystem.unlink("\(staging)/\(mark)") }
        // The removal of the marks must be durable before the staged files are removed. `isSwept` relies on this order: as long as a seal's mark
        // exists, this code has not removed its staged files.
        if !marks.isEmpty { try fileSystem.synchronizeDirectory(staging) }
        for name in undecided where !marks.contains(name) {
            try fileSystem.unlink("\(staging)/\(name)")
            recovered.report.stagedFilesRemoved += 1
        }
    }

    /// True if a pending seal can't be finished because its mark and staged files were removed. The daemon removes them when it starts without the
    /// journal that decided the seal. That journal may then come back from a backup. While the mark exists, or once the manifest lists a segment, a
    /// missing file only means that a loader deleted the segment.
    private func isSwept(_ plan: SealPlan) throws(SpoolError) -> Bool {
        let fileSystem = spool.fileSystem
        if try fileSystem.status("\(staging)/\(SealMark.fileName(plan.generation))") != nil { return false }
        for segment in try spool.manifest.unlisted(plan) {
            if try fileSystem.status("\(staging)/\(segment.fileName)") == nil,
                try fileSystem.status("\(spool.settings.directory)/\(segment.path)") == nil
            {
                return true
            }
        }
        return false
    }

    /// Creates the first generation of an integration.
    private func start(_ now: SpoolInstant) throws(SpoolError) -> RecoveredJournal {
        let header = JournalHeader(
            spoolID: spool.id, integration: integration, generation: 1, created: now.wall,
            compression: spool.settings.compression, cursor: nil,
            seal: SealPlan(generation: 0, manifest: spool.manifest.end, segments: []))
        let journal = try Journal.prepare(header, IdentityWindows(), in: directory, scratch, spool.fileSystem)
        do throws(SpoolError) {
            try journal.publish(in: directory, spool.fileSystem)
        } catch {
            spool.fileSystem.close(journal.log.file)
            throw error
        }
        return RecoveredJournal(
            journal: journal, recordsStart: journal.start,
            report: RecoveryReport(integration: integration, generation: 1))
    }

    func read(_ generation: UInt64) throws(SpoolError) -> RecoveredJournal {
        let fileSystem = spool.fileSystem
        let file = try fileSystem.open("\(directory)/\(Journal.fileName(generation))", .update)
        do throws(SpoolError) {
            let size = try fileSystem.size(file)
            var limit = size
            if let confirmed, confirmed.generation == generation { limit = min(size, confirmed.length) }
            var (found, reason) = try contents(of: file, upTo: limit)
            let end = found.journal.log.length
            if end < size { try fileSystem.truncate(file, to: end) }
            // A killed process may have written bytes without making them durable. From here on, everything relies on these bytes.
            try fileSystem.synchronize(file)
            found.report.bytesCut = size - end
            found.report.cutReason = reason ?? (end < size ? .unconfirmed : nil)
            return found
        } catch {
            fileSystem.close(file)
            throw error
        }
    }

    /// Reads a journal up to an offset, or up to the first frame that is incomplete or damaged. Changes nothing.
    func contents(of file: OpenFile, upTo limit: Int64) throws(SpoolError) -> (RecoveredJournal, CutReason?) {
        let reader = JournalReader(fileSystem: spool.fileSystem, file: file)
        let (header, windows, crc, start) = try reader.header(spoolID: spool.id, integration: integration)
        let base = start + header.carriedLength
        var found = RecoveredJournal(
            journal: Journal(
                header: header, headerChecksum: crc, start: base, log: DurableLog(file: file, length: base)),
            windows: windows, cursor: header.cursor, recordsStart: base,
            report: RecoveryReport(integration: integration, generation: header.generation))
        if header.carriedLength > 0 {
            // The carried-over records are from before the cursor, so they would not be collected again. Therefore an incomplete frame is refused,
            // not truncated.
            guard base <= limit else {
                throw .damaged(path: file.path, reason: "the frame with the carried-over records is incomplete")
            }
            let (end, _) = try reader.frames(
                CommitFrame.carriedType, from: start, to: base, version: header.version, headerChecksum: crc
            ) { (frame, data) throws(SpoolError) in
                found.carriedSince = frame.committed
                try found.partitions.add(frame, at: data)
            }
            guard end == base else {
                throw .damaged(path: file.path, reason: "the checksum of the carried-over records does not match")
            }
        }
        let (end, reason) = try reader.frames(from: base, to: limit, version: header.version, headerChecksum: crc) {
            (frame, data) throws(SpoolError) in
            found.cursor = frame.cursor
            found.windows.apply(frame.updates)
            if found.firstCommit == nil {
                if frame.chunks.isEmpty { found.recordsStart = data } else { found.firstCommit = frame.committed }
            }
            try found.partitions.add(frame, at: data)
        }
        found.journal.log = DurableLog(file: file, length: end)
        found.report.recordsRecovered = found.partitions.committed.records
        return (found, reason)
    }
}

/// What a journal's directory holds once it is in order.
struct RecoveredJournal {
    var journal: Journal
    var partitions = PartitionTable()
    var windows = IdentityWindows()
    var cursor: String?
    /// Wall-clock milliseconds of the first commit with records.
    var firstCommit: Int64?
    /// A decided seal that is not finished.
    var pending: SealPlan?
    var report: RecoveryReport
}

/// Brings an integration's journals into order: finds the newest generation, cuts what is not whole, removes what was never decided.
struct JournalRecovery {
    let spool: Spool
    let integration: String
    let scratch: SpoolScratch
    /// Of the generation that this process has written so far, what is durable: a failed synchronization leaves bytes that read well
    /// from memory and were never written.
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
        // The newest name may be there and not be durable: nothing may build upon it before it is.
        try fileSystem.synchronizeDirectory(directory)
        var recovered =
            if let newest = generations.popLast() { try read(newest) } else { try start(now) }
        do throws(SpoolError) {
            if generations.last == recovered.journal.header.seal?.generation, !generations.isEmpty {
                recovered.pending = recovered.journal.header.seal
                generations.removeLast()
            }
            // Older ones can only be removals that a power cut undid.
            for old in generations { try fileSystem.unlink("\(directory)/\(Journal.fileName(old))") }
            let decided = Set(recovered.pending?.segments.map(\.fileName) ?? [])
            for entry in try fileSystem.list(staging) where !decided.contains(entry.name) {
                try fileSystem.unlink("\(staging)/\(entry.name)")
                recovered.report.stagedFilesRemoved += 1
            }
        } catch {
            fileSystem.close(recovered.journal.log.file)
            throw error
        }
        return recovered
    }

    /// The first generation of an integration that has none.
    private func start(_ now: SpoolInstant) throws(SpoolError) -> RecoveredJournal {
        let header = JournalHeader(
            spoolID: spool.id, integration: integration, generation: 1, created: now.wall,
            compression: spool.settings.compression, cursor: nil, seal: nil)
        let journal = try Journal.prepare(header, IdentityWindows(), in: directory, scratch, spool.fileSystem)
        var report = RecoveryReport(integration: integration, generation: 1)
        do throws(SpoolError) {
            try journal.publish(in: directory, spool.fileSystem)
            report.stateIsMissing =
                try spool.fileSystem.status("\(spool.settings.directory)/integration=\(integration)") != nil
        } catch {
            spool.fileSystem.close(journal.log.file)
            throw error
        }
        return RecoveredJournal(journal: journal, report: report)
    }

    private func read(_ generation: UInt64) throws(SpoolError) -> RecoveredJournal {
        let fileSystem = spool.fileSystem
        let file = try fileSystem.open("\(directory)/\(Journal.fileName(generation))", .update)
        do throws(SpoolError) {
            let reader = JournalReader(fileSystem: fileSystem, file: file)
            var (header, windows, crc, start) = try reader.header(spoolID: spool.id, integration: integration)
            let size = try fileSystem.size(file)
            var limit = size
            if let confirmed, confirmed.generation == generation { limit = min(size, confirmed.length) }
            var partitions = PartitionTable()
            var cursor = header.cursor
            var firstCommit: Int64?
            let (end, reason) = try reader.frames(
                from: start, to: limit, version: header.version, headerChecksum: crc
            ) { (frame, data) throws(SpoolError) in
                cursor = frame.cursor
                windows.apply(frame.updates)
                if firstCommit == nil, !frame.chunks.isEmpty { firstCommit = frame.committed }
                var offset = data
                for chunk in frame.chunks {
                    let index = try partitions.index(chunk.path)
                    partitions.partitions[index].committed.add(chunk.summary)
                    partitions.partitions[index].chunks.append(
                        ChunkReference(offset: offset, stored: chunk.stored, crc: chunk.crc, encoding: chunk.encoding))
                    offset += Int64(chunk.stored)
                }
            }
            if end < size { try fileSystem.truncate(file, to: end) }
            // What a killed process wrote may not be durable yet; from here on it is built upon.
            try fileSystem.synchronize(file)
            var report = RecoveryReport(integration: integration, generation: generation)
            report.recordsRecovered = partitions.committed.records
            report.bytesCut = size - end
            report.cutReason = reason ?? (end < size ? .unconfirmed : nil)
            return RecoveredJournal(
                journal: Journal(
                    header: header, headerChecksum: crc, start: start, log: DurableLog(file: file, length: end)),
                partitions: partitions, windows: windows, cursor: cursor, firstCommit: firstCommit, report: report)
        } catch {
            fileSystem.close(file)
            throw error
        }
    }
}

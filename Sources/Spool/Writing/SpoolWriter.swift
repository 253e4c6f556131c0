import Glibc

/// Writes an integration's records into the spool: they are appended, committed together with the cursor, and sealed into segments.
///
///     let writer = try spool.writer(integration: "acme", scratch: scratch, now: now)
///     let partition = try writer.partition("class=authentication/date=2026-11-23")
///     try writer.append(record, to: partition, time: published)
///     try writer.commit(cursor: next, at: now)
///     try writer.sealIfDue(at: now)
///
/// If `commit` throws, the buffered records are dropped and never become visible. Continue from `cursor`, which is always durable. After an error,
/// every call can be repeated: the writer first repairs its files. Not `Sendable`: one thread at a time.
package final class SpoolWriter {
    /// The maximum size of a record, in bytes.
    package static let maximumRecordBytes = 64 << 20
    /// The maximum uncompressed size of a commit's records, in bytes.
    package static let maximumCommitBytes = 256 << 20

    package let integration: String
    /// What recovery found when the writer was opened, or at the last `recover`.
    package private(set) var recovery: RecoveryReport
    /// The segments of an unfinished seal that were completed when the writer was opened.
    package private(set) var completed: [SealedSegment] = []
    /// The last durable cursor; nil before the first commit. The spool does not interpret it.
    package private(set) var cursor: String?
    package private(set) var bufferedRecords = 0
    package private(set) var bufferedBytes = 0

    let spool: Spool
    let scratch: SpoolScratch
    private let facts: LineFacts
    private let packedPieceBytes: Int
    var journal: Journal
    var partitions: PartitionTable
    var identities = IdentityWindows()
    var phase = Phase.ready
    private var policy: RollPolicy { RollPolicy(spool.settings) }
    /// The time of this generation's first commit with records, in monotonic milliseconds; nil if there is none.
    private var firstCommit: Int64?
    /// All carried-over records were committed at this time or later, in monotonic milliseconds; nil if there are none.
    private var carriedSince: Int64?
    private var chunkCount = 0
    /// True if a staged file could not be removed, so that the removal must be tried again.
    var stagingNeedsSweep = false

    /// How far a seal has come.
    enum Phase {
        case ready
        /// The segments are staged, and the decision in the fleet's bucket is pending. Until the decision, the writer commits nothing.
        case undecided(SealPlan)
        /// It is unknown whether the next generation is in force. The writer repeats the step *decide* before it does anything else.
        case deciding(SealPlan, carrying: [Int], SpoolInstant)
        /// The next generation is durably in force. Files still have to be moved to their final names and listed in the manifest.
        case decided(SealPlan, isRetry: Bool)
    }

    init(
        _ spool: Spool, integration: String, scratch: SpoolScratch, facts: LineFacts, now: SpoolInstant
    ) throws(SpoolError) {
        let found = try JournalRecovery(
            spool: spool, integration: integration, scratch: scratch, facts: facts, confirmed: nil
        ).open(now: now)
        self.facts = facts
        packedPieceBytes = spool.settings.packedPieceBytes
        self.spool = spool
        self.integration = integration
        self.scratch = scratch
        journal = found.journal
        partitions = found.partitions
        recovery = found.report
        cursor = found.cursor
        adopt(found, now: now)
        // Finishes a seal that was interrupted. If this fails here, the first commit or seal tries it again, and reports the error if it fails, too.
        completed = (try? settle()) ?? []
    }

    deinit {
        spool.fileSystem.close(journal.log.file)
        spool.release(integration)
    }

    /// Committed records that are not sealed yet.
    package var unsealed: (records: Int, journalBytes: Int64) {
        (partitions.committed.records, journal.log.length)
    }

    /// The size of the journal without its header, in bytes; 0 if all committed records are sealed.
    package var unsealedBytes: Int64 {
        partitions.committed.records > 0
            ? journal.log.length - journal.start + journal.header.carriedLength : 0
    }

    /// Whether a seal is due now or is unfinished, so that `sealIfDue` should be called. The check is cheap enough for a thousand writers once a
    /// second.
    package func isDue(at now: SpoolInstant) -> Bool {
        guard case .ready = phase else { return true }
        guard firstCommit != nil || carriedSince != nil || journal.log.length >= policy.journalMaxBytes else {
            return false
        }
        return due(at: now) != nil
    }

    /// Milliseconds since the oldest unsealed record was committed; nil if there is none.
    package func unsealedAge(at now: SpoolInstant) -> Int64? {
        [firstCommit, carriedSince].compactMap(\.self).min().map { max(0, now.monotonic - $0) }
    }

    /// Milliseconds until the oldest unsealed record is due to be sealed because of its age; nil if there is no unsealed record. Another limit can
    /// make the seal due earlier. If the usual maximum age has passed, the maximum age of late records is used. Negative if sealing has failed for so
    /// long that this age has passed, too.
    package func sealsIn(at now: SpoolInstant) -> Int64? {
        let due = [
            firstCommit.map { begun in
                // If all unsealed records are late, they may wait longer.
                let left = policy.maxAge(generation: journal.header.generation) - (now.monotonic - begun)
                return left > 0 ? left : policy.carriedMaxAge - (now.monotonic - begun)
            }, carriedSince.map { policy.carriedMaxAge - (now.monotonic - $0) },
        ]
        return due.compactMap(\.self).min()
    }

    /// The partition with a path such as `class=authentication/date=2026-11-23`, for records of the settings' schema. The result becomes invalid when
    /// a seal begins the next generation, and after `recover`. A commit may have to carry out a seal first, so call this method again after each
    /// commit.
    ///
    /// Throws `invalidName`, or `tooMuch` if a seal is needed first.
    package func partition(_ path: String, kind: PartitionKind = .records) throws(SpoolError) -> PartitionID {
        PartitionID(
            index: try partitions.index(PartitionPath(path, kind: kind, schema: spool.settings.recordSchema)),
            epoch: partitions.epoch)
    }

    /// Buffers a record, a line without its newline. `time` is the event's time in milliseconds since 1970.
    ///
    /// Throws `stalePartition` or `invalidRecord`. Throws `tooMuch` if a commit is needed first. If it throws `codec`, discard the buffered records.
    package func append(
        _ record: UnsafeRawBufferPointer, to partition: PartitionID, time: Int64
    ) throws(SpoolError) {
        guard partition.epoch == partitions.epoch, partitions.partitions.indices.contains(partition.index) else {
            throw .stalePartition
        }
        guard let start = record.baseAddress, !record.isEmpty else {
            throw .invalidRecord(reason: "the record is empty")
        }
        guard record.count <= Self.maximumRecordBytes else {
            throw .invalidRecord(
                reason: "the record has \(record.count) bytes, but at most \(Self.maximumRecordBytes) are allowed")
        }
        guard memchr(start, 10, record.count) == nil else {
            throw .invalidRecord(reason: "the record contains a newline")
        }
        guard bufferedBytes + record.count < Self.maximumCommitBytes else {
            throw .tooMuch(what: "bytes in a commit", limit: Self.maximumCommitBytes)
        }
        let buffer: ByteStore
        if let known = partitions.partitions[partition.index].buffer {
            buffer = known
        } else {
            buffer = scratch.borrowBuffer(for: partitions.partitions[partition.index].expectedBytes)
            partitions.partitions[partition.index].buffer = buffer
        }
        if buffer.count + record.count >= packedPieceBytes { try pack(buffer, of: partition.index) }
        buffer.append(record)
        buffer.append(byte: 10)
        partitions.partitions[partition.index].buffered.add(
            RecordSummary(records: 1, bytes: record.count + 1, firstTime: time, lastTime: time))
        bufferedRecords += 1
        bufferedBytes += record.count + 1
    }

    /// Compresses a partition's buffered lines before their commit.
    ///
    /// Does nothing if the settings name another compression than this generation has. In that case, the commit may begin the next generation, whose
    /// segments all have the new compression.
    private func pack(_ lines: ByteStore, of index: Int) throws(SpoolError) {
        let compression = journal.header.compression
        guard lines.count > 0, compression == spool.settings.compression,
            let compressor = try scratch.compressor(compression)
        else { return }
        // The compressor needs room for its largest possible output, so it writes to the commit's frame, which is empty until the commit. The actual
        // output is copied to a buffer of its size.
        let output = scratch.frame
        output.removeAll()
        defer { output.removeAll() }
        try compressor.packWhole(lines.bytes, into: output)
        let packed =
            partitions.partitions[index].packed
            ?? PackedLines(compression: compression, frames: scratch.borrowBuffer(for: output.count))
        partitions.partitions[index].packed = packed
        guard packed.compression == compression else { throw .stalePartition }
        packed.frames.append(output.bytes)
        lines.removeAll()
    }

    /// Drops the buffered records, and the changes to identity windows that the next commit would have made.
    package func discard() {
        identities.discard()
        for index in partitions.partitions.indices {
            guard let buffer = partitions.partitions[index].buffer else { continue }
            partitions.partitions[index].buffer = nil
            partitions.partitions[index].expectedBytes = min(
                partitions.partitions[index].buffered.bytes, packedPieceBytes)
            partitions.partitions[index].buffered = RecordSummary()
            scratch.giveBack(buffer)
            guard let packed = partitions.partitions[index].packed else { continue }
            partitions.partitions[index].packed = nil
            scratch.giveBack(packed.frames)
        }
        bufferedRecords = 0
        bufferedBytes = 0
    }

    /// Makes the buffered records, the changes to identity windows, and the cursor durable in one step, before it returns. If there is nothing new,
    /// nothing is written.
    ///
    /// `times` apply to all identities of this commit; see `droppedLatest` and `earliest`.
    ///
    /// Throws, for example, `full`, `tooMuch`, `stalePartition`, `sealUndecided`, `deleted` or `file`. In each case, the buffered records are
    /// dropped, and `cursor` is unchanged.
    package func commit(
        cursor next: String, times: IdentityTimes = IdentityTimes(earliest: .min, latest: .max), at now: SpoolInstant
    ) throws(SpoolError) {
        defer { discard() }
        try checkFiles()
        try settle()
        if case .undecided = phase { throw .sealUndecided(integration: integration) }
        try journal.log.cutIfNeeded(spool.fileSystem)
        guard bufferedRecords > 0 || next != cursor || identities.hasPending else { return }
        guard identities.pendingCount <= IdentityWindows.maximumInCommit else {
            throw .tooMuch(what: "identities in a commit", limit: IdentityWindows.maximumInCommit)
        }
        // If an older version of Tributary wrote this journal, the journal is sealed first, so that it never holds anything that its format can't
        // express.
        if journal.header.version < JournalHeader.version { try roll(carrying: [], at: now) }
        defer {
            scratch.frame.removeAll(keeping: SpoolScratch.keptBytes)
            scratch.description.removeAll(keeping: SpoolScratch.keptBytes)
        }
        let updates = identities.updates(times)
        let chunks = try buildFrame(cursor: next, updates, now)
        try spool.admit(Int64(scratch.frame.count), now: now)
        try journal.log.append(scratch.frame.bytes, spool.fileSystem)
        spool.count(Int64(scratch.frame.count))
        cursor = next
        for (index, chunk) in chunks {
            partitions.partitions[index].committed.add(partitions.partitions[index].buffered)
            partitions.partitions[index].chunks.append(chunk)
        }
        identities.apply(updates)
        chunkCount += chunks.count
        if !chunks.isEmpty, firstCommit == nil { firstCommit = now.monotonic }
    }

    /// Seals if a partition is large enough, the oldest record is old enough, or another limit is reached. A few late events may wait longer
    /// (`RollPolicy.carried`). Then deletes old segments (`Spool.applyRetention`). Returns the segments that became visible.
    ///
    /// If this throws `file`, nothing is lost: the next call or the next commit continues the seal.
    @discardableResult
    package func sealIfDue(at now: SpoolInstant) throws(SpoolError) -> [SealedSegment] {
        let finished = try settle()
        guard let carried = due(at: now) else {
            spool.applyRetention(now)
            return finished
        }
        return finished + (try seal(carrying: carried, at: now))
    }

    /// The partitions that a seal would carry over now; nil if no seal is due.
    private func due(at now: SpoolInstant) -> [Int]? {
        let load = load(at: now)
        let due = policy.due(load)
        guard due != .nothing else { return nil }
        let carried = policy.carried(partitions.partitions.map(\.committed), wall: now.wall, load: load)
        return due == .age && carried.count == load.partitions ? nil : carried
    }

    /// Whether a limit of size or age is reached. In a shared spool, late events are never carried over, so they don't delay a seal.
    func isSharedDue(at now: SpoolInstant) -> Bool {
        guard firstCommit != nil || journal.log.length >= policy.journalMaxBytes else { return false }
        return policy.due(load(at: now)) != .nothing
    }

    private func load(at now: SpoolInstant) -> RollPolicy.Load {
        RollPolicy.Load(
            journalBytes: journal.log.length - journal.start,
            records: partitions.committed.records,
            largestPartitionBytes: partitions.partitions.lazy.map(\.committed.bytes).max() ?? 0,
            partitions: partitions.partitions.count { $0.committed.records > 0 }, chunks: chunkCount,
            age: firstCommit.map { max(0, now.monotonic - $0) } ?? 0,
            maxAge: policy.maxAge(generation: journal.header.generation),
            carriedAge: carriedSince.map { max(0, now.monotonic - $0) } ?? 0,
            compressionChanged: journal.header.compression != spool.settings.compression)
    }

    /// Seals all committed records, for a stop or on request. Returns the segments that became visible.
    ///
    /// Throws `uncommittedRecords` while records are buffered, or `file` as `sealIfDue` does.
    @discardableResult
    package func seal(at now: SpoolInstant) throws(SpoolError) -> [SealedSegment] {
        try seal(carrying: [], at: now)
    }

    private func seal(carrying carried: [Int], at now: SpoolInstant) throws(SpoolError) -> [SealedSegment] {
        guard bufferedRecords == 0 else { throw .uncommittedRecords(bufferedRecords) }
        var finished = try settle()
        guard partitions.committed.records > 0 || journal.log.length - journal.start >= policy.journalMaxBytes else {
            return finished
        }
        finished += try roll(carrying: carried, at: now)
        spool.applyRetention(now)
        return finished
    }

    /// Seals the committed records that are not carried over, and begins the next generation, even if there is nothing to seal.
    @discardableResult
    private func roll(carrying carried: [Int], at now: SpoolInstant) throws(SpoolError) -> [SealedSegment] {
        try checkFiles()
        let plan = try stage(but: carried, at: now)
        do throws(SpoolError) {
            try decide(plan, carrying: carried, at: now)
        } catch {
            // In the phase `ready`, the seal was not decided, and only staged files exist. They are removed: the next attempt writes new ones.
            if case .ready = phase { removeStaged(plan) }
            throw error
        }
        return try settle()
    }

    /// Reads the journal again up to its durable length, as at a start. Call this if a seal finds damage (`SpoolError.damaged`).
    /// The cursor can go back; buffered records are dropped.
    package func recover(at now: SpoolInstant) throws(SpoolError) {
        discard()
        try settle()
        let recovery = JournalRecovery(
            spool: spool, integration: integration, scratch: scratch, facts: facts,
            confirmed: (journal.header.generation, journal.log.length))
        let found = try recovery.open(now: now)
        spool.fileSystem.close(journal.log.file)
        spool.count(found.journal.log.length - journal.log.length)
        journal = found.journal
        partitions.replace(with: found.partitions)
        self.recovery = found.report
        cursor = found.cursor
        adopt(found, now: now)
        try settle()
    }

    /// Throws `deleted` if the journal or the manifest was deleted, moved or replaced while open: nobody would find what is written to it.
    func checkFiles() throws(SpoolError) {
        guard try spool.fileSystem.isAtPath(journal.log.file) else {
            throw .deleted(path: journal.log.file.path, holds: .state)
        }
        try spool.manifest.checkIsThere()
    }

    private func adopt(_ found: RecoveredJournal, now: SpoolInstant) {
        identities.replace(with: found.windows)
        chunkCount = partitions.partitions.reduce(0) { $0 + $1.chunks.count }
        // If the wall clock was set, the time of a commit may be in the future, or decades ago. So the age is limited to the range from 0 to `limit`.
        func monotonic(_ committed: Int64, _ limit: Int64) -> Int64 {
            now.monotonic - min(max(0, now.wall.subtractingReportingOverflow(committed).partialValue), limit)
        }
        // The limit is the longest time that a record may wait to be sealed. At this age, a seal is due, so a greater age would change nothing.
        firstCommit = found.firstCommit.map { monotonic($0, policy.carriedMaxAge) }
        carriedSince = found.carriedSince.map { monotonic($0, policy.carriedMaxAge) }
        phase = found.pending.map { .decided($0, isRetry: true) } ?? .ready
    }

    /// Continues with the next generation after the decision of a seal. Its journal has only the records that were carried over.
    func begin(_ next: Journal, _ carried: [PartitionPath: [ChunkReference]]) {
        spool.fileSystem.close(journal.log.file)
        journal = next
        partitions.reset(carrying: carried)
        carriedSince = carried.isEmpty ? nil : [firstCommit, carriedSince].compactMap(\.self).min()
        firstCommit = nil
        chunkCount = carried.values.reduce(0) { $0 + $1.count }
    }

    func noteFinished(_ segments: Int, gone: Int) {
        recovery.segmentsFinished += segments
        recovery.segmentsGone += gone
    }

    /// Assembles a commit's frame in the scratch. Returns each chunk with its partition's index.
    private func buildFrame(
        cursor: String, _ updates: [IdentityUpdate], _ now: SpoolInstant
    ) throws(SpoolError) -> [(Int, ChunkReference)] {
        let touched = partitions.partitions.indices.filter { partitions.partitions[$0].buffered.records > 0 }
        let descriptionLength = CommitFrame.descriptionLength(
            cursor: cursor, paths: touched.lazy.map { self.partitions.partitions[$0].path }, updates: updates)
        let frame = scratch.frame
        frame.removeAll()
        let dataStart = CommitFrame.headerLength + descriptionLength
        frame.reserve(dataStart + bufferedBytes / 4)
        frame.advance(dataStart)
        var references: [(Int, ChunkReference)] = []
        var chunks: [CommitFrame.Chunk] = []
        for index in touched {
            guard let lines = partitions.partitions[index].buffer?.bytes else { continue }
            let packed = partitions.partitions[index].packed
            // Compressed lines can't be committed to a generation with another compression. This happens if the compression setting changed after the
            // lines were compressed, and then this commit began a new generation, for example by finishing a seal that had failed before.
            if let packed, packed.compression != journal.header.compression { throw .stalePartition }
            let start = frame.count
            var encoding = Compression.none
            if packed != nil || lines.count >= spool.settings.packedChunkBytes,
                let compressor = try scratch.compressor(journal.header.compression)
            {
                if let packed { frame.append(packed.frames.bytes) }
                encoding = journal.header.compression
                try compressor.packWhole(lines, into: frame)
            } else {
                frame.append(lines)
            }
            let stored = UnsafeRawBufferPointer(rebasing: frame.bytes[start...])
            let crc = CRC32.of(stored)
            references.append(
                (
                    index,
                    ChunkReference(
                        offset: journal.log.length + Int64(start), stored: stored.count, crc: crc, encoding: encoding)
                ))
            chunks.append(
                CommitFrame.Chunk(
                    path: partitions.partitions[index].path, encoding: encoding,
                    summary: partitions.partitions[index].buffered, stored: stored.count, crc: crc))
        }
        let description = scratch.description
        description.removeAll()
        CommitFrame(committed: now.wall, cursor: cursor, chunks: chunks, updates: updates).encode(into: description)
        precondition(description.count == descriptionLength)
        let dataLength = UInt64(frame.count - dataStart)
        let head = ByteStore(capacity: CommitFrame.headerLength)
        CommitFrame.encodeHeader(
            CommitFrame.type, headerChecksum: journal.headerChecksum, offset: journal.log.length,
            description: description.bytes, dataLength: dataLength, into: head)
        frame.overwrite(at: 0, head.bytes)
        frame.overwrite(at: CommitFrame.headerLength, description.bytes)
        return references
    }
}

import Fleet
import OCSF
import OktaAPI
import Spool
import Synchronization

/// Processes the pages of some of the integrations on one thread: maps their events to records and makes them durable.
///
/// The buffers for parsing, compression and records belong to the worker, not to the integration, so memory grows only with the number of threads.
/// The actor's methods run on the worker's own thread, and may block there.
actor IngestWorker {
    /// The result of ingesting a page.
    enum Ingested: Sendable {
        /// The page is durable.
        case committed(Committed)
        /// Nothing of the page was stored, because the page's way is still searching for events that it has already passed.
        case searching(LogSearch, count: Int)
        /// The page was to begin a tail, but has no new event. Nothing of it was stored.
        case nothing(isEmpty: Bool)
    }

    /// A durable page.
    struct Committed: Sendable {
        /// The checkpoint that was committed with the events.
        var checkpoint: PageCheckpoint
        /// The checkpoint's place, as the text that the spool stores.
        var kept: String
        /// The number of new events that became records.
        var events = 0
        /// The number of new events that could not become records.
        var rejected = 0
        /// The number of events that had been collected before and were dropped.
        var duplicates = 0
        var firstRejection: Rejection?
    }

    /// Why a page was not made durable. No part of the page is stored then.
    enum Failure: Error {
        /// The page is not a complete JSON array.
        case page(PageError)
        case spool(SpoolError)
        /// The page does not follow the durable cursor: damage was removed from the journal and the cursor moved back, or the integration was closed.
        case cursorMoved
    }

    /// The state of an integration's part of the spool when it was opened.
    struct Opened: Sendable {
        /// Where collection continues; nil on the first run.
        var cursor: String?
        /// The recovery after a crash; nil if it has been reported before.
        var recovery: RecoveryReport?
        var unsealed = Unsealed()
        /// The state of the integration in the fleet's bucket; nil outside a fleet, or if it has been reported before.
        var shared: SharedOpening?
    }

    /// Records that are durable but not in a segment yet.
    struct Unsealed: Sendable, Equatable {
        var records = 0
        /// The size of these records on disk.
        var bytes: Int64 = 0
        /// The time by which these records will be sealed, in wall-clock milliseconds; nil if there are no such records.
        var due: Int64?
    }

    /// The result of sealing one integration.
    struct Sealing: Sendable {
        var integration: String
        var sealed: [SealedSegment]
        var unsealed = Unsealed()
        var failure: SpoolError?
        /// Whether the result should be reported: something was sealed, a seal failed, sealing works again, or another host has sealed the
        /// generation.
        var isNews = false
        /// In a fleet: the generation that began with the seal.
        var generation: UInt64?
        /// Set if another host has sealed the generation: this host's unsealed records were dropped.
        var fenced: Fenced?
    }

    /// An integration whose last seal failed.
    struct FailedSeal {
        /// The number of consecutive failures.
        var failures: Int
        /// When the next attempt is due.
        var retryAt: ContinuousClock.Instant
        /// Whether the problem may end without a restart of the daemon.
        var passesByItself: Bool
    }

    /// The result of sealing an integration that has no collector.
    struct Leftover: Sendable {
        /// What recovery found when the journal was opened, apart from an unfinished seal.
        var recovery: RecoveryReport
        /// The segments that now contain the records, including those of a seal that was unfinished.
        var sealed: [SealedSegment]
        var failure: SpoolError?

        /// The number of records in ``sealed``.
        var records: Int { sealed.reduce(0) { $0 + $1.records } }
    }

    private let thread: WorkerThread
    let spool: Spool
    /// The log of seals in the fleet's bucket; nil outside a fleet.
    let seals: SealLog?
    /// In a fleet: for each open integration, the state of its seals in the bucket.
    var shared: [String: SharedSealing] = [:]
    private var normalizer: Normalizer
    private var settings: NormalizerSettings
    private let digest: SHA256Digest
    let time: any TimeSource
    private let actions: CommittedActions?
    nonisolated let limits: PassedLimits
    let scratch = SpoolScratch()
    var writers: [String: SpoolWriter] = [:]
    /// The source of each open integration's events, and whether its committed events about response actions are kept for responders.
    private var sources: [String: (events: EventSource, hasResponseActions: Bool)] = [:]
    /// For each integration, the time of Okta's first answer since the integration was opened. Okta stored all events of the window `.restored`
    /// before that time.
    private var restoredUntil: [String: StoredTime] = [:]
    /// Integrations whose last seal failed. Their next result is reported even if nothing was sealed.
    var failing: [String: FailedSeal] = [:]
    /// Integrations whose recovery has been reported to a collector.
    private var reported: Set<String> = []
    /// Integrations that their collectors must open again: the journal was repaired or could not be repaired, or another host has sealed the
    /// generation.
    private let repaired = Mutex<Set<String>>([])

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(
        name: String, spool: Spool, catalog: EventCatalog, settings: NormalizerSettings, limits: PassedLimits = .init(),
        time: any TimeSource = SystemTime(), actions: CommittedActions? = nil, seals: SealLog? = nil,
        thread: WorkerThread? = nil
    ) throws {
        self.thread = thread ?? WorkerThread(name: name)
        self.spool = spool
        self.seals = seals
        self.limits = limits
        self.time = time
        self.actions = actions
        normalizer = try Normalizer(catalog: catalog, settings: settings)
        self.settings = settings
        guard let digest = SHA256Digest() else { throw NormalizerError.noSHA256 }
        self.digest = digest
    }

    /// Uses other settings and another catalog from the next page on.
    ///
    /// - Throws: `NormalizerError`. Then the old settings and catalog stay in use.
    func use(_ catalog: EventCatalog, _ settings: NormalizerSettings) throws(NormalizerError) {
        normalizer = try Normalizer(catalog: catalog, settings: settings)
        self.settings = settings
    }

    /// Recovers an integration's journal and finishes what a crash interrupted. If the journal is already open, this method only sets the source, and
    /// does not report a recovery a second time.
    ///
    /// In a fleet, collection continues after the newest seal in the bucket.
    ///
    /// - Parameters:
    ///   - hasResponseActions: whether responders can wait for events of this integration.
    ///   - token: in a fleet, the number of this host's holding (``Holding/token``); otherwise 0.
    func open(
        _ integration: String, source: EventSource, hasResponseActions: Bool = false, token: Int64 = 0
    ) async throws(SpoolError) -> Opened {
        // The note about an earlier repair is removed, because a collector that opens an integration reads the stored place anyway.
        _ = repaired.withLock { $0.remove(integration) }
        if writers[integration] == nil {
            // Checked before the bucket is asked. The writer is in use while a seal that was begun before the integration was closed has not ended.
            guard !spool.isInUse(integration) else { throw .writerInUse(integration: integration) }
            let opening = try await openShared(integration, token: token)
            let writer = try makeWriter(integration)
            restoredUntil[integration] = nil
            writers[integration] = writer
            reported.remove(integration)
            try await finishOpening(integration, writer, opening)
        }
        guard let writer = writers[integration] else { throw .sealUndecided(integration: integration) }
        sources[integration] = (source, hasResponseActions)
        let isNews = reported.insert(writer.integration).inserted
        return Opened(
            cursor: writer.cursor, recovery: isNews ? writer.recovery : nil, unsealed: unsealed(writer),
            shared: isNews ? shared[integration]?.opening : nil)
    }

    private func makeWriter(_ integration: String) throws(SpoolError) -> SpoolWriter {
        let writer = try spool.writer(
            integration: integration, scratch: scratch, facts: LineFacts(digest), now: time.spool)
        writer.boundIdentities(limits)
        return writer
    }

    func unsealed(_ writer: SpoolWriter) -> Unsealed {
        Unsealed(
            records: writer.unsealed.records, bytes: writer.unsealedBytes,
            due: writer.sealsIn(at: time.spool).map { time.wall + $0 })
    }

    /// Whether the collector must read the stored place again, because damage was removed from the journal, or because another host of the fleet has
    /// sealed the generation. The collector checks this after each page without events, so the check must not need the worker's thread.
    nonisolated func wasRepaired(_ integration: String) -> Bool { repaired.withLock { $0.contains(integration) } }

    /// Makes the collector open the integration again.
    func noteRepair(_ integration: String) { _ = repaired.withLock { $0.insert(integration) } }

    /// Makes a place in the log durable, without any events.
    func keep(_ place: String, integration: String) throws(SpoolError) {
        try writers[integration]?.commit(cursor: place, at: time.spool)
    }

    /// The stored place, adapted to `query`. A place in the form of an earlier version is converted, and a changed address, page size or filter is
    /// applied. The adapted place is made durable.
    func place(of integration: String, for query: LogQuery) throws(OpeningFailure) -> OpenedPlace? {
        guard let writer = writers[integration], let kept = writer.cursor else { return nil }
        let opened: OpenedPlace
        do throws(CursorError) {
            opened = try OpenedPlace(kept, query, writer)
        } catch {
            writer.discard()
            throw .cursor(error)
        }
        do throws(SpoolError) {
            try writer.commit(cursor: opened.place.text, at: time.spool)
        } catch {
            throw .spool(error)
        }
        return opened
    }

    /// Why a stored place could not be opened.
    enum OpeningFailure: Error {
        case cursor(CursorError)
        case spool(SpoolError)
    }

    /// Maps a page, and makes its new records and the place after it durable in one step.
    ///
    /// - Parameter previous: the text of the place from which the page was requested. If the journal no longer stores this text, `cursorMoved` is
    ///   thrown.
    func ingest(
        _ page: LogPage, after previous: String?, integration: String, collectedAt: Int64
    ) throws(Failure) -> Ingested {
        guard let writer = writers[integration], let source = sources[integration], writer.cursor == previous else {
            throw .cursorMoved
        }
        var sink = IngestSink(
            PageReading(page, writer, limits), writer: writer, digest: digest, collectedAt: collectedAt,
            keepsActions: source.hasResponseActions)
        let outcome = page.body.withUnsafeBytes { bytes in
            Result { () throws(PageError) in
                try normalizer.normalizePage(bytes, source: source.events, collectedAt: collectedAt, into: &sink)
            }
        }
        if case .failure(let error) = outcome {
            writer.discard()
            throw .page(error)
        }
        if let failure = sink.failure {
            writer.discard()
            throw .spool(failure)
        }
        var reading = sink.reading
        switch reading.outcome() {
        case .searching(let search):
            writer.discard()
            return .searching(search, count: reading.count)
        case .nothing:
            writer.discard()
            return .nothing(isEmpty: reading.count == 0)
        case .checkpoint(let checkpoint):
            let kept = checkpoint.place.text
            forgetRestored(integration, writer, checkpoint.place, page.date)
            do throws(SpoolError) {
                try writer.commit(cursor: kept, times: reading.times, at: time.spool)
            } catch {
                writer.discard()
                throw .spool(error)
            }
            actions?.add(sink.actions, at: time.wall)
            return .committed(
                Committed(
                    checkpoint: checkpoint, kept: kept, events: sink.events, rejected: sink.rejected,
                    duplicates: reading.known, firstRejection: sink.firstRejection))
        }
    }

    /// Empties the window `.restored` once all ways have passed all of the window's events.
    private func forgetRestored(
        _ integration: String, _ writer: SpoolWriter, _ place: LogPlace, _ date: ServerTime?
    ) {
        guard writer.identityCount(.restored) > 0, let date else { return }
        let until = restoredUntil[integration] ?? date.latestStored
        restoredUntil[integration] = until
        if LogWay.allCases.compactMap({ place[$0]?.restart }).allSatisfy({ $0 > until }) { writer.forget(.restored) }
    }

    /// Seals the records of an integration that is no longer configured to collect, and closes the integration.
    ///
    /// - Throws: if the journal can't be opened. If the seal fails, the result contains the error.
    func sealLeftover(of integration: String) throws(SpoolError) -> Leftover {
        let writer = try spool.writer(
            integration: integration, scratch: scratch, facts: LineFacts(digest), now: time.spool)
        var leftover = Leftover(recovery: writer.recovery, sealed: writer.completed)
        leftover.recovery.segmentsFinished = 0
        do throws(SpoolError) {
            leftover.sealed += try writer.seal(at: time.spool)
        } catch {
            leftover.failure = error
        }
        return leftover
    }

    /// The integrations of this worker that have something to seal now. One whose last seal failed is left out until its wait is over; then it is
    /// returned even if no seal is due. Outside a fleet, this method also deletes the segments that `spool.retention` no longer keeps.
    func due() -> [String] {
        guard seals == nil else { return sharedThatAreDue() }
        let now = time.spool
        spool.applyRetention(now)
        return writers.filter { name, writer in
            if let failed = failing[name] { return failed.retryAt <= time.now }
            return writer.isDue(at: now)
        }.keys.sorted()
    }

    /// Seals the due records of one integration, and returns the result.
    func sealDue(_ integration: String) async -> Sealing? {
        if let seals { return await sealShared(integration, .due, in: seals) }
        return sealing(integration) { (writer) throws(SpoolError) in try writer.sealIfDue(at: time.spool) }
    }

    /// The integrations whose journal is open on this worker.
    var integrations: [String] { writers.keys.sorted() }

    /// Seals all records of an integration and closes it, because the daemon stops, the integration is no longer configured, or this host of a fleet
    /// hands it over.
    func sealAndClose(_ integration: String) async -> Sealing? {
        defer { close(integration) }
        if let seals { return await sealShared(integration, .handOver, in: seals) }
        return sealing(integration) { (writer) throws(SpoolError) in try writer.seal(at: time.spool) }
    }

    /// Closes an integration without sealing it. Its journal stays on the disk.
    func close(_ integration: String) {
        writers[integration] = nil
        shared[integration] = nil
        sources[integration] = nil
        restoredUntil[integration] = nil
        failing[integration] = nil
        reported.remove(integration)
        _ = repaired.withLock { $0.remove(integration) }
    }

    private func sealing(
        _ integration: String, _ seal: (SpoolWriter) throws(SpoolError) -> [SealedSegment]
    ) -> Sealing? {
        guard let writer = writers[integration] else { return nil }
        var outcome = Sealing(integration: integration, sealed: [])
        let failed = failing.removeValue(forKey: integration)
        outcome.isNews = failed != nil
        do throws(SpoolError) {
            outcome.sealed = try seal(writer)
        } catch {
            outcome.failure = error
            noteFailure(integration, error, after: failed)
            if case .damaged = error { recover(integration, writer, &outcome) }
        }
        outcome.unsealed = unsealed(writer)
        if outcome.failure != nil || !outcome.sealed.isEmpty { outcome.isNews = true }
        return outcome
    }

    /// Sets the wait before the next attempt to seal an integration.
    func noteFailure(_ integration: String, _ error: SpoolError, after earlier: FailedSeal?) {
        let failures = (earlier?.failures ?? 0) + 1
        let wait =
            if case .bucket = error { BucketRetry.wait(after: failures, error, of: integration) } else {
                IntegrationCollector.spoolDelay(failures)
            }
        failing[integration] = FailedSeal(
            failures: failures, retryAt: time.now + wait, passesByItself: error.passesByItself)
    }

    /// When the next attempt to seal an integration is due, if the last one failed because of a problem that may end without a restart.
    func sealRetry(_ integration: String) -> ContinuousClock.Instant? {
        failing[integration].flatMap { $0.passesByItself ? $0.retryAt : nil }
    }

    // MARK: Sources other than Okta's log

    /// Reads the next part of a source other than Okta's log, and makes its records durable together with the place after them. A record that was
    /// collected before is dropped if its uid is still remembered. The newest 32,768 uids are remembered. If the state was restored from an older
    /// copy, the uids of the records in segments that are newer than the copy are remembered as well.
    ///
    /// - Parameter read: receives the stored place, or nil the first time. It runs on the worker's thread and may block. If it throws, or the records
    ///   can't be stored, nothing is stored, and the next call reads from the same place.
    /// - Returns: the report that `read` returned; nil if the integration was closed in the meantime.
    func take<Report: Sendable>(
        _ integration: String,
        _ read:
            @Sendable (_ place: String?, _ settings: NormalizerSettings) throws(SpoolError) -> (
                SourceBatch, Report
            )
    ) async throws(SpoolError) -> Report? {
        guard let writer = try await sourceWriter(integration) else { return nil }
        defer { writer.discard() }
        let (batch, report) = try read(writer.cursor, settings)
        for record in batch.records {
            let outcome = record.line.withUnsafeBytes { line in
                Result { () throws(SpoolError) in
                    guard remember(line, writer) else { return }
                    let day = CivilDay(of: record.time).text
                    let partition = try writer.partition("class=\(record.className)/date=\(day)")
                    try writer.append(line, to: partition, time: record.time)
                }
            }
            try outcome.get()
        }
        // If the state was restored from an older copy, the last part of the source had to be read again. The end of the source is reached now, so
        // the uids of the records in segments that are newer than the copy need not be remembered any longer.
        if batch.isEnd, writer.identityCount(.restored) > 0 { writer.forget(.restored) }
        try writer.commit(cursor: batch.next, at: time.spool)
        return report
    }

    /// Remembers a record's identity. Returns false if the identity is already known.
    private func remember(_ line: UnsafeRawBufferPointer, _ writer: SpoolWriter) -> Bool {
        guard let identity = EventIdentity.of(line: line, .records, digest) else { return true }
        guard !writer.knows(identity, in: .main) else { return false }
        writer.remember(identity, in: .main)
        return !writer.knows(identity, in: .restored)
    }

    private func sourceWriter(_ integration: String) async throws(SpoolError) -> SpoolWriter? {
        if let writer = writers[integration] { return writer }
        let opening = try await openShared(integration, token: 0)
        let writer = try makeWriter(integration)
        writers[integration] = writer
        try await finishOpening(integration, writer, opening)
        return writers[integration]
    }
}

extension IngestWorker {
    /// Removes damage from a journal. The records after the damage are collected again, because the cursor goes back to the last complete commit
    /// before the damage. If recovery fails, the integration is closed. The next page is then refused, so the collector opens the integration again,
    /// and reports the problem if that fails.
    func recover(_ integration: String, _ writer: SpoolWriter, _ outcome: inout Sealing) {
        defer { noteRepair(integration) }
        do throws(SpoolError) {
            try writer.recover(at: time.spool)
            reported.remove(integration)
        } catch {
            outcome.failure = error
            writers[integration] = nil
        }
    }
}

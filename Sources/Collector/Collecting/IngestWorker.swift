import OCSF
import OktaAPI
import Spool

/// One thread's share of the integrations: maps their pages and makes them durable.
///
/// The parser's, the compressor's and the record's buffers belong to the worker, not to the integration, so memory grows with
/// threads. Every method runs to its end on the worker's own thread and may block there.
actor IngestWorker {
    /// What a page came to.
    enum Ingested: Sendable {
        /// It is durable.
        case committed(Committed)
        /// Nothing of it is kept; the way looks further for what it has passed.
        case searching(LogSearch, count: Int)
        /// Nothing of it is kept: no tail begins with it.
        case nothing(isEmpty: Bool)
    }

    /// A page that is durable.
    struct Committed: Sendable {
        /// What was committed with the events, and its text.
        var landing: PageLanding
        var kept: String
        /// New ones; `rejected` likewise.
        var events = 0
        var rejected = 0
        /// What was collected before, and dropped.
        var duplicates = 0
        var firstRejection: Rejection?
    }

    /// Why a page was not made durable; nothing of it is visible then.
    enum Failure: Error {
        /// The page is no whole JSON array.
        case page(PageError)
        case spool(SpoolError)
        /// The page does not follow what is durable: damage was cut from the journal, and the cursor went back.
        case cursorMoved
    }

    /// What opening an integration's part of the spool found.
    struct Opened: Sendable {
        /// Where collection goes on; nil on the first run.
        var cursor: String?
        /// Nil if it has been told before.
        var recovery: RecoveryReport?
        var unsealed = Unsealed()
    }

    /// Records that are durable and in no segment yet.
    struct Unsealed: Sendable, Equatable {
        var records = 0
        /// When they are sealed at the latest, in milliseconds since 1970 by the wall clock; nil without any.
        var due: Int64?
    }

    /// What sealing one integration came to.
    struct Sealing: Sendable {
        var integration: String
        var sealed: [SealedSegment]
        var unsealed = Unsealed()
        var failure: SpoolError?
        /// Whether anything was sealed, failed, or works again.
        var isNews = false
    }

    private let thread: WorkerThread
    private let spool: Spool
    private var normalizer: Normalizer
    private let digest: SHA256Digest
    private let time: any TimeSource
    nonisolated let limits: PassedLimits
    private let scratch = SpoolScratch()
    private var writers: [String: SpoolWriter] = [:]
    private var sources: [String: EventSource] = [:]
    /// No event of the window `.restored` was stored later than this: when Okta first answered since the integration was opened.
    private var restoredUntil: [String: StoredTime] = [:]
    /// Integrations whose last seal failed: their next outcome is told even when there is nothing else to say.
    private var failing: Set<String> = []
    /// Integrations whose recovery has been told to a collector.
    private var reported: Set<String> = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(
        name: String, spool: Spool, catalog: EventCatalog, settings: NormalizerSettings, limits: PassedLimits = .init(),
        time: any TimeSource = SystemTime(), thread: WorkerThread? = nil
    ) throws {
        self.thread = thread ?? WorkerThread(name: name)
        self.spool = spool
        self.limits = limits
        self.time = time
        normalizer = try Normalizer(catalog: catalog, settings: settings)
        guard let digest = SHA256Digest() else { throw NormalizerError.noSHA256 }
        self.digest = digest
    }

    /// Maps by other settings and another catalogue from the next page on.
    ///
    /// - Throws: `NormalizerError`; the old ones are in use then.
    func use(_ catalog: EventCatalog, _ settings: NormalizerSettings) throws(NormalizerError) {
        normalizer = try Normalizer(catalog: catalog, settings: settings)
    }

    /// Recovers an integration's journal and finishes what a crash left half done. A second call finds it open, tells of no recovery that was told
    /// before, and may give another source.
    func open(_ integration: String, source: EventSource) throws(SpoolError) -> Opened {
        if let writer = writers[integration] {
            sources[integration] = source
            return opened(writer)
        }
        let writer = try spool.writer(
            integration: integration, scratch: scratch, facts: LineFacts(digest), now: time.spool)
        writer.boundIdentities(limits)
        restoredUntil[integration] = nil
        writers[integration] = writer
        sources[integration] = source
        reported.remove(integration)
        return opened(writer)
    }

    private func opened(_ writer: SpoolWriter) -> Opened {
        let isNews = reported.insert(writer.integration).inserted
        return Opened(cursor: writer.cursor, recovery: isNews ? writer.recovery : nil, unsealed: unsealed(writer))
    }

    private func unsealed(_ writer: SpoolWriter) -> Unsealed {
        Unsealed(records: writer.unsealed.records, due: writer.sealsIn(at: time.spool).map { time.wall + $0 })
    }

    /// The place that is kept; nil if the integration is not open.
    func cursor(of integration: String) -> String? { writers[integration]?.cursor }

    /// Makes a place durable without any event.
    func keep(_ place: String, integration: String) throws(SpoolError) {
        try writers[integration]?.commit(cursor: place, at: time.spool)
    }

    /// The kept place as one of `query`: read from an earlier version, and turned to another address, page size or filter. What changes is durable.
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

    /// Why a kept place could not be opened.
    enum OpeningFailure: Error {
        case cursor(CursorError)
        case spool(SpoolError)
    }

    /// Maps a page and makes its new records and the place that follows it durable in one step.
    ///
    /// - Parameter previous: the place's text that is kept. A page is only ever put after the very place that it follows.
    func ingest(
        _ page: LogPage, after previous: String?, integration: String, collectedAt: Int64
    ) throws(Failure) -> Ingested {
        guard let writer = writers[integration], let source = sources[integration], writer.cursor == previous else {
            throw .cursorMoved
        }
        var sink = IngestSink(
            PageReading(page, writer, limits), writer: writer, digest: digest, collectedAt: collectedAt)
        let outcome = page.body.withUnsafeBytes { bytes in
            Result { () throws(PageError) in
                try normalizer.normalizePage(bytes, source: source, collectedAt: collectedAt, into: &sink)
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
        case .landing(let landing):
            let kept = landing.place.text
            forgetRestored(integration, writer, landing.place, page.date)
            do throws(SpoolError) {
                try writer.commit(cursor: kept, times: reading.times, at: time.spool)
            } catch {
                writer.discard()
                throw .spool(error)
            }
            return .committed(
                Committed(
                    landing: landing, kept: kept, events: sink.events, rejected: sink.rejected,
                    duplicates: reading.known, firstRejection: sink.firstRejection))
        }
    }

    /// Empties the window `.restored` once every event in it has been passed.
    private func forgetRestored(
        _ integration: String, _ writer: SpoolWriter, _ place: LogPlace, _ date: ServerTime?
    ) {
        guard writer.identityCount(.restored) > 0, let date else { return }
        let until = restoredUntil[integration] ?? date.latestStored
        restoredUntil[integration] = until
        if LogWay.allCases.compactMap({ place[$0]?.restart }).allSatisfy({ $0 > until }) { writer.forget(.restored) }
    }

    /// Seals what an integration that is no longer configured left behind, and lets it go.
    ///
    /// - Returns: how many records waited, and the segments that they became.
    func sealLeftover(of integration: String) throws(SpoolError) -> (records: Int, sealed: [SealedSegment]) {
        let writer = try spool.writer(
            integration: integration, scratch: scratch, facts: LineFacts(digest), now: time.spool)
        let waiting = writer.unsealed.records
        guard waiting > 0 else { return (0, []) }
        return (waiting, try writer.seal(at: time.spool))
    }

    /// Which of this worker's integrations may have something to seal. One that has nothing unsealed costs a look at a number.
    func mayBeDue() -> [String] {
        spool.applyRetention(time.spool)
        return writers.filter { $0.value.mayBeDue || failing.contains($0.key) }.keys.sorted()
    }

    /// Seals what is due of one integration, and tells how it stands.
    func sealDue(_ integration: String) -> Sealing? {
        sealing(integration) { (writer) throws(SpoolError) in try writer.sealIfDue(at: time.spool) }
    }

    /// The integrations that are open.
    var integrations: [String] { writers.keys.sorted() }

    /// Seals all of an integration and gives it up, for a stop or because it is no longer configured.
    func sealAndClose(_ integration: String) -> Sealing? {
        defer { close(integration) }
        return sealing(integration) { (writer) throws(SpoolError) in try writer.seal(at: time.spool) }
    }

    private func close(_ integration: String) {
        writers[integration] = nil
        sources[integration] = nil
        restoredUntil[integration] = nil
        failing.remove(integration)
        reported.remove(integration)
    }

    private func sealing(
        _ integration: String, _ seal: (SpoolWriter) throws(SpoolError) -> [SealedSegment]
    ) -> Sealing? {
        guard let writer = writers[integration] else { return nil }
        var outcome = Sealing(integration: integration, sealed: [])
        outcome.isNews = failing.remove(integration) != nil
        do throws(SpoolError) {
            outcome.sealed = try seal(writer)
        } catch {
            outcome.failure = error
            failing.insert(integration)
            if case .damaged = error { recover(integration, writer, &outcome) }
        }
        outcome.unsealed = unsealed(writer)
        if outcome.failure != nil || !outcome.sealed.isEmpty { outcome.isNews = true }
        return outcome
    }
}

extension IngestWorker {
    /// What stands behind the damage is collected again: the cursor goes back to the last whole commit before it. Where that can't be done, the
    /// integration is given up: its next page finds no place to be put behind, and opening it says what is wrong.
    private func recover(_ integration: String, _ writer: SpoolWriter, _ outcome: inout Sealing) {
        do throws(SpoolError) {
            try writer.recover(at: time.spool)
            reported.remove(integration)
        } catch {
            outcome.failure = error
            writers[integration] = nil
        }
    }
}

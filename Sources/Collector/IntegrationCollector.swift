import Logging
import OCSF
import OktaAPI
import Spool
import Systemd

/// Collects one integration's log, from its cursor on, until it is cancelled: asks the pager what to do, does it, and tells the
/// pager what came of it. Trouble of one integration stays with it; `run` never throws.
struct IntegrationCollector: Sendable {
    /// What an integration is told at its start.
    struct Settings: Sendable {
        var name: String
        var query: LogQuery
        /// Where a first run begins.
        var start: UTCTime
        var pollInterval: Duration
        /// When it polls, beside the others.
        var pollGrid: PollGrid
        /// Of the org's budget for its log; above 0, up to 1.
        var budgetShare: Double
    }

    /// How often a waiting loop says that it is alive. A loop that waits for Okta is no hang.
    static let beat = Duration.seconds(15)
    /// How often a refused credential's file is looked at, so that a new one does not wait for the next probe.
    static let replacementLook = Duration.seconds(2)
    /// Above the longest request, with a token to be had first, a wait for memory that others' pages hold, and the work on its page.
    static let heartbeatBound = Duration.seconds(300)
    /// The longest wait before a spool in trouble is tried again.
    static let spoolRetry = Duration.seconds(10)

    /// The wait after a probe of the org that brought nothing.
    static let probeRetry = Duration.seconds(600)

    let settings: Settings
    let credential: any Credential
    let transport: any HTTPTransport
    let worker: IngestWorker
    let board: StatusBoard
    let entry: StatusBoard.ID
    let heartbeat: Heartbeat
    let logger: Logger

    /// The wait before an address that leads to the wrong organization is looked at again.
    static let addressRetry = Duration.seconds(60)

    /// The way through the log, and the text of its place as the spool keeps it.
    private struct Reading {
        var pager: LogPager
        var kept: String
        /// When the org is asked for its id and its other names, until it told.
        var probeDue: ContinuousClock.Instant?
        /// The credential's secret with which the last request was in trouble.
        var refused: SecretVersion?
    }

    /// Collects until the task is cancelled. A page that is being made durable then is finished first.
    func run(clock: ContinuousClock = ContinuousClock()) async {
        guard var reading = await open(clock) else { return }
        while !Task.isCancelled {
            heartbeat.beat()
            switch reading.pager.nextStep(now: clock.now) {
            case .wait(let until):
                guard reading.pager.awaitsCredential else {
                    await sleep(until: until, clock)
                    continue
                }
                let next = min(until, clock.now + Self.replacementLook)
                await sleep(until: next, clock)
                if credential.version != reading.refused {
                    reading.refused = credential.version
                    reading.pager.credentialReplaced(now: clock.now)
                }
            case .page(let page):
                await ingest(page, &reading, clock)
            case .request(let request):
                await collect(request, &reading, clock)
                await probeIfDue(&reading, clock)
            case .outstanding:
                // Every request is answered and every page settled before the next step: this would be a bug, and a
                // busy loop is the worst way to show it.
                logger.critical("the pager waits for an answer that it has; please report this")
                await sleep(until: clock.now + Self.beat, clock)
            }
        }
    }

    /// Opens the spool and the pager; waits and tries again as long as either is in trouble. Nil when cancelled.
    private func open(_ clock: ContinuousClock) async -> Reading? {
        while !Task.isCancelled {
            let trouble: IntegrationHealth.Trouble
            let delay: Duration
            switch await opened() {
            case .success(let kept):
                do throws(CursorError) {
                    return try await reading(from: kept, clock)
                } catch {
                    (trouble, delay) = (IntegrationHealth.Trouble(cursor: error), Self.addressRetry)
                }
            case .failure(let error):
                (trouble, delay) = (IntegrationHealth.Trouble(spool: error), Self.spoolRetry)
            }
            note(trouble, requestID: nil, delay: delay, .spoolError)
            await sleep(until: clock.now + delay, clock)
        }
        return nil
    }

    /// The place that is kept. A first run keeps its start before it asks for anything, so that the start is fixed then.
    private func opened() async -> Result<String, SpoolError> {
        defer { board.update(entry) { $0.opened() } }
        let org = settings.query.org
        let source = EventSource(orgHost: org.host, logURL: org.origin + "/api/v1/logs")
        do throws(SpoolError) {
            let opened = try await worker.open(settings.name, source: source)
            report(opened.recovery)
            if let kept = opened.cursor { return .success(kept) }
            let first = LogPlace(since: settings.start.milliseconds, fingerprint: settings.query.fingerprint).text
            try await worker.keep(first, integration: settings.name)
            return .success(first)
        } catch {
            return .failure(error)
        }
    }

    private func reading(from kept: String, _ clock: ContinuousClock) async throws(CursorError) -> Reading {
        let place = try LogPlace(parsing: kept)
        var query = settings.query
        // Before anything is collected behind another organization's events, it has to be known that it is the same one. Where the
        // org does not answer, its log will not either, and it is asked again then; a new address must be known first.
        if place.organization != nil || place.isElsewhere(than: query), let probe = await probe() { query.learn(probe) }
        var pager = try LogPager(
            query, place: place, pollInterval: settings.pollInterval, budgetShare: settings.budgetShare,
            seed: .random(in: .min ... .max), now: clock.now, wall: UTCTime(milliseconds: WallClock.now()))
        pager.poll(by: settings.pollGrid)
        if place.fingerprint != query.fingerprint {
            let since = pager.place.tail.next == nil ? pager.place.tail.since : nil
            logger.announce(
                .logAskedAnew,
                """
                the filter, the page size or the org's address has changed: \(since.map {
                "the log is asked anew for what Okta stored since \(WallClock.text($0)), and what comes twice is dropped"
                } ?? "collection goes on by the kept link, and asks by the new query once that has brought events")
                """)
        }
        return Reading(pager: pager, kept: kept, probeDue: query.organization == nil ? clock.now : nil)
    }

    /// Nil when the org did not answer as one.
    private func probe() async -> OrgProbe? {
        guard let response = try? await transport.send(OrgProbe.request(settings.query.org)) else { return nil }
        return OrgProbe(response)
    }

    /// Asks the org for its id and its other names, beside everything else: collection does not depend on it, unless its links lead to one
    /// of those names.
    private func probeIfDue(_ reading: inout Reading, _ clock: ContinuousClock) async {
        guard let due = reading.probeDue, due <= clock.now else { return }
        guard let probe = await probe() else {
            reading.probeDue = clock.now + Self.probeRetry
            return
        }
        reading.probeDue = nil
        do throws(CursorError) {
            try reading.pager.learn(probe)
        } catch {
            note(IntegrationHealth.Trouble(cursor: error), requestID: nil, delay: Self.addressRetry, .spoolError)
            await sleep(until: clock.now + Self.addressRetry, clock)
            if let reopened = await open(clock) { reading = reopened }
        }
    }

    private func collect(_ page: LogPageRequest, _ reading: inout Reading, _ clock: ContinuousClock) async {
        let result: Result<HTTPResponse, TransportError>
        do throws(AuthorizedTransport.Failure) {
            result = .success(try await AuthorizedTransport(transport).send(page.request, as: credential))
        } catch {
            switch error {
            case .transport(let error): result = .failure(error)
            case .credential(let error):
                // Without a credential there is nothing to send: for the pager that is a request that can't be sent.
                let failure = TransportError(.invalidRequest, host: settings.query.org.host, detail: error.description)
                if case .trouble(let trouble) = reading.pager.received(.failure(failure), now: clock.now) {
                    reading.refused = credential.version
                    let refused = IntegrationHealth.Trouble(
                        kind: "credential", message: error.description, remedy: "It is looked at again at every attempt"
                    )
                    note(refused, requestID: trouble.requestID, delay: reading.pager.delay(clock), .credentialRefused)
                }
                return
            }
        }
        board.update(entry) { $0.requested() }
        heartbeat.beat()
        switch reading.pager.received(result, now: clock.now) {
        case .trouble(let trouble):
            note(trouble, reading.pager, clock)
            if reading.pager.awaitsCredential { reading.refused = credential.version }
            // Perhaps another name of the org, which it tells.
            if trouble.kind == .foreignNext, reading.probeDue != nil { reading.probeDue = clock.now }
        case .held: break
        case .page(let page):
            if let landing = page.landingWithoutEvents {
                reading.pager.committed(landing, now: clock.now)
                note(.init(landing: landing, kept: reading.kept, events: 0, rejected: 0, duplicates: 0), page)
            } else {
                await ingest(page, &reading, clock)
            }
        }
    }

    /// Makes a page durable. While the spool can't take it, the page waits here and Okta is not asked: there is nowhere to put an answer.
    private func ingest(_ page: LogPage, _ reading: inout Reading, _ clock: ContinuousClock) async {
        var attempts = 0
        while true {
            do throws(IngestWorker.Failure) {
                let ingested = try await worker.ingest(
                    page, after: reading.kept, integration: settings.name, collectedAt: WallClock.now())
                guard let ingested else { return reading.pager.tooEarly(now: clock.now) }
                reading.kept = ingested.kept
                reading.pager.committed(ingested.landing, now: clock.now)
                note(ingested, page)
                // Without new records nothing more is due than what the clock brings.
                if ingested.events + ingested.rejected > 0 { await seal(clock) }
                return
            } catch {
                switch error {
                case .page(let error):
                    return note(reading.pager.rejected(error.description, now: clock.now), reading.pager, clock)
                case .cursorMoved:
                    reading.pager.notCommitted("the journal was repaired", now: clock.now)
                    if let reopened = await open(clock) { reading = reopened }
                    return
                case .spool(let error):
                    let trouble = IntegrationHealth.Trouble(spool: error)
                    let id = trouble.isFull ? MessageID.spoolFull : .spoolError
                    guard error.passesByItself, !Task.isCancelled else {
                        reading.pager.notCommitted(error.description, now: clock.now)
                        return note(trouble, requestID: nil, delay: reading.pager.delay(clock), id)
                    }
                    attempts += 1
                    let delay = Self.spoolDelay(attempts)
                    note(trouble, requestID: nil, delay: delay, id)
                    await sleep(until: clock.now + delay, clock)
                }
            }
        }
    }

    /// Seals what is due. While that fails Okta is not asked either: records that nobody can see would pile up.
    private func seal(_ clock: ContinuousClock) async {
        var attempts = 0
        while !Task.isCancelled {
            guard let outcome = await worker.sealDue(settings.name) else { return }
            outcome.report(to: board, entry: entry, logger: logger)
            guard outcome.failure?.passesByItself == true else { return }
            attempts += 1
            await sleep(until: clock.now + Self.spoolDelay(attempts), clock)
        }
    }

    /// The wait after so many failures of the spool in a row: 1 s, 2 s, 4 s, 8 s, then `spoolRetry`.
    private static func spoolDelay(_ attempts: Int) -> Duration {
        min(.seconds(1 << min(attempts - 1, 10)), spoolRetry)
    }

    private func sleep(until: ContinuousClock.Instant, _ clock: ContinuousClock) async {
        while clock.now < until, !Task.isCancelled {
            heartbeat.beat()
            try? await Task.sleep(until: min(until, clock.now + Self.beat), clock: clock)
        }
    }
}

// What is said of what happened.
extension IntegrationCollector {
    private func note(_ ingested: IngestWorker.Ingested, _ page: LogPage) {
        let landing = ingested.landing
        let transition = board.update(entry) { health in
            health.committed(
                IntegrationHealth.Commit(
                    way: page.way, events: ingested.events, rejected: ingested.rejected,
                    duplicates: ingested.duplicates, newest: ingested.newest, isCaughtUp: !landing.isFull,
                    backfill: landing.place.backfill.map(BackfillProgress.init), gap: page.gap,
                    requestID: page.requestID),
                at: WallClock.now())
        }
        if let rejection = ingested.firstRejection {
            logger.announce(
                .eventRejected,
                """
                \(ingested.rejected) of a page's \(ingested.events + ingested.rejected) events could not become records \
                and are kept under _rejected; the first one \(rejection.reason.explanation)
                """, metadata: metadata(page.requestID))
        }
        if ingested.duplicates > 0 {
            logger.debug(
                "\(ingested.duplicates) events of a page were known and dropped", metadata: metadata(page.requestID))
        }
        if let gap = page.gap {
            logger.announce(
                .eventsMissing,
                """
                Okta keeps events for 90 days: what it stored between \(WallClock.text(gap.from)) and \
                \(WallClock.text(gap.to)) and was not collected can't be had any more
                """, metadata: metadata(page.requestID))
        }
        if landing.isSplit, let backfill = landing.place.backfill {
            logger.notice(
                """
                the log's events are those of \(WallClock.text(backfill.from)): they are fetched beside the newest ones, which \
                come first from now on
                """)
        }
        if landing.isBackfillOver { logger.notice("all events of before are fetched; the newest ones go on") }
        announce(transition, requestID: page.requestID, nil)
    }

    private func note(_ trouble: PagerTrouble, _ pager: LogPager, _ clock: ContinuousClock) {
        guard trouble.kind != .cancelled else { return }
        note(
            IntegrationHealth.Trouble(trouble), requestID: trouble.requestID, delay: pager.delay(clock),
            trouble.messageID)
        guard let renewal = trouble.renewal else { return }
        board.update(entry) { $0.askedAnew() }
        logger.announce(
            .logAskedAnew,
            """
            \(trouble.what): the log is asked anew for what Okta stored since \(renewal.since.rfc3339), \(renewal.limit) events \
            a page, and what comes twice is dropped
            """, metadata: metadata(trouble.requestID))
    }

    private func note(
        _ trouble: IntegrationHealth.Trouble, requestID: String?, delay: Duration, _ id: MessageID
    ) {
        let now = WallClock.now()
        let transition = board.update(entry) { health in
            health.troubled(
                trouble, requestID: requestID, nextAttempt: now + Int64(delay / .milliseconds(1)), at: now)
        }
        announce(transition, requestID: requestID, id)
    }

    private func announce(_ transition: IntegrationHealth.Transition?, requestID: String?, _ id: MessageID?) {
        switch transition {
        case nil: break
        case .becameLive:
            logger.info("events arrive from \(settings.query.org.origin)", metadata: metadata(requestID))
        case .entered(let trouble):
            logger.announce(
                id ?? .oktaError, "\(trouble.message). \(trouble.remedy).", metadata: metadata(requestID))
        case .stillIn(let trouble, let seconds):
            logger.announce(
                id ?? .oktaError, "for \(StatusReport.duration(seconds)): \(trouble.message). \(trouble.remedy).",
                metadata: metadata(requestID))
        case .recovered(let trouble, let seconds):
            logger.announce(
                .integrationRecovered,
                "events arrive again after \(StatusReport.duration(seconds)) of: \(trouble.message)",
                metadata: metadata(requestID))
        }
    }

    private func report(_ recovery: RecoveryReport) {
        if recovery.stateIsMissing {
            logger.announce(
                .spoolError,
                """
                the spool has segments of this integration but the state directory has no journal: was it emptied? \
                Collection starts again from the configured start, and events that are sealed already may come a second time
                """)
        } else if !recovery.isClean {
            logger.announce(
                .spoolRecovered,
                """
                recovered after a crash: \(recovery.recordsRecovered) records wait to be sealed, \(recovery.bytesCut) bytes \
                \(recovery.cutReason == .checksum ? "that fail their checksum" : "of an unfinished commit") were cut and are \
                collected again, \(recovery.segmentsFinished) segments of an \
                unfinished seal were put in place
                """)
        }
    }

    private func metadata(_ requestID: String?) -> Logger.Metadata {
        requestID.map { [LogKey.requestID: "\($0)"] } ?? [:]
    }
}

extension LogPager {
    /// The wait before the next request.
    fileprivate func delay(_ clock: ContinuousClock) -> Duration {
        nextAttempt.map { max(.zero, $0 - clock.now) } ?? .zero
    }
}

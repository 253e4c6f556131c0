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
    /// Above the longest request, a wait for memory that others' pages hold included, and the work on its page.
    static let heartbeatBound = Duration.seconds(150)
    /// The wait before the spool is tried again where it could not be opened.
    static let spoolRetry = Duration.seconds(10)

    let settings: Settings
    let credential: any Credential
    let transport: any HTTPTransport
    let worker: IngestWorker
    let board: StatusBoard
    let entry: Int
    let heartbeat: Heartbeat
    let logger: Logger

    /// Collects until the task is cancelled. A page that is being made durable then is finished first.
    func run(clock: ContinuousClock = ContinuousClock()) async {
        guard var pager = await open(clock) else { return }
        while !Task.isCancelled {
            heartbeat.beat()
            switch pager.nextStep(now: clock.now) {
            case .wait(let until):
                await sleep(until: until, clock)
            case .request(let request):
                await collect(request, &pager, clock)
            case .outstanding:
                // Every request is answered and every page settled before the next step: this would be a bug, and a
                // busy loop is the worst way to show it.
                logger.critical("the pager waits for an answer that it has; please report this")
                await sleep(until: clock.now + Self.beat, clock)
            }
        }
    }

    /// Opens the spool and the pager; waits and tries again as long as either is in trouble. Nil when cancelled.
    private func open(_ clock: ContinuousClock) async -> LogPager? {
        while !Task.isCancelled {
            let trouble: IntegrationHealth.Trouble
            switch await opened() {
            case .success(let cursor):
                do throws(CursorError) {
                    return try pager(resumingAt: cursor, clock)
                } catch {
                    trouble = IntegrationHealth.Trouble(cursor: error)
                }
            case .failure(let error):
                trouble = IntegrationHealth.Trouble(spool: error)
            }
            note(trouble, requestID: nil, delay: Self.spoolRetry, .spoolError)
            await sleep(until: clock.now + Self.spoolRetry, clock)
        }
        return nil
    }

    /// The stored cursor, nil on a first run.
    private func opened() async -> Result<String?, SpoolError> {
        defer { board.update(entry) { $0.opened() } }
        let org = settings.query.org
        let source = EventSource(orgHost: org.host, logURL: org.origin + "/api/v1/logs")
        do throws(SpoolError) {
            let opened = try await worker.open(settings.name, source: source)
            report(opened.recovery)
            return .success(opened.cursor)
        } catch {
            return .failure(error)
        }
    }

    private func pager(resumingAt text: String?, _ clock: ContinuousClock) throws(CursorError) -> LogPager {
        let now = UTCTime(milliseconds: WallClock.now())
        var start = LogStart.since(settings.start, at: now)
        if let text {
            let record = try CursorRecord(parsing: text)
            if record.fingerprint != settings.query.fingerprint {
                logger.warning(
                    """
                    the filter, the page size or the org's address has changed: the stored cursor keeps those it began \
                    with, and collection goes on by it
                    """)
            }
            start = .cursor(record)
        }
        var pager = try LogPager(
            settings.query, start: start, pollInterval: settings.pollInterval,
            budgetShare: settings.budgetShare, seed: .random(in: .min ... .max),
            now: max(clock.now, settings.pollGrid.origin))
        pager.pollGrid = settings.pollGrid
        return pager
    }

    private func collect(_ page: LogPageRequest, _ pager: inout LogPager, _ clock: ContinuousClock) async {
        var request = page.request
        do throws(CredentialError) {
            try await credential.authorize(&request)
        } catch {
            // Without a credential there is nothing to send: for the pager that is a request that can't be sent.
            let failure = TransportError(.invalidRequest, host: settings.query.org.host, detail: error.description)
            if case .trouble(let trouble) = pager.received(.failure(failure), now: clock.now) {
                let refused = IntegrationHealth.Trouble(
                    kind: "credential", message: error.description, remedy: "It is looked at again at every attempt")
                note(refused, requestID: trouble.requestID, delay: pager.delay(clock), .credentialRefused)
            }
            return
        }
        board.update(entry) { $0.requested() }
        let result: Result<HTTPResponse, TransportError>
        do throws(TransportError) {
            result = .success(try await transport.send(request))
        } catch {
            result = .failure(error)
        }
        heartbeat.beat()
        // The page's memory is counted until it is durable.
        defer { withExtendedLifetime(result) {} }
        switch pager.received(result, now: clock.now) {
        case .trouble(let trouble): note(trouble, pager, clock)
        case .page(let page): await ingest(page, &pager, clock)
        }
    }

    private func ingest(_ page: LogPage, _ pager: inout LogPager, _ clock: ContinuousClock) async {
        do throws(IngestWorker.Failure) {
            let ingested = try await worker.ingest(
                page: page.body, after: pager.cursor?.text, cursor: page.cursor.text, integration: settings.name,
                collectedAt: WallClock.now())
            let isFull = pager.committed(events: ingested.events + ingested.rejected, now: clock.now)
            note(ingested, page, isCaughtUp: !isFull)
            // Without new records nothing more is due than what the clock brings.
            if ingested.events + ingested.rejected > 0 { await seal() }
        } catch {
            switch error {
            case .page(let error):
                note(pager.rejected(error.description, now: clock.now), pager, clock)
            case .cursorMoved:
                pager.notCommitted("the journal was repaired", now: clock.now)
                if let reopened = await open(clock) { pager = reopened }
            case .spool(let error):
                pager.notCommitted(error.description, now: clock.now)
                let trouble = IntegrationHealth.Trouble(spool: error)
                note(trouble, requestID: nil, delay: pager.delay(clock), trouble.isFull ? .spoolFull : .spoolError)
            }
        }
    }

    private func seal() async {
        for outcome in await worker.sealDue(settings.name) {
            outcome.report(to: board, entry: entry, logger: logger)
        }
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
    private func note(_ ingested: IngestWorker.Ingested, _ page: LogPage, isCaughtUp: Bool) {
        let transition = board.update(entry) { health in
            health.committed(
                events: ingested.events, rejected: ingested.rejected, newest: ingested.newest,
                isCaughtUp: isCaughtUp, requestID: page.requestID, at: WallClock.now())
        }
        if let rejection = ingested.firstRejection {
            logger.announce(
                .eventRejected,
                """
                \(ingested.rejected) of a page's \(ingested.events + ingested.rejected) events could not become records \
                and are kept under _rejected; the first one \(rejection.reason.explanation)
                """, metadata: metadata(page.requestID))
        }
        announce(transition, requestID: page.requestID, nil)
    }

    private func note(_ trouble: PagerTrouble, _ pager: LogPager, _ clock: ContinuousClock) {
        guard trouble.kind != .cancelled else { return }
        note(
            IntegrationHealth.Trouble(trouble), requestID: trouble.requestID, delay: pager.delay(clock),
            trouble.messageID)
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
                of an unfinished commit were cut and are collected again, \(recovery.segmentsFinished) segments of an \
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
        health.nextAttempt.map { max(.zero, $0 - clock.now) } ?? .zero
    }
}

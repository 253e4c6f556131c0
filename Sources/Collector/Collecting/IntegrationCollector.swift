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
        var start: StoredTime
        /// For a start that counts from now: the time by this host's clock that it was counted from.
        var startCountedFrom: HostTime?
        var pollInterval: Duration
        /// When it polls, along with the others.
        var pollGrid: PollGrid
        /// Of the org's budget for its log; above 0, up to 1.
        var budgetShare: Double
        /// Of the jitter of waits; nil for a random one.
        var seed: UInt64?
    }

    /// How often a waiting loop says that it is alive. A loop that waits for Okta is not hung.
    static let beat = Duration.seconds(15)
    /// How often a refused credential's file is looked at, so that a new one does not wait for the next probe.
    static let replacementLook = Duration.seconds(2)
    /// Above the longest request, including one for a token, a wait for memory that others' pages hold, and the work on its page.
    static let heartbeatBound = Duration.seconds(300)
    /// The longest wait before a spool in trouble is tried again.
    static let spoolRetry = Duration.seconds(10)
    /// The wait for a journal that is being closed.
    static let writerRetry = Duration.milliseconds(100)
    /// The wait after a probe of the org that brought nothing.
    static let probeRetry = Duration.seconds(600)
    /// The wait before an address that leads to the wrong organization is tried again.
    static let addressRetry = Duration.seconds(60)

    let settings: Settings
    let credential: any Credential
    let transport: any HTTPTransport
    let worker: IngestWorker
    let board: StatusBoard
    let entry: StatusBoard.ID
    let heartbeat: Heartbeat
    let logger: Logger
    var time: any TimeSource = SystemTime()
    /// Set by a reload: what waits for a credential tries at once.
    let retry = RetrySignal()

    /// The way through the log, and the text of its place as the spool keeps it.
    struct Reading {
        var pager: LogPager
        var kept: String
        /// When the org is asked for its id and its other names, until it has answered.
        var probeDue: ContinuousClock.Instant?
        /// The credential's secret with which the last request was in trouble.
        var refused: SecretVersion?
    }

    /// Collects until the task is cancelled. A page that is being made durable then is finished first.
    func run() async {
        guard var reading = await open() else { return }
        while !Task.isCancelled {
            heartbeat.beat()
            switch reading.pager.nextStep(now: time.now) {
            case .wait(let until): await wait(until, &reading)
            case .request(let request):
                await collect(request, &reading)
                await probeIfDue(&reading)
            case .outstanding:
                // Every request is answered and every page settled before the next step: this would be a bug, and a
                // busy loop is the worst way to show it.
                logger.critical("the pager waits for an answer that it has; please report this")
                await sleep(for: Self.beat)
            }
        }
    }

    /// Waits for the next request. While a credential is refused, its file is looked at meanwhile.
    private func wait(_ until: ContinuousClock.Instant, _ reading: inout Reading) async {
        guard reading.pager.awaitsCredential else { return await sleep(until: until) }
        await sleep(until: min(until, time.now + Self.replacementLook))
        guard retry.take() || credential.version != reading.refused else { return }
        reading.refused = credential.version
        reading.pager.credentialReplaced(now: time.now)
    }

    private func collect(_ page: LogPageRequest, _ reading: inout Reading) async {
        let result: Result<HTTPResponse, TransportError>
        do throws(AuthorizedTransport.Failure) {
            result = .success(try await AuthorizedTransport(transport).send(page.request, as: credential))
        } catch {
            switch error {
            case .transport(let error): result = .failure(error)
            case .credential(let error): return withoutCredential(error, &reading)
            }
        }
        heartbeat.beat()
        let received = reading.pager.received(result, now: time.now, host: HostTime(time.wall))
        let limit = reading.pager.rateLimit
        board.update(entry) { $0.requested(RequestOutcome(result), limit: limit) }
        switch received {
        case .trouble(let trouble):
            note(trouble, reading.pager)
            if reading.pager.awaitsCredential { reading.refused = credential.version }
            // Perhaps another name of the org, which it tells.
            if trouble.kind == .foreignNext, reading.probeDue != nil { reading.probeDue = time.now }
        case .startMoved(let start, let ahead): noteMovedStart(start, ahead)
        case .page(let page):
            noteClock(page)
            if let landing = page.landingWithoutEvents {
                guard await worker.cursor(of: settings.name) == reading.kept else { return await reopen(&reading) }
                reading.pager.committed(landing, now: time.now)
                note(IngestWorker.Committed(landing: landing, kept: reading.kept), page)
            } else {
                await ingest(page, &reading)
            }
        }
    }

    /// Without a credential there is nothing to send: for the pager that is a request that can't be sent.
    private func withoutCredential(_ error: CredentialError, _ reading: inout Reading) {
        let failure = TransportError(.invalidRequest, host: settings.query.org.host, detail: error.description)
        guard
            case .trouble(let trouble) = reading.pager.received(
                .failure(failure), now: time.now, host: HostTime(time.wall))
        else { return }
        reading.refused = credential.version
        let refused = IntegrationHealth.Trouble(
            kind: .credential, message: error.description,
            remedy:
                "Tributary tries again by itself, and at once when the secret's file changes; other integrations are not affected"
        )
        note(refused, requestID: trouble.requestID, delay: delay(reading.pager))
    }

    /// Makes a page durable. While the spool can't take it, the page waits here and Okta is not asked: there is nowhere to put an answer.
    private func ingest(_ page: LogPage, _ reading: inout Reading) async {
        var attempts = 0
        while true {
            do throws(IngestWorker.Failure) {
                let ingested = try await worker.ingest(
                    page, after: reading.kept, integration: settings.name, collectedAt: time.wall)
                return await settle(ingested, page, &reading)
            } catch {
                switch error {
                case .page(let error):
                    return note(reading.pager.rejected(error.description, now: time.now), reading.pager)
                case .cursorMoved: return await reopen(&reading)
                case .spool(let error):
                    let trouble = IntegrationHealth.Trouble(spool: error)
                    guard error.passesByItself, !Task.isCancelled else {
                        reading.pager.notCommitted(error.description, now: time.now)
                        return note(trouble, requestID: nil, delay: delay(reading.pager))
                    }
                    attempts += 1
                    let delay = Self.spoolDelay(attempts)
                    note(trouble, requestID: nil, delay: delay)
                    await sleep(for: delay)
                }
            }
        }
    }

    /// A seal has cut damage from the journal, and the cursor went back: collection goes on from there.
    private func reopen(_ reading: inout Reading) async {
        reading.pager.notCommitted("the journal was repaired", now: time.now)
        if let reopened = await open() { reading = reopened }
    }

    private func settle(_ ingested: IngestWorker.Ingested, _ page: LogPage, _ reading: inout Reading) async {
        switch ingested {
        case .committed(let committed):
            reading.kept = committed.kept
            reading.pager.committed(committed.landing, now: time.now)
            note(committed, page)
            // Without new records nothing more is due than what the clock brings.
            if committed.events + committed.rejected > 0 { await seal() }
        case .searching(let search, let count):
            reading.pager.searching(search, now: time.now)
            note(search, count, page)
        case .nothing(let isEmpty): reading.pager.nothingKept(isEmpty: isEmpty, now: time.now)
        }
    }

    /// Seals what is due. While that fails Okta is not asked either: records that nobody can see would pile up.
    private func seal() async {
        var attempts = 0
        while !Task.isCancelled {
            guard let outcome = await worker.sealDue(settings.name) else { return }
            outcome.report(to: board, entry: entry, logger: logger)
            guard outcome.failure?.passesByItself == true else { return }
            attempts += 1
            await sleep(for: Self.spoolDelay(attempts))
        }
    }

    /// The wait after so many failures of the spool in a row: 1 s, 2 s, 4 s, 8 s, then `spoolRetry`.
    private static func spoolDelay(_ attempts: Int) -> Duration {
        min(.seconds(1 << min(attempts - 1, 10)), spoolRetry)
    }

    /// The wait before the next request.
    func delay(_ pager: LogPager) -> Duration { pager.nextAttempt.map { max(.zero, $0 - time.now) } ?? .zero }

    func sleep(for duration: Duration) async { await sleep(until: time.now + duration) }

    private func sleep(until: ContinuousClock.Instant) async {
        while time.now < until, !Task.isCancelled {
            heartbeat.beat()
            await time.sleep(until: min(until, time.now + Self.beat))
        }
    }
}

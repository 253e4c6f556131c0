import CurlHTTPClient
import Fleet
import Logging
import OCSF
import OktaAPI
import Spool
import Systemd

/// The lease that lets this host of a fleet collect an integration.
struct CollectionLease: Sendable {
    var holding: Holding
    var term: LeaseTerm
}

/// Collects one integration's log from its cursor on, until the task is cancelled. The pager decides each step; the collector carries it out and
/// reports the result to the pager. A failure of one integration does not affect the others; `run` never throws.
struct IntegrationCollector: Sendable {
    /// The settings of an integration.
    struct Settings: Sendable {
        var name: String
        var query: LogQuery
        /// Where the first run starts.
        var start: StoredTime
        /// If the start is relative to now: the host's time at which the start was computed.
        var startCountedFrom: HostTime?
        var pollInterval: Duration
        /// The times at which the integration is polled. They are coordinated with the times of other integrations.
        var pollGrid: PollGrid
        /// This client's share of the org's rate limit for the log; above 0, up to 1.
        var budgetShare: Double
        /// Whether the integration has `response_action`, so that responders can wait for its events.
        var hasResponseActions = false
        /// The seed for the random part of waits; nil for a random seed.
        var seed: UInt64?
    }

    /// How often a waiting collector sends a heartbeat. Waiting for Okta does not count as a hang.
    static let beat = Duration.seconds(15)
    /// How often the file of a refused credential is checked, so that a replaced credential is used soon.
    static let replacementCheckInterval = Duration.seconds(2)
    /// A collector without a heartbeat for longer than this counts as hanging. The limit exceeds the longest iteration: a token request, a wait for
    /// memory, a slow log request, and the work on its page.
    static let heartbeatBound = Duration.seconds(300)
    /// The longest wait before the next attempt after an operation of the spool has failed.
    static let spoolRetry = Duration.seconds(10)
    /// The interval at which a host checks whether its lease is valid again.
    static let leaseCheckInterval = Duration.milliseconds(200)
    /// The wait before the second attempt while the journal is still being closed or a seal is being decided. It grows with each attempt, up to two
    /// seconds.
    static let writerRetry = Duration.milliseconds(100)
    /// In a fleet, the number of such attempts after which the integration's problem says why it waits: about 20 seconds.
    static let busyAttempts = 20
    /// The wait before the next probe of the org after a probe has failed.
    static let probeRetry = Duration.seconds(600)
    /// The wait before the next attempt if the stored place can't be used: it is unreadable, or the org's address leads to another organization.
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
    /// The lease that lets this host collect the integration; nil outside a fleet.
    var lease: CollectionLease?
    /// Set by a reload, so that a collector waiting for a credential tries immediately.
    let retry = RetrySignal()

    /// The pager, and the place that the spool has stored, as text. This is a class, because a value of this size would be copied into the frame
    /// of each function that waits, and all integrations wait most of the time.
    final class Reading {
        var pager: LogPager
        var kept: String
        /// When the org is asked for its id and its other host names; nil once they are known.
        var probeDue: ContinuousClock.Instant?
        /// The version of the secret that Okta last refused, or that could not be used for a request.
        var refused: SecretVersion?

        init(pager: LogPager, kept: String, probeDue: ContinuousClock.Instant?) {
            self.pager = pager
            self.kept = kept
            self.probeDue = probeDue
        }
    }

    /// Collects until the task is cancelled. If a page is being made durable at that moment, `run` finishes it first.
    func run() async {
        guard var reading = await open() else { return }
        while !Task.isCancelled {
            heartbeat.beat()
            guard lease?.term.isValid(at: time.now) ?? true else {
                // Another host may be collecting by now. This host soon learns whether it still holds the integration.
                await sleep(for: Self.leaseCheckInterval)
                continue
            }
            switch reading.pager.nextStep(now: time.now) {
            case .wait(let until): await wait(until, &reading)
            case .request(let request):
                await collect(request, &reading)
                await probeIfDue(&reading)
            case .outstanding:
                // Only a bug can lead here, because the collector passes every answer and every result of a page to the pager before it asks for a
                // step. The wait prevents a busy loop.
                logger.critical("internal error: the pager waits for an answer that it already has; please report this")
                await sleep(for: Self.beat)
            }
        }
    }

    /// Waits for the next request. If a credential is refused, its file is checked in the meantime.
    private func wait(_ until: ContinuousClock.Instant, _ reading: inout Reading) async {
        guard reading.pager.awaitsCredential else { return await sleep(until: until) }
        await sleep(until: min(until, time.now + Self.replacementCheckInterval))
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
            // The foreign link may contain another name of the same org. Only a probe can show that, so one is sent now.
            if trouble.kind == .foreignNext, reading.probeDue != nil { reading.probeDue = time.now }
        case .startMoved(let start, let ahead): noteMovedStart(start, ahead)
        case .page(let page):
            noteClock(page)
            if let checkpoint = page.emptyCheckpoint {
                guard !worker.wasRepaired(settings.name) else { return await reopen(&reading) }
                reading.pager.committed(checkpoint, now: time.now)
                note(IngestWorker.Committed(checkpoint: checkpoint, kept: reading.kept), page)
            } else {
                await ingest(page, &reading)
            }
        }
    }

    /// Reports to the pager that no request can be sent without a credential. The pager treats this as an invalid request.
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
                "To store a credential: \(settings.query.tokenReplacement). Tributary tries again once a minute, and immediately when "
                + "the secret's file changes; other integrations are not affected"
        )
        note(refused, requestID: trouble.requestID, delay: delay(reading.pager))
    }

    /// Makes a page durable. If the spool has a problem that may be temporary, the method tries again until the page is durable. In the meantime no
    /// request is sent to Okta, because there is no room for another page.
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
                case .spool(.sealUndecided):
                    // The page must wait until the current seal is decided. If this collector is stopped while it waits, it need not finish the seal:
                    // the worker does so when it closes the integration, or another host does.
                    guard !Task.isCancelled else {
                        reading.pager.notCommitted("the collector is stopped", now: time.now)
                        return
                    }
                    attempts += 1
                    await sleep(for: min(Self.writerRetry * attempts, .seconds(2)))
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

    /// Opens the integration again, and continues at the stored place. That place has changed, because damage was removed from the journal, or
    /// because another host of the fleet has sealed the generation.
    private func reopen(_ reading: inout Reading) async {
        reading.pager.notCommitted("the stored place has changed", now: time.now)
        if let reopened = await open() { reading = reopened }
    }

    private func settle(_ ingested: IngestWorker.Ingested, _ page: LogPage, _ reading: inout Reading) async {
        switch ingested {
        case .committed(let committed):
            reading.kept = committed.kept
            reading.pager.committed(committed.checkpoint, now: time.now)
            note(committed, page)
            // Only a page with new records can make a seal due at once. The periodic check finds seals that become due by age.
            if committed.events + committed.rejected > 0 { await seal() }
        case .searching(let search, let count):
            reading.pager.searching(search, now: time.now)
            note(search, count, page)
        case .nothing(let isEmpty): reading.pager.nothingKept(isEmpty: isEmpty, now: time.now)
        }
    }

    /// Seals due records. While sealing fails because of a problem that may be temporary, no request is sent to Okta. Otherwise unsealed records,
    /// which loaders can't read, would pile up.
    private func seal() async {
        while !Task.isCancelled {
            if let outcome = await worker.sealDue(settings.name) {
                outcome.report(to: board, entry: entry, logger: logger)
            }
            guard let retryAt = await worker.sealRetry(settings.name) else { return }
            await sleep(until: retryAt)
        }
    }

    /// The wait after this many spool failures in a row: 1 s, 2 s, 4 s, 8 s, then `spoolRetry`.
    static func spoolDelay(_ attempts: Int) -> Duration {
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

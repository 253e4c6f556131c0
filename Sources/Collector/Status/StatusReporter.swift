import Glibc
import Logging
import ServiceLifecycle
import Spool
import Systemd

/// Reports the daemon's state to the service manager and `status.json` once a second. Also tells the service manager when the daemon is ready and
/// when it stops. With very many integrations it reports less often, so that it never takes more than a small part of a core.
actor StatusReporter: Service {
    static let interval = Duration.seconds(1)
    /// The interval between reports until the daemon is ready. It is short, so that `READY=1` is sent soon after the last integration is opened.
    static let startInterval = Duration.milliseconds(50)
    /// How often the spool's size is measured by walking its directories. Between two measurements, Tributary adds the sizes of files that it writes
    /// and subtracts those of files that it removes.
    static let measureInterval = Duration.seconds(30)
    /// Once the daemon is ready, the pause after a report is this many times the processor time that the report took, up to ``longestInterval``. So
    /// reporting usually uses at most 0.1 % of a core. Processor time is measured instead of elapsed time, because otherwise a busy host would get
    /// few reports. The walk that measures the spool is limited in the same way, but without a longest pause.
    static let pausePerCost = 1_000
    /// The longest pause between two reports, and therefore the maximum age of the status.
    static let longestInterval = Duration.seconds(15)

    private let board: StatusBoard
    private let file: StatusFile
    private let spool: Spool
    private let heartbeats: Heartbeats
    private let notifier: ServiceNotifier
    private let observer: (any StatusObserver)?
    private let logger: Logger
    private let startedAt: String
    private let clock = ContinuousClock()
    private var isReady = false
    private var isFailing = false
    private var lastLine = ""
    private var nextMeasurement: ContinuousClock.Instant?

    init(
        board: StatusBoard, file: StatusFile, spool: Spool, heartbeats: Heartbeats, notifier: ServiceNotifier,
        observer: (any StatusObserver)? = nil, startedAt: String, logger: Logger
    ) {
        self.board = board
        self.file = file
        self.spool = spool
        self.heartbeats = heartbeats
        self.notifier = notifier
        self.observer = observer
        self.startedAt = startedAt
        self.logger = logger
    }

    func run() async throws {
        repeat {
            measureIfDue()
            // Nothing is awaited before the pause, so the measured time is that of one thread.
            let begun = Self.processorTime()
            let report = report(isSample: true)
            write(report)
            if !isReady, board.isEverythingOpened {
                isReady = true
                notifier.ready(status: report.line)
                logger.announce(.ready, "ready: \(report.line)")
            } else if report.line != lastLine, !board.isStopping {
                notifier.status(report.line)
            }
            lastLine = report.line
            let pause = Self.pause(after: Self.processorTime() - begun, isReady: isReady)
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
        } while !Task.isCancelled && !Task.isShuttingDownGracefully
        write(report(isSample: false))
    }

    // MARK: Reloads

    /// Called when a reload begins, before it reads the files. Counts the reload, so that the program that requested it sees that it has begun.
    func reloadBegan() {
        board.updateConfiguration { $0.begun += 1 }
        if isReady { notifier.reloading(status: "reloading the configuration") }
        write(report(isSample: false))
    }

    /// Records that the reload has ended. `update` stores the result of the reload.
    func reloadFinished(_ update: (inout StatusBoard.ConfigurationState) -> Void) {
        board.updateConfiguration { state in
            state.finished += 1
            update(&state)
        }
        let report = report(isSample: false)
        // READY=1 is only sent after the start has finished.
        if isReady { notifier.ready(status: report.line) }
        lastLine = report.line
        write(report)
    }

    private func measureIfDue() {
        guard nextMeasurement.map({ clock.now >= $0 }) ?? true else { return }
        let begun = Self.processorTime()
        _ = try? spool.usage(now: SystemTime().spool)
        nextMeasurement = clock.now + max(Self.measureInterval, (Self.processorTime() - begun) * Self.pausePerCost)
    }

    /// The processor time that this thread has used so far.
    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// The wait before the next report. It is short until the daemon is ready, so that `READY=1` is sent soon after the last integration is opened.
    static func pause(after cost: Duration, isReady: Bool) -> Duration {
        isReady
            ? min(max(interval, cost * pausePerCost), longestInterval)
            : min(max(startInterval, cost * (pausePerCost / 50)), interval)
    }

    /// A failure to write the file is logged once. systemd still gets the status line, and collection continues, because it does not need the file.
    private func write(_ report: StatusReport) {
        observer?.reported(report, isReady: isReady && !board.isStopping)
        do throws(StatusFile.Failure) {
            try file.write(report)
            isFailing = false
        } catch {
            if !isFailing { logger.warning("\(error)") }
            isFailing = true
        }
    }

    private func report(isSample: Bool) -> StatusReport {
        let wall = WallClock.now()
        let snapshot = board.snapshot(now: clock.now, isSample: isSample)
        let settings = spool.settings
        let fleet = board.fleet
        return StatusReport(
            version: Version.current, pid: getpid(), startedAt: startedAt, updatedAt: WallClock.text(wall),
            stuck: WatchdogGate.starving(heartbeats.samples(), now: .now()).map(StatusReport.Stuck.init),
            configurationFile: board.configuration.file,
            configuration: StatusReport.Configuration(board.configuration),
            integrations: snapshot.entries.map { entry in
                var integration = StatusReport.Integration(entry, at: wall)
                integration.holder = fleet?.holder(of: entry.name)
                return integration
            },
            spool: .init(
                directory: settings.directory, bytes: Int(spool.used ?? 0), maxBytes: Int(settings.maxBytes),
                segmentsSealed: snapshot.segmentsSealed, deletionHeldUp: spool.retentionReport.problem),
            fleet: fleet?.report, responses: board.responses)
    }
}

extension StatusReport.Configuration {
    init(_ state: StatusBoard.ConfigurationState) {
        self.init(
            inForceSince: WallClock.text(state.inForceSince), reloadsBegun: state.begun,
            reloadsFinished: state.finished, lastChange: state.change,
            refused: state.refusal.map {
                StatusReport.Refused(at: WallClock.text($0.at), problems: $0.problems)
            }, restartNeeded: state.restartNeeded)
    }
}

extension StatusReport.Stuck {
    init(_ starving: WatchdogGate.Starving) {
        self.init(part: starving.part, silenceSeconds: Int(starving.silence.components.seconds))
    }
}

extension StatusReport.Integration {
    init(_ entry: StatusBoard.Entry, at now: Int64) {
        let health = entry.health
        self.init(
            name: entry.name, org: entry.org,
            // If records arrive but can't be sealed, the integration is not healthy.
            state: health.trouble == nil && health.sealTrouble != nil && health.state != .stopped
                ? .failing : health.state,
            since: WallClock.text(
                health.trouble == nil && health.sealTrouble != nil ? health.sealTroubleSince : health.since),
            problem: (health.trouble ?? health.sealTrouble).map {
                StatusReport.Problem(
                    kind: $0.kind.rawValue, message: $0.message, remedy: $0.remedy, attempts: max(1, health.attempts),
                    since: WallClock.text(health.trouble == nil ? health.sealTroubleSince : health.since))
            },
            lagSeconds: health.lag(at: now).map { Int($0 / 1000) },
            lastEventAt: health.lastEvent.map(WallClock.text), lastAnswerAt: health.lastAnswer.map(WallClock.text),
            lastRequestId: health.lastRequestID, nextAttemptAt: health.nextAttempt.map(WallClock.text),
            events: health.events, rejected: health.rejected, requests: health.requests,
            eventsPerSecond: entry.rate.perSecond, unsealedRecords: health.unsealed.records,
            unsealedBytes: Int(health.unsealed.bytes),
            sealDueAt: health.unsealed.due.map(WallClock.text),
            credential: entry.credential, credentialExpires: entry.credentialExpires, duplicates: health.duplicates,
            freshQueries: health.freshQueries, unproven: health.unproven, clockAheadSeconds: health.clockAhead,
            pausedByOperator: health.isPausedByOperator ? true : nil,
            backfill: health.backfill.map {
                StatusReport.Backfill(
                    from: WallClock.text($0.from), until: WallClock.text($0.until),
                    reachedAt: WallClock.text($0.reached),
                    fraction: $0.fraction,
                    // While no events arrive, the remaining time can't be estimated.
                    remainingSeconds: health.state.isHealthy
                        ? health.backfillRemaining(at: now).map { Int($0 / 1000) } : nil)
            },
            gap: health.gap.map {
                StatusReport.Gap(
                    from: WallClock.text($0.from.milliseconds), to: WallClock.text($0.to.milliseconds))
            }, requestsByOutcome: health.outcomes, budget: health.budget,
            sealingFailedSince: health.sealTrouble == nil ? nil : WallClock.text(health.sealTroubleSince))
    }
}

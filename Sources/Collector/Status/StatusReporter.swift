import Glibc
import Logging
import ServiceLifecycle
import Spool
import Systemd

/// Tells the service manager and `status.json` how the daemon is, once a second, and the service manager when it is ready and
/// when it stops. With very many integrations it does so less often: telling must not cost more than a small part of a core.
actor StatusReporter: Service {
    static let interval = Duration.seconds(1)
    /// The same until the daemon is ready: a start should not wait for a tick.
    static let startInterval = Duration.milliseconds(50)
    /// How often the spool's size is measured: that walks its directories. In between, what Tributary itself writes and removes is counted.
    static let measureInterval = Duration.seconds(30)
    /// A report is made again after this many times what it cost to make, so that reporting takes a fifth of a percent of a core at
    /// most, and measuring the spool no more.
    static let costShare = 500
    /// How old the status may become by that.
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
    private var measureAgain: ContinuousClock.Instant?

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
            let begun = clock.now
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
            let pause = Self.pause(after: clock.now - begun, isReady: isReady)
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
        } while !Task.isCancelled && !Task.isShuttingDownGracefully
        write(report(isSample: false))
    }

    // MARK: Reloads

    /// The files of the configuration are about to be read. The count of reloads that began tells whoever asked for one which is theirs.
    func reloadBegan() {
        board.updateConfiguration { $0.begun += 1 }
        if isReady { notifier.reloading(status: "reloading the configuration") }
        write(report(isSample: false))
    }

    /// The reload is over, and `update` says what it came to.
    func reloadFinished(_ update: (inout StatusBoard.ConfigurationState) -> Void) {
        board.updateConfiguration { state in
            state.finished += 1
            update(&state)
        }
        let report = report(isSample: false)
        // Before that the start is not over: READY=1 is its end then.
        if isReady { notifier.ready(status: report.line) }
        lastLine = report.line
        write(report)
    }

    private func measureIfDue() {
        let started = clock.now
        guard measureAgain.map({ started >= $0 }) ?? true else { return }
        _ = try? spool.usage(now: SystemTime().spool)
        let now = clock.now
        measureAgain = now + max(Self.measureInterval, (now - started) * Self.costShare)
    }

    /// The wait before the next report. Until the daemon is ready more may be spent: a start should not wait for a tick.
    static func pause(after cost: Duration, isReady: Bool) -> Duration {
        isReady
            ? min(max(interval, cost * costShare), longestInterval)
            : min(max(startInterval, cost * (costShare / 25)), interval)
    }

    /// The service manager gets its line in any case, and collection does not depend on this file: a failure is said once.
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
        return StatusReport(
            version: Version.current, pid: getpid(), startedAt: startedAt, updatedAt: WallClock.text(wall),
            stuck: WatchdogGate.starving(heartbeats.samples(), now: .now()).map(StatusReport.Stuck.init),
            configuration: StatusReport.Configuration(board.configuration),
            integrations: snapshot.entries.map { StatusReport.Integration($0, at: wall) },
            spool: .init(
                directory: settings.directory, bytes: Int(spool.used ?? 0), maxBytes: Int(settings.maxBytes),
                segmentsSealed: snapshot.segmentsSealed, deletionHeldUp: spool.retentionReport.problem))
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
            // Records that arrive and are never seen are no health.
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
            sealDueAt: health.unsealed.due.map(WallClock.text),
            credential: entry.credential, credentialExpires: entry.credentialExpires, duplicates: health.duplicates,
            freshQueries: health.freshQueries, unproven: health.unproven, clockAheadSeconds: health.clockAhead,
            pausedByOperator: health.isPausedByOperator ? true : nil,
            backfill: health.backfill.map {
                StatusReport.Backfill(
                    from: WallClock.text($0.from), until: WallClock.text($0.until),
                    reachedAt: WallClock.text($0.reached),
                    fraction: $0.fraction,
                    // While nothing arrives there is no telling.
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

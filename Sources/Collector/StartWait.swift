import Configuration
import Glibc
import Logging
import Spool
import Systemd

/// Retries the daemon's start while something temporary prevents it: a full disk, a lock held by another process, a missing directory.
///
/// Each attempt that fails is reported to the service manager: what is wrong, and that the start takes longer. The same report is written to
/// `status.json` if possible.
struct StartWait {
    /// The longest wait between two attempts.
    static let longest = Duration.seconds(30)
    /// The longest wait between two attempts while the fleet's bucket can't be used. It is short, so that a host resumes soon after an outage.
    static let longestOfFleet = Duration.seconds(4)
    /// How often the daemon notifies the service manager that the start continues. Each notification extends the start's time limit by `signWithin`.
    static let sign = Duration.seconds(15)
    static let signWithin = Duration.seconds(60)
    /// How often a problem that lasts is logged again.
    static let reminder = Duration.seconds(600)

    /// When the daemon was started, as RFC 3339.
    let startedAt: String
    /// The absolute path of the configuration's main file.
    let file: String
    let spool: Configuration.Spool
    let notifier: ServiceNotifier
    let logger: Logger
    /// Receives the same report as `status.json`.
    var observer: (any StatusObserver)?
    var time: any TimeSource = SystemTime()

    /// The wait after this many failures in a row: 1 s, 2 s, 4 s and so on, then `longest`.
    static func delay(after attempts: Int) -> Duration { min(.seconds(1 << min(attempts - 1, 10)), longest) }

    /// Repeats `attempt` until it returns a value.
    ///
    /// - Throws: an error of `attempt` that is not temporary.
    func until<Value>(
        reportingTo file: StatusFile?, _ attempt: () async throws(Daemon.StartError) -> Value
    ) async throws(Daemon.StartError) -> Value {
        let began = time.now
        let since = WallClock.text(time.wall)
        var attempts = 0
        var said: (message: String, at: ContinuousClock.Instant)?
        while true {
            do throws(Daemon.StartError) {
                let value = try await attempt()
                if attempts > 0 {
                    let seconds = Int((time.now - began).components.seconds)
                    logger.notice(
                        "the start continues, because the problem ended after \(StatusReport.duration(seconds))")
                }
                return value
            } catch {
                guard error.canPass else { throw error }
                attempts += 1
                let message = error.waitingWords
                if said.map({ $0.message != message || time.now - $0.at >= Self.reminder }) ?? true {
                    logger.announce(.spoolError, "Tributary can't start yet: \(message). It tries again automatically.")
                    said = (message, time.now)
                }
                let delay =
                    error.isOfFleet
                    ? min(Self.delay(after: attempts), Self.longestOfFleet) : Self.delay(after: attempts)
                await wait(
                    StatusReport.Waiting(message: message, since: since, attempts: attempts, nextAttemptAt: ""),
                    delay, file)
            }
        }
    }

    private func wait(_ waiting: StatusReport.Waiting, _ delay: Duration, _ file: StatusFile?) async {
        var waiting = waiting
        waiting.nextAttemptAt = WallClock.text(time.wall + Int64(delay / .milliseconds(1)))
        let next = time.now + delay
        while time.now < next {
            let report = StatusReport(
                version: Version.current, pid: getpid(), startedAt: startedAt, updatedAt: WallClock.text(time.wall),
                waiting: waiting, configurationFile: self.file, integrations: [],
                spool: .init(
                    directory: spool.directory, bytes: 0, maxBytes: Int(spool.maxBytes.bytes), segmentsSealed: 0))
            notifier.waiting(extendBy: Self.signWithin, status: report.line)
            observer?.reported(report, isReady: false)
            // An error of this write is ignored: the service manager gets the same text, and the next attempt writes the file again.
            try? file?.write(report)
            await time.sleep(until: min(next, time.now + Self.sign))
        }
    }
}

extension Daemon.StartError {
    /// Whether the start failed because the fleet's bucket can't be used.
    var isOfFleet: Bool { if case .fleet = self { true } else { false } }

    /// Whether this process can start at a later attempt, because the problem may be temporary.
    var canPass: Bool {
        switch self {
        case .configuration: false
        case .cannotCreate, .fleet: true
        case .spool(.locked), .spool(.file), .spool(.full), .spool(.spoolIsMissing): true
        case .spool: false
        }
    }

    /// What is wrong, and what to do while the daemon waits.
    var waitingWords: String {
        guard case .spool(.file(let error)) = self, error.code == EROFS, getenv("INVOCATION_ID") != nil else {
            return description
        }
        // With ProtectSystem=strict (systemd.exec(5)), a write to a path that is not in ReadWritePaths= fails with EROFS, as on a read-only file
        // system.
        return """
            \(error). If other programs can write there, Tributary's unit forbids the write: add ReadWritePaths=DIRECTORY with \
            `systemctl edit tributary`, then `systemctl restart tributary`
            """
    }
}

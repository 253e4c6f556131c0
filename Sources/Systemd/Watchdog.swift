import CSystemd
import Logging

/// Checks the parts of the process twice within each `WatchdogSec=` interval of the unit, and notifies the service manager's watchdog as long as all
/// parts make progress.
///
/// The watchdog runs as a task of Swift's thread pool. If all threads of the pool are blocked, the notifications therefore stop. Outside systemd, the
/// watchdog still checks the parts and reports problems.
package struct Watchdog: Sendable {
    /// How often the parts are checked.
    package let interval: Duration
    private let heartbeats: Heartbeats
    private let notifier: ServiceNotifier
    private let logger: Logger

    /// - Parameters:
    ///   - heartbeats: the parts to check.
    ///   - notifier: receives `WATCHDOG=1`, and the status line when a part is stuck.
    ///   - logger: receives the reports that a part is stuck, or is no longer stuck.
    ///   - interval: the time between two checks. By default, half the time within which the service manager expects a keep-alive
    ///     (sd_watchdog_enabled(3)), or 10 s if it expects none.
    package init(
        heartbeats: Heartbeats, notifier: ServiceNotifier, logger: Logger,
        interval: Duration = Watchdog.expectedInterval ?? .seconds(10)
    ) {
        self.heartbeats = heartbeats
        self.notifier = notifier
        self.logger = logger
        self.interval = interval
    }

    /// Half the time within which the service manager expects a keep-alive; nil if it expects none from this process.
    package static var expectedInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: max(microseconds / 2, 1)))
    }

    /// Checks immediately and then every ``interval``, until the task is cancelled.
    package func run() async {
        var gate = WatchdogGate()
        while !Task.isCancelled {
            for action in gate.decide(heartbeats.samples(), now: heartbeats.now()) { carryOut(action) }
            try? await Task.sleep(for: interval, clock: .suspending)
        }
    }

    private func carryOut(_ action: WatchdogGate.Action) {
        switch action {
        case .keepAlive:
            notifier.keepAlive()
        case .reportStarving(let starving):
            let silence = starving.silence.components.seconds
            notifier.status("stuck: \(starving.part) has made no progress for \(silence) s")
            logger.announce(
                .watchdogStarving,
                "\(starving.part) has made no progress for \(silence) s; its limit is \(starving.bound.components.seconds) s",
                metadata: ["part": "\(starving.part)", "silence_seconds": "\(silence)"])
        case .reportRecovered(let part):
            logger.notice("\(part) is no longer stuck", metadata: ["part": "\(part)"])
        }
    }
}

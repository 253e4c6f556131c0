import Logging
import Spool
import Systemd
import Time

/// Delivers the sealed segments of a spool, or of a fleet's bucket, to one destination. A deliverer is a loader, which is a program that
/// reads segments and acknowledges them. Its only durable state is its acknowledgement. The source lists the segments, and stores the
/// acknowledgement.
///
/// Segments are sent in the source's order, several at the same time. A failed segment is retried until it succeeds. Until then, the acknowledged
/// position stays before that segment.
package struct Deliverer: Sendable {
    /// The settings of one delivery.
    package struct Settings: Sendable {
        /// The destination's name. The delivery acknowledges segments under this name.
        package var name: String
        /// The maximum number of segments that are delivered at the same time.
        package var concurrency: Int
        package var version: String

        package init(name: String, concurrency: Int, version: String) {
            self.name = name
            self.concurrency = concurrency
            self.version = version
        }
    }

    /// The maximum number of segments that are taken from the source but not acknowledged yet. This limits the memory use, and the number of
    /// segments that are sent again after a crash.
    static let window = 256
    /// How often the delivery looks for new segments, and writes its status.
    static let interval = Duration.seconds(1)
    /// Used instead of ``interval`` while some delivered segments are not acknowledged yet, so that they are acknowledged soon and make room in the
    /// window.
    static let shortInterval = Duration.milliseconds(100)
    /// If a stop or a reload is requested, transfers that are still running after this time are cancelled.
    static let stopWithin = Duration.seconds(15)

    let settings: Settings
    let destination: any Destination
    let source: any SegmentSource
    let statusFile: DeliveryStatusFile
    let notifier: ServiceNotifier
    let heartbeat: Heartbeat
    let logger: Logger
    let windDown: WindDown

    package init(
        _ settings: Settings, destination: any Destination, source: any SegmentSource,
        statusFile: DeliveryStatusFile, notifier: ServiceNotifier, heartbeat: Heartbeat, logger: Logger,
        windDown: WindDown
    ) {
        self.settings = settings
        self.destination = destination
        self.source = source
        self.statusFile = statusFile
        self.notifier = notifier
        self.heartbeat = heartbeat
        self.logger = logger
        self.windDown = windDown
    }

    enum Event: Sendable {
        case tick
        case ended(DeliverySegment, DeliveryAttempt)
    }

    /// Delivers until a stop or a reload is requested through `windDown`, or until the task is cancelled. Problems do not end the delivery: it
    /// reports each problem, and tries again.
    package func run() async {
        var run = DeliveryRun(settings, destination: destination, source: source)
        let background = Task { [source] in await source.run() }
        await withTaskGroup(of: Event.self) { group in
            var stopAt: ContinuousClock.Instant?
            group.addTask { .tick }
            while let event = await group.next() {
                heartbeat.beat()
                let isEnding = windDown.reason != .none || Task.isCancelled
                switch event {
                case .tick:
                    run.tick(isEnding: isEnding)
                    if isEnding, stopAt == nil { stopAt = ContinuousClock.now + Self.stopWithin }
                    if let due = stopAt, ContinuousClock.now >= due { group.cancelAll() }
                    if !isEnding || run.hasWork {
                        let interval = run.awaitsAcknowledgement ? Self.shortInterval : Self.interval
                        group.addTask { await wait(interval) }
                    }
                case .ended(let segment, let attempt):
                    guard let wait = run.ended(segment, attempt) else { break }
                    if isEnding {
                        run.letGo(segment)
                    } else {
                        group.addTask { await self.attempt(segment, after: wait) }
                    }
                }
                // Acknowledging comes first, because it makes room in the window for further segments.
                run.acknowledge(force: isEnding && !run.hasWork)
                if !isEnding {
                    for segment in run.take() { group.addTask { await self.attempt(segment, after: .zero) } }
                }
                tell(&run)
                if isEnding, !run.hasWork { group.cancelAll() }
            }
        }
        background.cancel()
        await background.value
        await run.end()
        tell(&run)
    }

    private func wait(_ interval: Duration) async -> Event {
        await windDown.pause(interval)
        // After a stop or a reload was requested, the loop only waits for running transfers, and `pause` returns at once. This sleep prevents a busy
        // loop.
        if windDown.reason != .none { try? await Task.sleep(for: .milliseconds(50), clock: .continuous) }
        return .tick
    }

    private func attempt(_ segment: DeliverySegment, after wait: Duration) async -> Event {
        if wait > .zero {
            await windDown.pause(wait)
            if windDown.reason != .none { return .ended(segment, .outcome(.cancelled)) }
        }
        switch await source.fetch(segment) {
        case .ready: return .ended(segment, .outcome(await destination.deliver(segment)))
        case .isMissing: return .ended(segment, .isMissing)
        case .failed(let outcome): return .ended(segment, .outcome(outcome))
        }
    }

    private func tell(_ run: inout DeliveryRun) {
        for line in run.lines {
            switch line {
            case .waiting(let trouble): logger.announce(.deliveryWaiting, "\(trouble.message). \(trouble.remedy).")
            case .stopped(let trouble): logger.announce(.deliveryStopped, "\(trouble.message). \(trouble.remedy).")
            case .recovered: logger.announce(.deliveryRecovered, "delivery works again")
            }
        }
        for word in run.notices { logger.notice("\(word)") }
        run.lines = []
        run.notices = []
        guard let report = run.reportIfDue() else { return }
        notifier.status(report.line)
        do throws(DeliveryStatusFile.Failure) {
            try statusFile.write(report)
        } catch {
            logger.debug("\(error)")
        }
    }
}

/// The result of one attempt to deliver a segment.
enum DeliveryAttempt: Sendable {
    case outcome(DeliveryOutcome)
    /// The segment's file does not exist any more.
    case isMissing
}

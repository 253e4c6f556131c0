import Configuration
import Glibc
import Spool
import Time

/// The state of one run of a ``Deliverer``: the segments in progress, their retries, and the problems. The source provides the segments and stores
/// the acknowledgement. The caller does the transfers, the timing and the logging.
struct DeliveryRun {
    /// The interval between two acknowledgements, if repeated deliveries do no harm. Each acknowledgement costs a few synced writes.
    private static let acknowledgeAfter = Duration.milliseconds(250)
    /// If this many positions are done but not acknowledged, an acknowledgement is written before ``acknowledgeAfter`` has passed.
    private static let acknowledgeMost = 64

    private let settings: Deliverer.Settings
    private let destination: any Destination
    private let source: any SegmentSource
    private let clock: @Sendable () -> Int64
    private let startedAt: Int64

    /// Whether the source has returned the position after which to begin.
    private var isOpen = false
    private var progress = DeliveryProgress(acknowledged: 0)
    private var underWay: [Int64: DeliverySegment] = [:]
    private var schedules: [Int64: RetrySchedule] = [:]
    /// Segments that are missing from the spool. The acknowledged position can't move past them.
    private var missing: [Int64: DeliverySegment] = [:]
    private var health = DeliveryHealth()
    /// Whether this run has begun to deliver a segment.
    private var hasBegun = false
    /// The number of segments that this run has skipped, because they were deleted before the first delivery.
    private var skippedAtStart = 0
    /// The position of the last skipped segment; nil if ``progress`` already includes it, or no segment was skipped.
    private var skip: Int64?
    private var generator = SystemRandomNumberGenerator()

    private var delivered = (segments: 0, repeated: 0, bytes: Int64(0))
    private var lastDelivered: Int64?
    private var acknowledgedAt = ContinuousClock.now
    private var spoolRetryAt: ContinuousClock.Instant?
    private var state = DeliveryReport.State.starting
    private var stateSince: Int64
    private var reportedAt: ContinuousClock.Instant?

    /// Log lines about problems. The caller logs and removes them.
    var lines: [DeliveryHealth.Line] = []
    /// Other lines for the log. The caller logs and removes them.
    var notices: [String] = []

    init(
        _ settings: Deliverer.Settings, destination: any Destination, source: any SegmentSource,
        clock: @escaping @Sendable () -> Int64 = { UTCTime.now().milliseconds }
    ) {
        self.settings = settings
        self.destination = destination
        self.clock = clock
        self.source = source
        startedAt = clock()
        stateSince = startedAt
    }

    /// Whether segments are being transferred, or wait for their next attempt.
    var hasWork: Bool { !underWay.isEmpty }

    // MARK: Events

    /// Lets the source look for new segments, and check whether missing ones were restored or skipped. Does nothing during the wait after a failure,
    /// or if `isEnding` is true. Called once a second, or more often.
    mutating func tick(isEnding: Bool) {
        guard !isEnding else { return }
        if let due = spoolRetryAt, ContinuousClock.now < due { return }
        spoolRetryAt = nil
        do throws(DeliveryTrouble) {
            // Looks for missing segments only while no other segment is in progress, because the delivery begins again at the acknowledged position
            // if a missing segment was restored or skipped.
            if let begin = try source.refresh(missing: underWay.isEmpty ? Array(missing.values) : []) {
                for sequence in missing.keys {
                    if let line = health.succeeded(sequence) { lines.append(line) }
                }
                missing = [:]
                progress = DeliveryProgress(acknowledged: begin)
                isOpen = true
            }
            spoolIsGood()
        } catch {
            spoolFailed(error)
        }
    }

    /// True if there are delivered segments to acknowledge. They take up room in the window until they are acknowledged.
    var awaitsAcknowledgement: Bool { progress.isAhead }

    /// The maximum number of segments that are taken but not acknowledged. If the destination could store a repeated segment twice, the maximum is
    /// the number of concurrent transfers, so that a crash repeats few segments.
    private var window: Int {
        destination.guarantee == .exactlyOnce ? Deliverer.window : min(settings.concurrency, Deliverer.window)
    }

    /// Takes as many segments as the window and the limit for concurrent transfers allow. Returns those that are to be delivered.
    mutating func take() -> [DeliverySegment] {
        guard !health.isStopped, spoolRetryAt == nil, isOpen else { return [] }
        var taken: [DeliverySegment] = []
        do throws(DeliveryTrouble) {
            while underWay.count < settings.concurrency, progress.span < window, let next = try source.peek() {
                source.take()
                let segment = next.segment
                if next.isDelivered, next.isGone, !hasBegun, progress.acknowledged == 0 {
                    // The first delivery skips deleted segments, and begins with the first segment that exists.
                    if skippedAtStart == 0 {
                        notices.append("segments that were deleted before this delivery began are skipped")
                    }
                    skippedAtStart += 1
                    source.settle(bytes: segment.bytes)
                    skip = segment.sequence
                    continue
                }
                if let skip {
                    progress.pass(skip)
                    self.skip = nil
                }
                if !next.isDelivered {
                    progress.pass(segment.sequence)
                } else {
                    hasBegun = true
                    progress.take(segment.sequence)
                    underWay[segment.sequence] = segment
                    taken.append(segment)
                }
            }
        } catch {
            spoolFailed(error)
        }
        return taken
    }

    /// Notes the end of an attempt. Returns the wait before the next attempt for the segment, or `nil` if there is no further attempt.
    mutating func ended(_ segment: DeliverySegment, _ attempt: DeliveryAttempt) -> Duration? {
        let sequence = segment.sequence
        switch attempt {
        case .isMissing:
            underWay[sequence] = nil
            missing[sequence] = segment
            fail(
                sequence,
                DeliveryTrouble(
                    "\(segment.path) is missing from the spool and was not delivered",
                    remedy:
                        "Restore the file, or skip the segment with \(source.skipping(segment))"
                ),
                segment.path, isFinal: true, wait: nil)
            return nil
        case .outcome(.cancelled):
            underWay[sequence] = nil
            return nil
        case .outcome(.delivered(let wasThere)):
            underWay[sequence] = nil
            schedules[sequence] = nil
            delivered.segments += 1
            delivered.repeated += wasThere ? 1 : 0
            delivered.bytes += segment.bytes
            lastDelivered = clock()
            progress.finish(sequence)
            source.settle(bytes: segment.bytes)
            source.release(segment)
            if let line = health.succeeded(sequence) { lines.append(line) }
            return nil
        case .outcome(.notYet(let trouble, let retryAfter)):
            let wait = schedules[sequence, default: RetrySchedule()].next(retryAfter: retryAfter, using: &generator)
            fail(sequence, trouble, segment.path, isFinal: false, wait: wait)
            return wait
        case .outcome(.refused(let trouble)):
            fail(sequence, trouble, segment.path, isFinal: true, wait: RetrySchedule.refused)
            return RetrySchedule.refused
        }
    }

    /// Notes that a segment is not retried in this run.
    mutating func letGo(_ segment: DeliverySegment) { underWay[segment.sequence] = nil }

    /// Writes the acknowledgement if it is due. If the destination could store a repeated segment twice, it is due after each segment;
    /// otherwise a few times a second.
    ///
    /// - Parameter force: writes the acknowledgement even if it is not due.
    mutating func acknowledge(force: Bool) {
        guard progress.isAhead else { return }
        let isDue =
            force || destination.guarantee != .exactlyOnce
            || ContinuousClock.now - acknowledgedAt >= Self.acknowledgeAfter
            || progress.unacknowledged >= Self.acknowledgeMost
        guard isDue else { return }
        acknowledgedAt = .now
        do throws(DeliveryTrouble) {
            progress.acknowledge(through: try source.acknowledge(through: progress.position))
            if let line = health.succeeded(Self.acknowledging) { lines.append(line) }
        } catch {
            fail(
                Self.acknowledging,
                DeliveryTrouble(
                    "cannot acknowledge delivered segments: \(error.message)",
                    remedy: source.acknowledgementRemedy),
                nil, isFinal: false, wait: .seconds(1))
        }
    }

    /// Ends the run: writes the last acknowledgement, and closes the source.
    mutating func end() async {
        acknowledge(force: true)
        progress.acknowledge(through: await source.close())
        enter(.ended)
        reportedAt = nil
    }

    // MARK: The source

    private static let spoolItself: Int64 = 0
    private static let acknowledging: Int64 = -1

    private mutating func spoolIsGood() {
        if let line = health.succeeded(Self.spoolItself) { lines.append(line) }
    }

    private mutating func spoolFailed(_ trouble: DeliveryTrouble) {
        spoolRetryAt = ContinuousClock.now + .seconds(10)
        fail(Self.spoolItself, trouble, nil, isFinal: false, wait: .seconds(10))
    }

    private mutating func fail(
        _ sequence: Int64, _ trouble: DeliveryTrouble, _ segment: String?, isFinal: Bool, wait: Duration?
    ) {
        let now = clock()
        let next = wait.map { now + $0.components.seconds * 1000 }
        if let line = health.failed(
            sequence, trouble, segment: segment, isFinal: isFinal, nextAttempt: next, now: now)
        {
            lines.append(line)
        }
    }

    // MARK: Reports

    private mutating func enter(_ next: DeliveryReport.State) {
        guard next != state else { return }
        state = next
        stateSince = clock()
    }

    /// The report, or nil if none is due. A report is due once a second, and when the state changes.
    mutating func reportIfDue() -> DeliveryReport? {
        let before = state
        if state != .ended {
            let next: DeliveryReport.State =
                health.isStopped
                ? .stopped
                : health.worst != nil
                    ? .waiting
                    : source.holder != nil ? .standby : !isOpen ? .starting : hasWork ? .delivering : .live
            enter(next)
        }
        if let reportedAt, state == before, ContinuousClock.now - reportedAt < Deliverer.interval { return nil }
        reportedAt = .now
        return report()
    }

    private func report() -> DeliveryReport {
        func text(_ milliseconds: Int64) -> String { CivilTime(milliseconds: milliseconds).rfc3339Seconds }
        let now = clock()
        var report = DeliveryReport(
            name: settings.name, version: settings.version, pid: getpid(), place: destination.place,
            guarantee: destination.guarantee, state: state, since: text(stateSince), startedAt: text(startedAt),
            updatedAt: text(now))
        report.position = progress.position
        report.acknowledged = progress.acknowledged
        report.source = source.place
        report.holder = source.holder
        (report.lagSegments, report.lagBytes) = source.lag
        let oldest = (Array(underWay.values) + Array(missing.values)).min { $0.sequence < $1.sequence }
        if let sealed = oldest.flatMap({ CivilTime.milliseconds(rfc3339: $0.sealedAt) }) {
            report.lagSeconds = Int(max(0, (now - sealed) / 1000))
        }
        report.deliveredSegments = delivered.segments
        report.repeatedSegments = delivered.repeated
        report.deliveredBytes = delivered.bytes
        report.requests = destination.requests
        report.lastDeliveredAt = lastDelivered.map(text)
        if let worst = health.worst {
            report.problem = DeliveryReport.Problem(
                message: worst.trouble.message, remedy: worst.trouble.remedy, segment: worst.segment,
                attempts: worst.attempts, since: text(worst.since), nextAttemptAt: worst.nextAttempt.map(text))
        }
        return report
    }
}

import OktaAPI

/// The state of one integration. Its methods record what has happened and return what should be logged. The status report is made from its
/// properties. Wall-clock times are passed in as milliseconds since 1970.
struct IntegrationHealth: Sendable {
    /// Something that prevents events from being collected or sealed.
    struct Trouble: Sendable, Equatable {
        var kind: ProblemKind
        /// What is wrong, with the organization or path concerned; without a final full stop.
        var message: String
        /// What to do about it, or how Tributary handles it.
        var remedy: String
        /// The affected way through the log, if there are two (`LogWay`).
        var way: LogWay?
    }

    /// A page that has been handled: its events are durable, or they were skipped, because a search (`LogSearch`) collects nothing.
    struct Commit: Sendable {
        var way = LogWay.main
        /// The number of new events that became records.
        var events: Int
        /// The number of new events that could not become records.
        var rejected = 0
        var duplicates = 0
        /// The number of events that are collected, but may have been collected before.
        var unproven = 0
        /// The time of the newest event.
        var newest: Int64?
        /// The time of Okta's answer, by Okta's clock.
        var answered: Int64?
        /// Whether this page seems to be the last one: no more events are expected immediately after it.
        var isCaughtUp: Bool
        /// The backfill that is running; nil if there is none.
        var backfill: BackfillProgress?
        /// Whether this is the last page of the history, so that only the tail continues.
        var endsBackfill = false
        var gap: LogGap?
        var requestID: String?
    }

    /// A change that is logged, because an on-call person needs to know it.
    enum Transition: Equatable {
        case becameLive
        case entered(Trouble)
        /// The same trouble lasts. This is logged again every `reminderInterval`.
        case stillIn(Trouble, forSeconds: Int)
        case recovered(from: Trouble, afterSeconds: Int)
    }

    /// How often lasting trouble is logged again: rarely enough not to fill the log, and often enough that the
    /// last hour of the log always shows it.
    static let reminderInterval: Int64 = 600_000

    private(set) var state: StatusReport.State = .starting
    private(set) var since: Int64
    private(set) var trouble: Trouble?
    private(set) var attempts = 0
    private(set) var events = 0
    private(set) var rejected = 0
    private(set) var requests = 0
    private(set) var outcomes = StatusReport.Outcomes()
    /// The org's rate limit according to Okta's last answer.
    private(set) var budget: StatusReport.Budget?
    /// The number of events that were received again and dropped.
    private(set) var duplicates = 0
    /// The number of collected events that may have been collected before.
    private(set) var unproven = 0
    /// How many times the log was queried by time because Okta's link to the next page could not be used.
    private(set) var freshQueries = 0
    private(set) var backfill: BackfillProgress?
    /// The latest period whose events Okta deleted before they were collected; nil if there was none.
    private(set) var gap: LogGap?
    private(set) var unsealed = IngestWorker.Unsealed()
    /// The time of the newest committed event.
    private(set) var lastEvent: Int64?
    /// When a page was last handled. During a backfill, only pages of the tail (`LogWay.tail`) count, because they have the newest events.
    private(set) var lastAnswer: Int64?
    private(set) var lastRequestID: String?
    private(set) var nextAttempt: Int64?
    /// How many seconds this host's clock is ahead of Okta's, negative if Okta's clock is ahead; nil if they agree within a minute.
    private(set) var clockAhead: Int?
    private(set) var isPausedByOperator = false
    /// True once the spool has been opened, a problem has prevented this, or the integration is paused or on standby.
    private(set) var isOpened = false
    /// Why due records can't be sealed; nil if sealing works.
    private(set) var sealTrouble: Trouble?
    private(set) var sealTroubleSince: Int64 = 0
    private var lastReminder: Int64 = 0
    private var lastSealReminder: Int64 = 0

    init(since: Int64) {
        self.since = since
    }

    /// Records that a request has ended.
    ///
    /// - Parameter limit: the org's rate limit according to the answer.
    mutating func requested(_ outcome: RequestOutcome = .answered, limit: RateLimit? = nil) {
        requests += 1
        switch outcome {
        case .answered: outcomes.answered += 1
        case .rateLimited: outcomes.rateLimited += 1
        case .refused: outcomes.refused += 1
        case .unanswered: outcomes.unanswered += 1
        }
        if let limit, let all = limit.limit, let remaining = limit.remaining, all > 0 {
            budget = StatusReport.Budget(limit: Int(clamping: all), remaining: Int(clamping: max(0, remaining)))
        }
    }

    mutating func requeried() {
        freshQueries += 1
    }

    /// Records that a page has been handled, and returns what should be logged.
    mutating func committed(_ commit: Commit, at now: Int64) -> Transition? {
        events += commit.events
        rejected += commit.rejected
        duplicates += commit.duplicates
        unproven += commit.unproven
        gap = commit.gap ?? gap
        if let newest = commit.newest { lastEvent = max(newest, lastEvent ?? newest) }
        // Only the way with the newest events determines the lag: during a backfill the tail, otherwise the only way (`LogWay`). The events of the
        // history's last page are much older than those of the tail.
        if commit.way == .tail || commit.backfill == nil, !commit.endsBackfill {
            // Only the newest event of this page counts, so that one event with a future date can't hide a backlog. The age is computed with Okta's
            // clock, because this host's clock may be wrong.
            if let newest = commit.newest { reached = now - max(0, (commit.answered ?? now) - newest) }
            wasCaughtUp = commit.isCaughtUp
            lastAnswer = now
        }
        if let progress = commit.backfill, backfill == nil { firstProgress = (progress, now) }
        backfill = commit.backfill
        lastRequestID = commit.requestID ?? lastRequestID
        // During a backfill, a page of the tail does not end a problem of the history (`LogWay`), and vice versa.
        if let way = trouble?.way, way != commit.way, backfill != nil { return nil }
        nextAttempt = nil
        attempts = 0
        let wasStarting = state == .starting
        let overcome = trouble
        let began = since
        trouble = nil
        enter(wasCaughtUp && backfill == nil ? .live : .catchingUp, at: now)
        if let overcome { return .recovered(from: overcome, afterSeconds: Self.seconds(from: began, to: now)) }
        return wasStarting ? .becameLive : nil
    }

    /// Milliseconds until the backfill is complete, extrapolated from its progress in this run.
    func backfillRemaining(at now: Int64) -> Int64? {
        guard let backfill, let firstProgress else { return nil }
        return backfill.remaining(since: firstProgress.progress, elapsed: now - firstProgress.at)
    }

    /// Records that a request or a commit failed, or has to wait.
    mutating func troubled(_ new: Trouble, requestID: String?, nextAttempt: Int64?, at now: Int64) -> Transition? {
        lastRequestID = requestID ?? lastRequestID
        self.nextAttempt = nextAttempt
        attempts += 1
        let isSame = trouble?.kind == new.kind
        let previous = since
        trouble = new
        enter(new.kind.state, at: now)
        guard isSame else {
            lastReminder = now
            return .entered(new)
        }
        guard Self.isWorthReminding(since: lastReminder, now: now) else { return nil }
        lastReminder = now
        return .stillIn(new, forSeconds: Self.seconds(from: previous, to: now))
    }

    /// Records that the opening is over: the spool is open, a known problem prevents this, or the integration is paused.
    mutating func opened(_ unsealed: IngestWorker.Unsealed = .init()) {
        isOpened = true
        self.unsealed = unsealed
    }

    /// Records the time of an answer by Okta's clock.
    ///
    /// - Returns: how many seconds this host's clock is ahead of Okta's (negative if it is behind); nil if nothing has to be logged.
    mutating func answered(_ date: Int64, at now: Int64) -> Int? {
        let wasWrong = clockAhead != nil
        let ahead = now - date
        clockAhead = ahead.magnitude > HostTime.tolerance.magnitude ? Int(ahead / 1000) : nil
        return wasWrong ? nil : clockAhead
    }

    /// Records whether a seal succeeded, and which records remain unsealed.
    ///
    /// - Returns: what has to be logged.
    mutating func sealed(_ unsealed: IngestWorker.Unsealed, failure: Trouble?, at now: Int64) -> Transition? {
        self.unsealed = unsealed
        defer { sealTrouble = failure }
        guard let failure else {
            return sealTrouble.map {
                .recovered(from: $0, afterSeconds: Self.seconds(from: sealTroubleSince, to: now))
            }
        }
        if sealTrouble == nil { sealTroubleSince = now }
        // Troubles are compared by kind, because two messages about the same trouble may name different files.
        guard failure.kind == sealTrouble?.kind else {
            lastSealReminder = now
            return .entered(failure)
        }
        guard Self.isWorthReminding(since: lastSealReminder, now: now) else { return nil }
        lastSealReminder = now
        return .stillIn(failure, forSeconds: Self.seconds(from: sealTroubleSince, to: now))
    }

    /// Records that collection continues with changed settings, or begins on this host of a fleet.
    mutating func restarted() {
        nextAttempt = nil
        if state == .standby { state = .starting }
    }

    /// Records that another host of the fleet collects the integration, or that no host does.
    mutating func standby(at now: Int64) {
        isOpened = true
        trouble = nil
        sealTrouble = nil
        nextAttempt = nil
        unsealed = IngestWorker.Unsealed()
        backfill = nil
        // From now on, another host may collect the integration, and this host does not know how far that host has come.
        lastAnswer = nil
        lastEvent = nil
        reached = nil
        enter(.standby, at: now)
    }

    /// Records that an operator has paused the integration: nothing is collected until it is resumed.
    mutating func pausedByOperator(at now: Int64) {
        isPausedByOperator = true
        enter(.paused, at: now)
    }

    mutating func stopped(at now: Int64) {
        trouble = nil
        enter(.stopped, at: now)
    }

    /// How far collection lags behind the present, in milliseconds; nil before the first answer.
    ///
    /// With a backlog, this is the age of the newest committed event. Without a backlog, every event up to the last answer has been collected, so the
    /// lag is the time since that answer. So the lag of an org in which nothing happens does not grow.
    func lag(at now: Int64) -> Int64? {
        guard let lastAnswer else { return nil }
        let reached = wasCaughtUp ? lastAnswer : min(reached ?? lastAnswer, lastAnswer)
        return max(0, now - reached)
    }

    private var wasCaughtUp = false
    private var reached: Int64?
    /// The backfill's progress when this run first saw the backfill, and the time of that observation.
    private var firstProgress: (progress: BackfillProgress, at: Int64)?

    private mutating func enter(_ new: StatusReport.State, at now: Int64) {
        if new != state { since = now }
        state = new
    }

    /// Whether a reminder is due. If the clock was set back, reminders continue and do not wait until the clock has caught up.
    private static func isWorthReminding(since last: Int64, now: Int64) -> Bool {
        (now - last).magnitude >= reminderInterval
    }

    private static func seconds(from start: Int64, to end: Int64) -> Int {
        Int(max(0, end - start) / 1000)
    }
}

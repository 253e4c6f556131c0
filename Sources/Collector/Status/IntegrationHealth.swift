import OktaAPI

/// What is known of one integration's well-being: fed with what happens, asked for the report and for what is worth a
/// line in the journal. A plain value; the wall-clock time of each happening comes in as milliseconds since 1970.
struct IntegrationHealth: Sendable {
    /// Something that keeps events from arriving.
    struct Trouble: Sendable, Equatable {
        var kind: ProblemKind
        /// What is wrong, with the organisation or path it is about; no final full stop.
        var message: String
        /// What to do about it, or what happens by itself.
        var remedy: String
        /// The one way through the log that it holds up, while there are two.
        var way: LogWay?
    }

    /// A page that became durable.
    struct Commit: Sendable {
        var way = LogWay.main
        /// New ones, as `rejected`.
        var events: Int
        var rejected = 0
        var duplicates = 0
        /// Events that are collected and may have been collected before.
        var unproven = 0
        /// The newest event's time.
        var newest: Int64?
        /// When Okta answered, by its own clock.
        var answered: Int64?
        /// Whether the page was the newest of its way.
        var isCaughtUp: Bool
        /// Of the backfill that goes on; nil without one.
        var backfill: BackfillProgress?
        var gap: LogGap?
        var requestID: String?
    }

    /// A change that an on-call person would want in the journal.
    enum Transition: Equatable {
        case becameLive
        case entered(Trouble)
        /// The same trouble lasts; said again every `reminderInterval`.
        case stillIn(Trouble, forSeconds: Int)
        case recovered(from: Trouble, afterSeconds: Int)
    }

    /// How often lasting trouble is said again in the journal: seldom enough not to fill it, often enough that the
    /// last hour of the journal always shows it.
    static let reminderInterval: Int64 = 600_000

    private(set) var state: StatusReport.State = .starting
    private(set) var since: Int64
    private(set) var trouble: Trouble?
    private(set) var attempts = 0
    private(set) var events = 0
    private(set) var rejected = 0
    private(set) var requests = 0
    private(set) var outcomes = StatusReport.Outcomes()
    /// What Okta's last answer said of the org's limit.
    private(set) var budget: StatusReport.Budget?
    /// Events that came again and were dropped.
    private(set) var duplicates = 0
    /// Events that were collected and may have been collected before.
    private(set) var unproven = 0
    /// How often the log was queried by time because a link was of no use.
    private(set) var freshQueries = 0
    private(set) var backfill: BackfillProgress?
    /// What was no longer available, last.
    private(set) var gap: LogGap?
    private(set) var unsealed = IngestWorker.Unsealed()
    /// The newest event's own time that was committed.
    private(set) var lastEvent: Int64?
    /// When Okta last answered with a page that was then committed.
    private(set) var lastAnswer: Int64?
    private(set) var lastRequestID: String?
    private(set) var nextAttempt: Int64?
    /// Seconds by which this host's clock is ahead of Okta's; nil while they agree.
    private(set) var clockAhead: Int?
    private(set) var isPausedByOperator = false
    /// Whether the spool was looked at.
    private(set) var isOpened = false
    /// Why what is due could not be sealed; collection goes on.
    private(set) var sealTrouble: Trouble?
    private(set) var sealTroubleSince: Int64 = 0
    private var lastReminder: Int64 = 0
    private var lastSealReminder: Int64 = 0

    init(since: Int64) {
        self.since = since
    }

    /// A request is over.
    ///
    /// - Parameter limit: what its answer said of the org's limit.
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

    /// A page's events are durable.
    mutating func committed(_ commit: Commit, at now: Int64) -> Transition? {
        events += commit.events
        rejected += commit.rejected
        duplicates += commit.duplicates
        unproven += commit.unproven
        gap = commit.gap ?? gap
        if let newest = commit.newest { lastEvent = max(newest, lastEvent ?? newest) }
        // While there are two ways, the tail has the newest events.
        if commit.way == .tail || commit.backfill == nil {
            // Of this page alone: one event dated into the future must not hide the rest of a backlog. And by Okta's clock alone: this host's
            // may be another.
            if let newest = commit.newest { reached = now - max(0, (commit.answered ?? now) - newest) }
            wasCaughtUp = commit.isCaughtUp
            lastAnswer = now
        }
        if let progress = commit.backfill, backfill == nil { firstProgress = (progress, now) }
        backfill = commit.backfill
        lastRequestID = commit.requestID ?? lastRequestID
        // What holds up the one way is not over because the other goes on.
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

    /// Milliseconds until the backfill is over, if it goes on as it did in this run.
    func backfillRemaining(at now: Int64) -> Int64? {
        guard let backfill, let firstProgress else { return nil }
        return backfill.remaining(since: firstProgress.progress, elapsed: now - firstProgress.at)
    }

    /// A request or a commit failed, or has to wait.
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

    /// The spool is recovered, or its trouble is known.
    mutating func opened(_ unsealed: IngestWorker.Unsealed = .init()) {
        isOpened = true
        self.unsealed = unsealed
    }

    /// An answer of Okta's has arrived, and says what time it is there.
    ///
    /// - Returns: how many seconds this host's clock is ahead of Okta's (behind: below zero), where that is news.
    mutating func answered(_ date: Int64, at now: Int64) -> Int? {
        let wasWrong = clockAhead != nil
        let ahead = now - date
        clockAhead = ahead.magnitude > HostTime.tolerance.magnitude ? Int(ahead / 1000) : nil
        return wasWrong ? nil : clockAhead
    }

    /// A look at what is due to be sealed is over.
    ///
    /// - Returns: what is worth a line in the journal.
    mutating func sealed(_ unsealed: IngestWorker.Unsealed, failure: Trouble?, at now: Int64) -> Transition? {
        self.unsealed = unsealed
        defer { sealTrouble = failure }
        guard let failure else {
            return sealTrouble.map {
                .recovered(from: $0, afterSeconds: Self.seconds(from: sealTroubleSince, to: now))
            }
        }
        if sealTrouble == nil { sealTroubleSince = now }
        // By kind: the words of one trouble name another file each time.
        guard failure.kind == sealTrouble?.kind else {
            lastSealReminder = now
            return .entered(failure)
        }
        guard Self.isWorthReminding(since: lastSealReminder, now: now) else { return nil }
        lastSealReminder = now
        return .stillIn(failure, forSeconds: Self.seconds(from: sealTroubleSince, to: now))
    }

    /// Collection goes on with changed settings.
    mutating func restarted() { nextAttempt = nil }

    /// An operator has paused it: nothing is collected until it is resumed.
    mutating func pausedByOperator(at now: Int64) {
        isPausedByOperator = true
        enter(.paused, at: now)
    }

    mutating func stopped(at now: Int64) {
        trouble = nil
        enter(.stopped, at: now)
    }

    /// Milliseconds between now and what has been collected, or nil before the first answer.
    ///
    /// While there is a backlog that is the age of the newest committed event; without one every event up to the last
    /// answer is here, so it is the time since then. An org in which nothing happens has no growing lag.
    func lag(at now: Int64) -> Int64? {
        guard let lastAnswer else { return nil }
        let reached = wasCaughtUp ? lastAnswer : min(reached ?? lastAnswer, lastAnswer)
        return max(0, now - reached)
    }

    private var wasCaughtUp = false
    private var reached: Int64?
    /// Where the backfill was when this run first saw it, and when that was.
    private var firstProgress: (progress: BackfillProgress, at: Int64)?

    private mutating func enter(_ new: StatusReport.State, at now: Int64) {
        if new != state { since = now }
        state = new
    }

    /// A clock that was set back must not silence a trouble until it has caught up.
    private static func isWorthReminding(since last: Int64, now: Int64) -> Bool {
        (now - last).magnitude >= reminderInterval
    }

    private static func seconds(from start: Int64, to end: Int64) -> Int {
        Int(max(0, end - start) / 1000)
    }
}

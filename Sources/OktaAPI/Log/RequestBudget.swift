/// When the next request of an org's log may go out, so that this client takes its share of the org's budget, evenly, and other tools
/// always find room. A plain value; the caller gives the time.
///
/// - A window's minute is divided by this client's share of its requests: the pace.
/// - Of what is left in the window, as much stays untouched as the others will need: their share of the rest of the window, or what
///   they used of it so far, projected, if that is more.
/// - A 429 waits for the reset by the server's clock. No wait is longer than 95 s, whatever the headers say.
struct RequestBudget: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The window that Okta's limits count in, in seconds (Okta rate limit documentation).
    static let window = 60.0

    /// Of the limit, above 0, up to 1.
    let share: Double
    /// What the last answer said.
    private(set) var rateLimit: RateLimit?

    private var requestedAt: Instant?
    /// No request before this: the window's budget is used up, or what is left belongs to others.
    private var hold: Instant?
    /// When the window ends, and this client's requests in it.
    private var windowEnd: Instant?
    private var used = 0
    /// 429 in a row.
    private var streak = 0

    /// `share` is moved into its range, 0.01…1.
    init(share: Double) {
        self.share = min(max(share, 0.01), 1)
    }

    /// The earliest moment for the next request.
    var earliest: Instant? {
        [hold, requestedAt.map { $0 + pace }].compactMap(\.self).max()
    }

    /// Whether the next request has to wait longer than its even place in the minute.
    func isUsedUp(at now: Instant) -> Bool { hold.map { $0 > now } ?? false }

    /// A request goes out.
    mutating func requested(at now: Instant) {
        requestedAt = now
        hold = nil
    }

    /// An answer came. Returns how long a 429 has to be waited for, nil for any other.
    mutating func answered(_ response: HTTPResponse, at now: Instant, jitter: inout Jitter) -> Duration? {
        let limit = RateLimit(response.headers)
        rateLimit = limit
        count(limit, now)
        guard response.status == 429 else {
            streak = 0
            hold = room(limit, now, &jitter)
            return nil
        }
        streak += 1
        let short = jitter.backoff(attempt: streak, cap: 30)
        guard !limit.isConcurrency else { return short }
        if let seconds = limit.secondsToWait {
            // A reset that is always now must not become a request a second.
            let wait = Duration.seconds(seconds) + jitter.upTo(2)
            return streak > 2 ? max(wait, short) : wait
        }
        // Not Okta's; of a gateway before it (RFC 9110, 10.2.3).
        if let after = response.headers.first("Retry-After").flatMap({ Int64($0) }), after >= 0 {
            return .seconds(min(max(after, 1), RateLimit.longestWait)) + jitter.upTo(2)
        }
        return short
    }

    /// The least time from one request to the next; a minute at most.
    private var pace: Duration {
        guard let limit = rateLimit?.limit, limit > 0 else { return .zero }
        return .milliseconds(Int64(min(Self.window * 1000 / (Double(limit) * share), Self.window * 1000)))
    }

    private mutating func count(_ limit: RateLimit, _ now: Instant) {
        if let end = windowEnd, (requestedAt ?? now) < end {
            used += 1
        } else {
            used = 1
            windowEnd = nil
        }
        if windowEnd == nil, let seconds = limit.secondsToWait { windowEnd = now + .seconds(seconds) }
    }

    /// Until when what is left in the window is for others; nil when there is enough.
    private func room(_ limit: RateLimit, _ now: Instant, _ jitter: inout Jitter) -> Instant? {
        guard let remaining = limit.remaining, let wait = limit.secondsToWait, let seconds = limit.secondsToReset else {
            return nil
        }
        let nextWindow = now + .seconds(wait)
        guard remaining > 0 else { return nextWindow + jitter.upTo(2) }
        guard let all = limit.limit, all > 0, remaining <= all, Double(seconds) <= Self.window else { return nil }
        let left = Double(seconds)
        // In requests a second. A window that has only begun says little of the others.
        let others = max(0, Double(all - remaining) - Double(used)) / max(Self.window - left, 10)
        let entitled = (1 - share) * Double(all) / Self.window
        let needed = max(entitled, others)
        // This client's next request takes one more.
        let missing = needed * left - Double(remaining - 1)
        guard missing > 0 else { return nil }
        // As time goes by the others use some, and need less.
        let free = needed - others
        let delay = free > 0 ? missing / free : left
        return min(now + .seconds(delay), nextWindow + jitter.upTo(2))
    }
}

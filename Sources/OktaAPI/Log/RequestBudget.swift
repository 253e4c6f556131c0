import CurlHTTPClient

/// Decides when the next request to an org may be sent, according to one of the org's rate limits. This client spreads its share of the limit evenly
/// over time, and always leaves requests for other clients. A plain value; the caller passes the time.
///
/// - The minimum time between two requests (the pace) is the length of a window, divided by the number of requests that this client may send in a
///   window.
/// - Some of the requests left in the window are reserved for other clients: either the other clients' share for the rest of the window, or the
///   number that they need if they continue at their present rate, whichever is more.
/// - After a 429, this client waits for the reset by the server's clock. No wait is longer than 95 s, whatever the headers say.
struct RequestBudget: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The length of the window in which Okta counts requests, in seconds (Okta rate limit documentation).
    static let window = 60.0

    /// This client's share of the limit, above 0 and up to 1.
    let share: Double
    /// The rate limit according to the last answer.
    private(set) var rateLimit: RateLimit?

    private var requestedAt: Instant?
    /// No request is sent before this time, because all requests of the window are used up or reserved for other clients.
    private var hold: Instant?
    /// When the present window ends; nil if this is unknown.
    private var windowEnd: Instant?
    /// The number of requests that this client has sent in the window.
    private var used = 0
    /// The number of 429s in a row.
    private var streak = 0

    /// `share` is clamped to 0.01…1.
    init(share: Double) {
        self.share = min(max(share, 0.01), 1)
    }

    /// The earliest moment for the next request; nil if nothing delays it.
    var earliest: Instant? {
        [hold, requestedAt.map { $0 + pace }].compactMap(\.self).max()
    }

    /// Whether no request may be sent now, because all requests of the window are used up or reserved for other clients.
    func isUsedUp(at now: Instant) -> Bool { hold.map { $0 > now } ?? false }

    /// Records that a request goes out.
    mutating func requested(at now: Instant) {
        requestedAt = now
        hold = nil
    }

    /// Records an answer. Returns how long to wait after a 429; nil for any other status.
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
            // Even if the headers always say that the window ends now, the wait must grow. Otherwise this client would send one request a second.
            let wait = Duration.seconds(seconds) + jitter.upTo(2)
            return streak > 2 ? max(wait, short) : wait
        }
        // Okta does not send this header, but a gateway in front of it may (RFC 9110, 10.2.3).
        if let after = response.headers.first("Retry-After").flatMap({ Int64($0) }), after >= 0 {
            return .seconds(min(max(after, 1), RateLimit.longestWait)) + jitter.upTo(2)
        }
        return short
    }

    /// The minimum time between two requests; at most a minute.
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

    /// Nil if this client may send a request now. Otherwise the end of the window, whose remaining requests are reserved for other clients.
    private func room(_ limit: RateLimit, _ now: Instant, _ jitter: inout Jitter) -> Instant? {
        guard let remaining = limit.remaining, let wait = limit.secondsToWait, let seconds = limit.secondsToReset else {
            return nil
        }
        let nextWindow = now + .seconds(wait)
        guard remaining > 0 else { return nextWindow + jitter.upTo(2) }
        guard let all = limit.limit, all > 0, remaining <= all, Double(seconds) <= Self.window else { return nil }
        let left = Double(seconds)
        // The rate of the other clients, in requests per second. Early in a window there is too little data, so the window is assumed to have begun
        // at least ten seconds ago.
        let others = max(0, Double(all - remaining) - Double(used)) / max(Self.window - left, 10)
        let entitled = (1 - share) * Double(all) / Self.window
        let needed = max(entitled, others)
        // One is subtracted from `remaining`, because this client's next request uses up one of the remaining requests.
        let missing = needed * left - Double(remaining - 1)
        guard missing > 0 else { return nil }
        // Each second, the number of requests that must be reserved decreases by `needed`, while the other clients use up `others` of the remaining
        // requests. `missing` therefore decreases by the difference.
        let free = needed - others
        let delay = free > 0 ? missing / free : left
        return min(now + .seconds(delay), nextWindow + jitter.upTo(2))
    }
}

/// Limits the requests of one bucket: `limit` requests in each window. A window of Okta's lasts 60 s and does not begin with a minute of the wall
/// clock. Here, all windows have the same length, and the windows of each bucket begin at different times.
struct RateWindow {
    struct Verdict: Equatable {
        var allowed: Bool
        var limit: Int
        var remaining: Int
        /// When the next window begins, in seconds since 1970.
        var reset: Int64
    }

    let limit: Int
    /// The length of a window in milliseconds.
    let length: Int64
    /// The offset of the windows in milliseconds, 0..<length.
    let phase: Int64
    private var window = Int64.min
    private var used = 0

    init(limit: Int, length: Int64, phase: Int64) {
        self.limit = limit
        self.length = length
        self.phase = phase
    }

    mutating func take(now: Int64) -> Verdict {
        let current = (now - phase) / length
        if current != window {
            window = current
            used = 0
        }
        let allowed = used < limit
        if allowed { used += 1 }
        // Rounded up: a client that waits until this second finds that the new window has begun.
        let reset = ((current + 1) * length + phase + 999) / 1000
        return Verdict(allowed: allowed, limit: limit, remaining: max(0, limit - used), reset: reset)
    }
}

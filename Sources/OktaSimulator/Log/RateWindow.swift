/// Limits the requests of one bucket: `limit` requests in each window. In Okta, a window lasts 60 s, and does not begin at the full minute. Here, all
/// windows have the same length, but each bucket's windows begin at a different time.
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
    /// The time from a multiple of ``length`` to the beginning of a window, in milliseconds: 0..<length.
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

/// The request budget of one bucket: `limit` requests in each window. Windows have a fixed length and a phase of the bucket
/// (Okta: 60 s, not aligned to the minutes of the wall clock).
struct RateWindow {
    struct Verdict: Equatable {
        var allowed: Bool
        var limit: Int
        var remaining: Int
        /// Epoch seconds of the next window.
        var reset: Int64
    }

    let limit: Int
    /// Milliseconds.
    let length: Int64
    /// Milliseconds, 0..<length.
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
        // Rounded up, so that the new window is open for a client that waits until this second.
        let reset = ((current + 1) * length + phase + 999) / 1000
        return Verdict(allowed: allowed, limit: limit, remaining: max(0, limit - used), reset: reset)
    }
}

/// Computes when event `i` was persisted. The log is ordered by persistence: `persisted` never decreases as `i` increases.
///
/// The first `historyCount` events are spread evenly over the `historySpan` before `epoch`. After `epoch`, there are `rate` events per second.
/// Everything is computed from `i`, so a log of any length costs nothing, and a restart with the same epoch gives the same times.
struct Timeline: Sendable {
    /// When the history ends and the live events begin, in milliseconds since 1970.
    let epoch: Int64
    let historyCount: Int
    /// The time over which the first `historyCount` events are spread, in milliseconds.
    let historySpan: Int64
    /// Events per second after `epoch`; 0 for none.
    let rate: Double
    /// The number of events at which the log ends, or nil for an endless stream.
    let cap: Int?

    /// The number of events that exist at `now`.
    func count(now: Int64) -> Int {
        guard rate > 0, now > epoch else { return historyCount }
        var live = Int(Double(now - epoch) * rate / 1000)
        while live > 0, persisted(historyCount + live - 1) > now { live -= 1 }
        while persisted(historyCount + live) <= now { live += 1 }
        return min(cap ?? Int.max, historyCount + live)
    }

    func persisted(_ index: Int) -> Int64 {
        if index < historyCount {
            return epoch - historySpan + Int64(Double(index) / Double(historyCount) * Double(historySpan))
        }
        return epoch + Int64((Double(index - historyCount + 1) * 1000 / rate).rounded(.up))
    }
}

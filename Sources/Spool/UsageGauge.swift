/// How much of `max_bytes` is used, and when the directories have to be measured again. Measuring again is necessary because loaders delete segments
/// without informing the daemon.
struct UsageGauge {
    enum Admission: Equatable {
        case admit
        /// Measure the directories, call `measured`, and call `admit` again.
        case measure
        case refuse(used: Int64)
    }

    var limit: Int64
    /// Milliseconds between measurements when usage is near the limit.
    let interval: Int64
    private(set) var used: Int64?
    private var measuredAt: Int64 = 0

    init(limit: Int64, interval: Int64) {
        self.limit = limit
        self.interval = interval
    }

    /// `now` is monotonic milliseconds.
    mutating func admit(_ bytes: Int64, now: Int64) -> Admission {
        guard let used else { return .measure }
        if used + bytes <= limit - limit / 10 { return .admit }
        if now - measuredAt >= interval { return .measure }
        return used + bytes <= limit ? .admit : .refuse(used: used)
    }

    mutating func measured(_ total: Int64, now: Int64) {
        used = total
        measuredAt = now
    }

    /// Adds bytes that the spool itself has written; negative for bytes that it has removed.
    mutating func add(_ bytes: Int64) {
        if let used { self.used = max(0, used + bytes) }
    }
}

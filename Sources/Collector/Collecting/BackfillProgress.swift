import OktaAPI

/// How far a backfill has come. Times are in milliseconds since 1970.
struct BackfillProgress: Sendable, Equatable {
    /// The time of the first events that the backfill fetched.
    let from: Int64
    /// The time at which the tail began. The backfill is complete when it reaches this time.
    let until: Int64
    /// The time of the newest events that the backfill has fetched so far.
    let reached: Int64

    init(from: Int64, until: Int64, reached: Int64) {
        self.from = from
        self.until = max(until, from)
        self.reached = min(max(reached, from), self.until)
    }

    /// The progress of the backfill at a stored place; nil if no backfill is running.
    init?(_ place: LogPlace) {
        guard case .two(let history, _, let backfill) = place.ways else { return nil }
        self.init(
            from: backfill.from.milliseconds, until: backfill.until.milliseconds,
            reached: (history.reached ?? backfill.from).milliseconds)
    }

    /// The progress, 0…1, computed from the times of the events.
    var fraction: Double {
        until > from ? Double(reached - from) / Double(until - from) : 1
    }

    /// An estimate of the milliseconds until the backfill is complete; nil if there is too little progress. The estimate uses the progress since
    /// `first`, which was `elapsed` milliseconds ago.
    func remaining(since first: BackfillProgress, elapsed: Int64) -> Int64? {
        let done = reached - first.reached
        guard done > 0, elapsed > 0 else { return nil }
        return Int64(Double(until - reached) / Double(done) * Double(elapsed))
    }
}

import OktaAPI

/// How far a backfill has come. Times are in milliseconds since 1970.
struct BackfillProgress: Sendable, Equatable {
    /// The time of its first events, and the time at which the tail began.
    let from: Int64
    let until: Int64
    /// The time of the last events that it has fetched.
    let reached: Int64

    init(from: Int64, until: Int64, reached: Int64) {
        self.from = from
        self.until = max(until, from)
        self.reached = min(max(reached, from), self.until)
    }

    /// Nil while there is only one way.
    init?(_ place: LogPlace) {
        guard case .two(let history, _, let backfill) = place.ways else { return nil }
        self.init(
            from: backfill.from.milliseconds, until: backfill.until.milliseconds,
            reached: (history.reached ?? backfill.from).milliseconds)
    }

    /// 0…1, by the events' own times.
    var fraction: Double {
        until > from ? Double(reached - from) / Double(until - from) : 1
    }

    /// Milliseconds until the backfill is complete, extrapolated from `first`, which was `elapsed` milliseconds ago; nil if that is too little to tell.
    func remaining(since first: BackfillProgress, elapsed: Int64) -> Int64? {
        let done = reached - first.reached
        guard done > 0, elapsed > 0 else { return nil }
        return Int64(Double(until - reached) / Double(done) * Double(elapsed))
    }
}

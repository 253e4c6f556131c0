/// Events per second over the last minute, computed from samples of a running total.
struct RateMeter {
    /// The period of the rate. A minute is long enough to even out the poll interval, and short enough to show soon that events have stopped.
    static let window = Duration.seconds(60)

    private var samples: [(at: ContinuousClock.Instant, total: Int)] = []

    /// Adds a sample of the running total. Samples older than the window are dropped, except the newest of those, so that the rate
    /// covers the whole window. The memory stays small, because the caller samples at most once a second, and at most 20 times a second during the
    /// daemon's start.
    mutating func sample(_ total: Int, at now: ContinuousClock.Instant) {
        samples.append((now, total))
        while samples.count > 2, now - samples[1].at >= Self.window { samples.removeFirst() }
    }

    /// Events per second; 0 until there are two samples.
    var perSecond: Double {
        guard let first = samples.first, let last = samples.last else { return 0 }
        let seconds = (last.at - first.at) / .seconds(1)
        return seconds > 0 ? Double(last.total - first.total) / seconds : 0
    }
}

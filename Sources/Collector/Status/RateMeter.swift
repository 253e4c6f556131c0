/// Events per second over the last minute, from a running total that is sampled now and then.
struct RateMeter {
    /// How far back the rate looks. A minute evens out the poll interval and still shows a stop soon.
    static let window = Duration.seconds(60)

    private var samples: [(at: ContinuousClock.Instant, total: Int)] = []

    /// Takes the running total at one moment. Samples older than the window are dropped but for one, so the rate
    /// spans the whole window; callers sample at most once a second, which bounds the memory.
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

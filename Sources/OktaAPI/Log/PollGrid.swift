/// The moments at which an org that is caught up is asked again: `origin + n × interval`.
///
/// Origins are spread over the interval, so a thousand orgs do not ask together, and since the moments are fixed, they do not come
/// together later either: after an outage, a suspend or a backlog each org finds back to its own.
package struct PollGrid: Sendable {
    /// Those whose turns lie closer together than this are asked together: waking up once for a few costs less than once for each.
    static let step = Duration.milliseconds(500)

    /// From one integration's first request to the next one's: a hundred TLS handshakes a second are enough.
    static let startStep = Duration.milliseconds(10)

    /// Any moment of the grid.
    package let origin: ContinuousClock.Instant
    /// When the first request is due: nobody waits for the grid to see a collector at work.
    package let start: ContinuousClock.Instant

    /// A grid through `origin`.
    package init(origin: ContinuousClock.Instant) {
        self.origin = origin
        start = origin
    }

    /// The grid of integration `number` of `count`, seen from `now`.
    package init(number: Int, of count: Int, interval: Duration, now: ContinuousClock.Instant) {
        let steps = (interval * number / max(1, count) / Self.step).rounded(.down)
        origin = now + Self.step * Int(steps)
        start = now + Self.startStep * number
    }

    /// The next moment after a page that was asked for in time: half an interval from `now` at least, one and a half at most.
    package func next(after now: ContinuousClock.Instant, interval: Duration) -> ContinuousClock.Instant {
        guard interval > .zero else { return now }
        let wanted = origin.duration(to: now) + interval / 2
        let steps = (wanted / interval).rounded(.up)
        return max(origin + interval * Int(steps), now + interval / 2)
    }
}

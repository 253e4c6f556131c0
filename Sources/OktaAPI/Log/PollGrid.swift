/// The times at which an org is polled after its log has been read to the end: `origin + n × interval`.
///
/// Each org has its own `origin`. The origins are distributed over the interval, so that a thousand orgs are not polled at the same time. Because the
/// times are fixed, the orgs stay distributed: each org returns to its own times after an outage, a suspend or a backlog.
package struct PollGrid: Sendable {
    /// Integrations whose times would be closer together than this are polled at the same moment. The value is a fifth of the interval, but at least
    /// half a second and at most five seconds. One wake-up for several integrations costs less than one for each, and libcurl checks all idle
    /// connections at the first request of each second.
    static func step(_ interval: Duration) -> Duration { min(max(interval / 5, .milliseconds(500)), .seconds(5)) }

    /// The time between the first requests of two integrations. It allows a hundred TLS handshakes a second.
    static let startStep = Duration.milliseconds(10)

    /// One of the polling times. All others are whole intervals earlier or later.
    package let origin: ContinuousClock.Instant
    /// When the first request is due. This need not be a time of the grid, so that an operator soon sees whether the collector works.
    package let start: ContinuousClock.Instant

    /// Creates the grid that contains the time `origin`.
    package init(origin: ContinuousClock.Instant) {
        self.origin = origin
        start = origin
    }

    /// The grid of the integration with the index `number`, of `count` integrations that start at `now`.
    package init(number: Int, of count: Int, interval: Duration, now: ContinuousClock.Instant) {
        let step = Self.step(interval)
        let steps = (interval * number / max(1, count) / step).rounded(.down)
        origin = now + step * Int(steps)
        start = now + Self.startStep * number
    }

    /// The next polling time after a page: at least half an interval and at most one and a half intervals after `now`.
    package func next(after now: ContinuousClock.Instant, interval: Duration) -> ContinuousClock.Instant {
        guard interval > .zero else { return now }
        let wanted = origin.duration(to: now) + interval / 2
        let steps = (wanted / interval).rounded(.up)
        return max(origin + interval * Int(steps), now + interval / 2)
    }
}

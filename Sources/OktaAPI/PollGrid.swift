/// The moments at which an org that is caught up is asked again: `origin + n × interval`.
///
/// Origins are spread over the interval, so a thousand orgs do not ask together, and since the moments are fixed, they do not come
/// together later either: after an outage, a suspend or a backlog each org finds back to its own.
package struct PollGrid: Sendable {
    /// Those whose turns lie closer together than this are asked together: waking up once for a few costs less than once for each.
    static let step = Duration.milliseconds(500)

    /// Any moment of the grid.
    package let origin: ContinuousClock.Instant

    /// A grid through `origin`.
    package init(origin: ContinuousClock.Instant) { self.origin = origin }

    /// The grid of integration `number` of `count`, that begins within an interval from `now`; the first at once.
    package init(number: Int, of count: Int, interval: Duration, now: ContinuousClock.Instant) {
        let steps = (interval * number / max(1, count) / Self.step).rounded(.down)
        origin = now + Self.step * Int(steps)
    }

    /// The next moment after a page that was asked for in time: half an interval from `now` at least, one and a half at most.
    package func next(after now: ContinuousClock.Instant, interval: Duration) -> ContinuousClock.Instant {
        guard interval > .zero else { return now }
        let wanted = origin.duration(to: now) + interval / 2
        let steps = (wanted / interval).rounded(.up)
        return max(origin + interval * Int(steps), now + interval / 2)
    }
}

/// How long to wait before the next try of a segment. A plain value.
///
/// Full jitter, so that the transfers of many hosts don't meet: evenly between half a second and a bound that doubles from 1 s to 60 s. A
/// destination that names a time is given that time, up to five minutes.
struct RetrySchedule: Sendable {
    /// The longest wait that is chosen here.
    static let longest = Duration.seconds(60)
    /// The longest wait that a destination may ask for.
    static let longestAsked = Duration.seconds(300)
    /// The wait after a segment was refused for good: it may have been mended at the destination.
    static let refused = Duration.seconds(600)

    private(set) var attempts = 0

    /// The wait after one more failure.
    mutating func next(retryAfter: Duration?, using generator: inout some RandomNumberGenerator) -> Duration {
        attempts += 1
        let bound = min(Self.longest, .seconds(1 << min(attempts, 10)))
        let wait = Duration.milliseconds(
            Int64.random(in: 500...max(500, bound.components.seconds * 1000), using: &generator))
        return max(wait, min(retryAfter ?? .zero, Self.longestAsked))
    }
}

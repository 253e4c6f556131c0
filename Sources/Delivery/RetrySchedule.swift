/// Determines the wait before the next attempt for a segment. A plain value.
///
/// The wait is a random time between half a second and a limit, so that the transfers of many hosts do not coincide. The limit doubles with each
/// failure, from 2 s to 60 s. If the destination asks for a longer wait, that wait is used, up to five minutes.
struct RetrySchedule: Sendable {
    /// The longest wait, unless the destination asks for a longer wait.
    static let longest = Duration.seconds(60)
    /// The longest wait that the delivery accepts from a destination. If the destination asks for a longer wait, the wait is this long.
    static let longestAsked = Duration.seconds(300)
    /// The wait after a segment was refused for a reason that a retry does not cure. The segment is still tried again, because somebody may have
    /// corrected the cause.
    static let refused = Duration.seconds(600)

    private(set) var attempts = 0

    /// Counts one more failure. Returns the wait after it.
    mutating func next(retryAfter: Duration?, using generator: inout some RandomNumberGenerator) -> Duration {
        attempts += 1
        let bound = min(Self.longest, .seconds(1 << min(attempts, 10)))
        let wait = Duration.milliseconds(
            Int64.random(in: 500...max(500, bound.components.seconds * 1000), using: &generator))
        return max(wait, min(retryAfter ?? .zero, Self.longestAsked))
    }
}

/// Determines the wait before the next attempt for a segment. A plain value.
///
/// The schedule uses full jitter, so that the transfers of many hosts do not coincide: a random time between half a second and a limit that doubles
/// from 1 s to 60 s. If the destination asks for a longer wait, that is used, up to five minutes.
struct RetrySchedule: Sendable {
    /// The longest wait, unless the destination asks for a longer wait.
    static let longest = Duration.seconds(60)
    /// The longest wait that a destination may ask for.
    static let longestAsked = Duration.seconds(300)
    /// The wait after a final refusal. Then the segment is tried again, because the cause may have been corrected at the destination.
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

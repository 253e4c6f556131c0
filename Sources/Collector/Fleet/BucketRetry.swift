import Delivery
import Spool

/// The waits between the attempts to use a fleet's bucket that fails.
///
/// They are short, so that a short outage does not delay a takeover for long. They grow, and differ between integrations, so that a thousand integrations
/// do not burden a bucket that is unavailable.
enum BucketRetry {
    /// The longest wait that the bucket can ask for with `Retry-After`.
    static let longest = Duration.seconds(60)

    /// The wait before the next attempt: 1 s after the first failure, 2 s after each of the next nine, then 8 s. The wait is shortened by up to half, by
    /// an amount that depends on the integration's name and the number of failures, so that integrations do not retry together. If the bucket's answer
    /// had the header `Retry-After`, the wait is at least as long as it says, up to ``longest``.
    ///
    /// - Parameter failures: the number of consecutive failures.
    static func wait(after failures: Int, _ error: SpoolError, of integration: String) -> Duration {
        let wait = Duration.seconds(failures <= 1 ? 1 : failures <= 10 ? 2 : 8)
        // FNV-1a. A random number would make runs of the simulation differ.
        let hash = integration.utf8.reduce(UInt64(failures)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let share = 1000 - Int(hash % 500)
        guard case .bucket(_, let retryAfter?) = error else { return wait * share / 1000 }
        return max(wait * share / 1000, min(retryAfter, longest))
    }
}

extension SpoolError {
    init(_ problem: S3Problem) { self = .bucket("\(problem)", retryAfter: problem.retryAfter) }
}

/// What a response says about the org's rate limit, read without trust.
///
/// `X-Rate-Limit-Limit`, `-Remaining` and `-Reset` (epoch seconds of the next window) may come more than once when buckets
/// are nested; the least of each counts, as in Okta's own clients. The wait is counted from the response's `Date`, so that a
/// wrong local clock does no harm (Okta rate limit documentation; okta-sdk-golang, `Get429BackoffTime`).
package struct RateLimit: Sendable, Hashable {
    /// Requests in a window. Zero on a 429 speaks of concurrency, not of a rate.
    package let limit: Int64?
    /// Requests left in this window.
    package let remaining: Int64?
    /// Seconds from the response's `Date` to the next window; negative when it lies behind.
    package let secondsToReset: Int64?

    /// Reads the headers of any answer.
    package init(_ headers: HTTPHeaders) {
        limit = Self.least(headers.values("X-Rate-Limit-Limit"))
        remaining = Self.least(headers.values("X-Rate-Limit-Remaining"))
        let date = headers.first("Date").flatMap { UTCTime(httpDate: $0) }
        let reset = Self.least(headers.values("X-Rate-Limit-Reset"))
        if let date, let reset {
            let (difference, isOver) = reset.subtractingReportingOverflow(date.seconds)
            secondsToReset = isOver ? nil : difference
        } else {
            secondsToReset = nil
        }
    }

    /// Longest wait for a window: windows last a minute, so half a minute is grace.
    static let longestWait: Int64 = 90
    /// A reset further ahead than this is no reset (milliseconds in the place of seconds, say).
    static let furthestReset: Int64 = 3600

    /// Seconds until the next window has surely begun, 1…90; `nil` when the headers don't say, or say nonsense.
    package var secondsToWait: Int64? {
        guard let seconds = secondsToReset, seconds >= 0, seconds <= Self.furthestReset else { return nil }
        return min(max(seconds + 1, 1), Self.longestWait)
    }

    /// Whether a 429 with these headers speaks of too many requests at once.
    package var isConcurrency: Bool { limit == 0 }

    private static func least(_ values: [String]) -> Int64? {
        values.flatMap { $0.split(separator: ",") }
            .compactMap { Int64($0.filter { !$0.isWhitespace }) }
            .min()
    }
}

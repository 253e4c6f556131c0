import CurlHTTPClient

/// What a response says about the org's rate limit. The values may be missing or wrong.
///
/// `X-Rate-Limit-Limit`, `-Remaining` and `-Reset` (the start of the next window, in seconds since 1970) may occur several times if buckets are
/// nested. The values at the same position belong to one bucket. Only the bucket with the fewest requests left is used; if there are several such
/// buckets, the one that resets last. The wait is computed from the response's `Date`, so that a wrong local clock does no harm (Okta rate limit
/// documentation).
package struct RateLimit: Sendable, Hashable {
    /// Requests allowed in a window. Zero on a 429 means that the org got too many simultaneous requests.
    package let limit: Int64?
    /// Requests left in this window.
    package let remaining: Int64?
    /// Seconds from the response's `Date` to the next window; negative if the next window has already begun.
    package let secondsToReset: Int64?

    /// Reads the headers of any answer.
    package init(_ headers: HTTPHeaders) {
        let limits = Self.values(headers, "X-Rate-Limit-Limit")
        let remainders = Self.values(headers, "X-Rate-Limit-Remaining")
        let resets = Self.values(headers, "X-Rate-Limit-Reset")
        let bucket = remainders.indices.min { left, right in
            let order = (remainders[left] ?? .max, remainders[right] ?? .max)
            return order.0 == order.1
                ? Self.at(left, resets) ?? .min > Self.at(right, resets) ?? .min : order.0 < order.1
        }
        // If the headers have different numbers of values, it is unknown which values belong together. The lowest value is then used.
        func value(_ list: [Int64?]) -> Int64? {
            list.count == remainders.count ? bucket.flatMap { list[$0] } : list.compactMap(\.self).min()
        }
        limit = value(limits)
        remaining = value(remainders)
        let date = headers.first("Date").flatMap { UTCTime(httpDate: $0) }
        let reset = value(resets)
        if let date, let reset {
            let (difference, isOver) = reset.subtractingReportingOverflow(date.seconds)
            secondsToReset = isOver ? nil : difference
        } else {
            secondsToReset = nil
        }
    }

    /// The longest wait for the next window, in seconds. A window lasts a minute, so the margin is half a minute.
    static let longestWait: Int64 = 90
    /// A reset that is more than this number of seconds in the future is invalid. The server may have sent milliseconds.
    static let furthestReset: Int64 = 3600

    /// Seconds until the next window has certainly begun, 1…90; `nil` if the headers contain no valid reset time, or one that has passed.
    package var secondsToWait: Int64? {
        guard let seconds = secondsToReset, seconds >= 0, seconds <= Self.furthestReset else { return nil }
        return min(max(seconds + 1, 1), Self.longestWait)
    }

    /// Whether a 429 with these headers means too many simultaneous requests.
    package var isConcurrency: Bool { limit == 0 }

    /// All values of a header, in order; nil for a value that is not a number.
    private static func values(_ headers: HTTPHeaders, _ name: String) -> [Int64?] {
        headers.values(name).flatMap { value -> [Int64?] in
            if let number = Int64(value) { return [number] }
            return value.split(separator: ",", omittingEmptySubsequences: false)
                .map { Int64($0.filter { !$0.isWhitespace }) }
        }
    }

    private static func at(_ index: Int, _ list: [Int64?]) -> Int64? {
        list.indices.contains(index) ? list[index] : nil
    }
}

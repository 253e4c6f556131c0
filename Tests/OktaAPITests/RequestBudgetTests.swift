import CurlHTTPClient
import Testing

@testable import OktaAPI

@Suite("The request budget")
struct RequestBudgetTests {
    /// A rate-limit bucket that works like Okta's: it allows `limit` requests in each window of a minute.
    private struct Bucket {
        let limit: Int
        private var window = -1
        private var used = 0

        init(limit: Int) { self.limit = limit }

        /// Counts a request. Returns the remaining requests and the seconds to the reset, or nil for a 429.
        mutating func take(_ millisecond: Int) -> (remaining: Int, reset: Int)? {
            if millisecond / 60_000 != window { (window, used) = (millisecond / 60_000, 0) }
            guard used < limit else { return nil }
            used += 1
            return (limit - used, (59_999 - millisecond % 60_000) / 1000 + 1)
        }
    }

    @Test(
        "this client stays within its share of the budget, and another client gets no 429 even if it sends more than the rest",
        arguments: [
            (60, 20, 0.5), (60, 30, 0.5), (60, 40, 0.5), (60, 50, 0.5), (120, 20, 0.5), (60, 20, 0.9), (20, 10, 0.5),
        ])
    func others(limit: Int, rate: Int, share: Double) {
        var bucket = Bucket(limit: limit)
        var budget = RequestBudget(share: share)
        var jitter = Jitter(seed: 1)
        let start = ContinuousClock.now
        var mine: [Int] = []
        var refused = 0
        var nextOther = 137.0
        for millisecond in stride(from: 0, to: 1_200_000, by: 10) {
            let now = start + .milliseconds(millisecond)
            if Double(millisecond) >= nextOther {
                nextOther += 60_000 / Double(rate)
                if bucket.take(millisecond) == nil { refused += 1 }
            }
            // As in a backlog, a request is sent as soon as the budget allows one.
            guard budget.earliest.map({ $0 <= now }) ?? true else { continue }
            budget.requested(at: now)
            mine.append(millisecond)
            let verdict = bucket.take(millisecond)
            let reset = verdict?.reset ?? 1
            let headers = HTTPHeaders([
                .init("Date", Bench.date), .init("X-Rate-Limit-Limit", "\(limit)"),
                .init("X-Rate-Limit-Remaining", "\(verdict?.remaining ?? 0)"),
                .init("X-Rate-Limit-Reset", "\(Bench.dateSeconds + Int64(reset))"),
            ])
            let response = HTTPResponse(status: verdict == nil ? 429 : 200, headers: headers)
            #expect(budget.answered(response, at: now, jitter: &jitter) == nil, "this client must not get a 429")
        }
        #expect(refused == 0)
        for minute in 0..<20 {
            let count = mine.count { $0 / 60_000 == minute }
            #expect(Double(count) <= share * Double(limit) + 1)
            #expect(count >= 1, "this client always gets some requests")
        }
    }
}

import CurlHTTPClient

/// Keeps an org's calls within this client's share of each endpoint's rate limit: who wants to call waits for its turn.
package actor EndpointPace {
    package typealias Instant = ContinuousClock.Instant

    /// Of the rate limit of each endpoint. By Okta's default a token or an app may use half of it.
    package static let share = 0.5

    private let now: @Sendable () -> Instant
    private let wait: @Sendable (Instant) async -> Void
    private var budgets: [OktaEndpoint: RequestBudget] = [:]
    /// No call before this: the last one was answered with 429.
    private var holds: [OktaEndpoint: Instant] = [:]
    private var jitter: Jitter

    /// - Parameter wait: returns at an instant, or earlier when the task is cancelled.
    package init(
        now: @escaping @Sendable () -> Instant, wait: @escaping @Sendable (Instant) async -> Void,
        seed: UInt64 = .random(in: .min ... .max)
    ) {
        self.now = now
        self.wait = wait
        jitter = Jitter(seed: seed)
    }

    /// Returns when the next call may go out, and counts it. False: that would be after the deadline, or the task was cancelled.
    func turn(_ endpoint: OktaEndpoint, before deadline: Instant) async -> Bool {
        while !Task.isCancelled {
            let moment = now()
            let earliest = max(budget(endpoint).earliest ?? moment, holds[endpoint] ?? moment)
            guard earliest > moment else {
                holds[endpoint] = nil
                budgets[endpoint, default: RequestBudget(share: Self.share)].requested(at: moment)
                return true
            }
            guard earliest <= deadline else { return false }
            await wait(earliest)
        }
        return false
    }

    /// Learns from an answer.
    func answered(_ response: HTTPResponse, of endpoint: OktaEndpoint) {
        let moment = now()
        var budget = budget(endpoint)
        if let pause = budget.answered(response, at: moment, jitter: &jitter) { holds[endpoint] = moment + pause }
        budgets[endpoint] = budget
    }

    private func budget(_ endpoint: OktaEndpoint) -> RequestBudget {
        budgets[endpoint] ?? RequestBudget(share: Self.share)
    }
}

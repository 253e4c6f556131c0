import CurlHTTPClient

/// Keeps the calls to an org within this client's share of each endpoint's rate limit. A caller waits until its call may be sent.
package actor EndpointPace {
    package typealias Instant = ContinuousClock.Instant

    /// The share of each endpoint's rate limit that calls may use. By default, Okta allows a single token or app half of the limit.
    package static let share = 0.5

    private let now: @Sendable () -> Instant
    private let wait: @Sendable (Instant) async -> Void
    private var budgets: [OktaEndpoint: RequestBudget] = [:]
    /// The time before which no call is sent to an endpoint, because Okta has answered a call with 429.
    private var holds: [OktaEndpoint: Instant] = [:]
    private var jitter: Jitter

    /// Creates the pace of the calls to one org.
    ///
    /// - Parameter wait: sleeps until the given instant. Must return earlier if the task is cancelled.
    package init(
        now: @escaping @Sendable () -> Instant, wait: @escaping @Sendable (Instant) async -> Void,
        seed: UInt64 = .random(in: .min ... .max)
    ) {
        self.now = now
        self.wait = wait
        jitter = Jitter(seed: seed)
    }

    /// Waits until a call may be sent, and counts the call. Returns false if the call would have to wait until after the deadline, or if the task was
    /// cancelled.
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

    /// Adapts the pace to the rate limit that an answer reports.
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

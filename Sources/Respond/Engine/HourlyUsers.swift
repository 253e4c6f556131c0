/// Limits the number of users that are acted on within an hour, so that a mistake can't affect everybody. A plain value.
struct HourlyUsers: Sendable {
    /// The time over which users are counted, in milliseconds.
    static let window: Int64 = 3_600_000

    /// The number of distinct users within the window that may be acted on without force.
    let limit: Int
    /// When each user was last acted on, in milliseconds since 1970. Only forced actions can add more users than ``limit``; Okta's rate limit
    /// bounds how many.
    private var times: [String: Int64] = [:]

    init(limit: Int) { self.limit = limit }

    /// Counts the user of an action without checking the limit: for a forced action, or an action that is in the response log already.
    mutating func note(_ user: String, org: String, at time: Int64) {
        let key = Self.key(user, org)
        times[key] = max(times[key] ?? time, time)
    }

    /// Checks whether an action on this user is within the limit. If it is, counts the action and returns nil. If not, returns the number of
    /// milliseconds until the action will be within the limit.
    mutating func admit(_ user: String, org: String, at now: Int64) -> Int64? {
        // Times far in the future are dropped, too. After the clock was set back, they would otherwise count for too long.
        times = times.filter { $0.value > now - Self.window && $0.value <= now + Self.window }
        let key = Self.key(user, org)
        guard times[key] == nil, times.count >= limit else {
            times[key] = now
            return nil
        }
        let sorted = times.values.sorted()
        return max(1000, sorted[sorted.count - limit] + Self.window - now)
    }

    /// Like ``admit(_:org:at:)``, but does not count the action.
    func wait(_ user: String, org: String, at now: Int64) -> Int64? {
        var copy = self
        return copy.admit(user, org: org, at: now)
    }

    private static func key(_ user: String, _ org: String) -> String { "\(org) \(user)" }
}

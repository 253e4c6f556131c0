/// Which users were acted on within an hour, so that a mistake can't reach everybody. A plain value.
struct HourlyUsers: Sendable {
    /// Milliseconds.
    static let window: Int64 = 3_600_000

    /// Distinct users within the window without being forced.
    let limit: Int
    /// When each was acted on last, milliseconds since 1970. Users beyond the limit come only with force, and at the pace of calls.
    private var times: [String: Int64] = [:]

    init(limit: Int) { self.limit = limit }

    /// An action on this user is sent, forced or not.
    mutating func note(_ user: String, org: String, at time: Int64) {
        let key = Self.key(user, org)
        times[key] = max(times[key] ?? time, time)
    }

    /// Whether one more action keeps the limit; if so it counts. Otherwise the milliseconds until one does.
    mutating func admit(_ user: String, org: String, at now: Int64) -> Int64? {
        // A clock that was set back must not count permanently.
        times = times.filter { $0.value > now - Self.window && $0.value <= now + Self.window }
        let key = Self.key(user, org)
        guard times[key] == nil, times.count >= limit else {
            times[key] = now
            return nil
        }
        let sorted = times.values.sorted()
        return max(1000, sorted[sorted.count - limit] + Self.window - now)
    }

    /// Like ``admit(_:org:at:)`` without counting.
    func wait(_ user: String, org: String, at now: Int64) -> Int64? {
        var copy = self
        return copy.admit(user, org: org, at: now)
    }

    private static func key(_ user: String, _ org: String) -> String { "\(org) \(user)" }
}

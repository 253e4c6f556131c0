/// Limits how many refusals and dry runs are recorded for each account, so that nobody can fill the response log with them. A plain value.
struct HourlyRefusals: Sendable {
    /// The limit for each account within an hour.
    static let limit = 600

    /// For each account, the beginning of the counted hour in milliseconds since 1970, and the count.
    private var counts: [UInt32: (since: Int64, count: Int)] = [:]

    /// Returns whether another refused action or dry run by this account may be recorded. If so, counts it.
    mutating func admit(_ uid: UInt32, at now: Int64) -> Bool {
        counts = counts.filter { abs(now - $0.value.since) < HourlyUsers.window }
        let known = counts[uid] ?? (now, 0)
        guard known.count < Self.limit else { return false }
        counts[uid] = (known.since, known.count + 1)
        return true
    }
}

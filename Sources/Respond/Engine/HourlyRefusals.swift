/// How many refusals and dry runs were recorded of each account, so that nobody fills the response log with them. A plain value.
struct HourlyRefusals: Sendable {
    /// Of an account, within an hour.
    static let limit = 600

    /// Since when it is counted, milliseconds since 1970, and how many there were.
    private var counts: [UInt32: (since: Int64, count: Int)] = [:]

    /// Whether one more may be recorded; if so it counts.
    mutating func admit(_ uid: UInt32, at now: Int64) -> Bool {
        counts = counts.filter { abs(now - $0.value.since) < HourlyUsers.window }
        let known = counts[uid] ?? (now, 0)
        guard known.count < Self.limit else { return false }
        counts[uid] = (known.since, known.count + 1)
        return true
    }
}

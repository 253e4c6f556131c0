import ResponseLog

/// The information that the engine needs from the response log when it starts, collected in one pass.
struct LogScan {
    var hour: HourlyUsers
    var keys = KeyIndex()
    /// Entries without a result, by id.
    var open: [String: ResponseEntry] = [:]

    /// - Parameter limit: the limit of users per hour.
    init(limit: Int) { hour = HourlyUsers(limit: limit) }

    mutating func take(_ entry: ResponseEntry, from start: ResponseLogPosition?, to end: ResponseLogPosition) {
        keys.note(entry, from: start, to: end)
        guard entry.result == nil else {
            open[entry.id] = nil
            return
        }
        open[entry.id] = entry
        // An entry without a result is written only before a call to Okta, so this user counts as acted on.
        if let user = entry.user.id { hour.note(user, org: entry.org, at: entry.time) }
    }
}

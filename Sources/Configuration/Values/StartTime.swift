import Time

/// Where in the log an integration's first run begins: a duration before now (`7d`), an RFC 3339 time (`2026-11-01T00:00:00Z`) or `now`.
package enum StartTime: Sendable, Hashable, CustomStringConvertible {
    case now
    case back(ConfigurationDuration)
    case at(millisecondsSince1970: Int)

    /// Reads a start time in one of the three forms.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write a duration before now such as 7d, a time such as 2026-11-01T00:00:00Z, or now"
        if text == "now" {
            self = .now
        } else if let time = CivilTime.milliseconds(rfc3339: text) {
            self = .at(millisecondsSince1970: Int(time))
        } else if let back = try? ConfigurationDuration(parsing: text) {
            self = .back(back)
        } else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not a start time", hint: hint)
        }
    }

    /// The resulting time in milliseconds since 1970, given the present time.
    package func millisecondsSince1970(now: Int) -> Int {
        switch self {
        case .now: now
        case .back(let duration): duration.seconds > now / 1000 ? 0 : now - duration.seconds * 1000
        case .at(let time): time
        }
    }

    /// Whether the start depends on the present time.
    package var countsFromNow: Bool {
        if case .at = self { false } else { true }
    }

    package var description: String {
        switch self {
        case .now: return "now"
        case .back(let duration): return duration.description
        case .at(let time):
            let civil = CivilTime(milliseconds: Int64(time))
            return civil.millisecond == 0 ? civil.rfc3339Seconds : civil.rfc3339
        }
    }
}

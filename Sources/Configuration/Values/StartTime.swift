import Time

/// Where a first run begins to read: a duration back (`7d`), an RFC 3339 time (`2026-11-01T00:00:00Z`) or `now`.
package enum StartTime: Sendable, Hashable, CustomStringConvertible {
    case now
    case back(ConfigurationDuration)
    case at(millisecondsSince1970: Int)

    /// Reads one of the three forms.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write a duration back such as 7d, a time such as 2026-11-01T00:00:00Z, or now"
        if text == "now" {
            self = .now
        } else if let time = Self.millisecondsSince1970(rfc3339: text) {
            self = .at(millisecondsSince1970: time)
        } else if let back = try? ConfigurationDuration(parsing: text) {
            self = .back(back)
        } else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not a start time", hint: hint)
        }
    }

    /// The moment meant, in milliseconds since 1970, given the present one.
    package func millisecondsSince1970(now: Int) -> Int {
        switch self {
        case .now: now
        case .back(let duration): duration.seconds > now / 1000 ? 0 : now - duration.seconds * 1000
        case .at(let time): time
        }
    }

    /// Whether the moment depends on the present one.
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

    /// RFC 3339 `date-time`, with an offset or `Z`, cut to milliseconds; nil for anything else. A leap second counts
    /// as the second after it.
    private static func millisecondsSince1970(rfc3339 text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard (20...40).contains(bytes.count), [0x54, 0x74, 0x20].contains(bytes[10]),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let date = try? CalendarDate(parsing: String(decoding: bytes[0..<10], as: UTF8.self)),
            let hour = CalendarDate.number(bytes[11..<13]), let minute = CalendarDate.number(bytes[14..<16]),
            let second = CalendarDate.number(bytes[17..<19]), hour < 24, minute < 60, second <= 60
        else { return nil }
        var rest = bytes[19...]
        var milliseconds = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            let three = (Array(digits) + [0x30, 0x30]).prefix(3)
            milliseconds = CalendarDate.number(three) ?? 0
            rest = rest.dropFirst(digits.count + 1)
        }
        var offset = 0
        let zone = Array(rest)
        if zone != [0x5A] && zone != [0x7A] {
            guard zone.count == 6, zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"),
                zone[3] == UInt8(ascii: ":"), let hours = CalendarDate.number(zone[1..<3]),
                let minutes = CalendarDate.number(zone[4..<6]), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * 60 * (zone[0] == UInt8(ascii: "-") ? -1 : 1)
        }
        let seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second - offset
        return seconds < 0 ? nil : seconds * 1000 + milliseconds
    }
}

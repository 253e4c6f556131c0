/// A date and a time of day in UTC, to the millisecond.
package struct CivilTime: Sendable, Hashable {
    package let date: CivilDate
    package let hour: Int
    package let minute: Int
    package let second: Int
    package let millisecond: Int

    /// The UTC time for milliseconds since 1970-01-01T00:00:00Z. Times outside the years 0…9999 are clamped, so that all texts have the same width.
    @inlinable
    package init(milliseconds: Int64) {
        let clamped = Int(min(max(milliseconds, -62_167_219_200_000), 253_402_300_799_999))
        let days = (clamped >= 0 ? clamped : clamped - 86_399_999) / 86_400_000
        let rest = clamped - days * 86_400_000
        date = CivilDate(daysSince1970: days)
        hour = rest / 3_600_000
        minute = rest / 60_000 % 60
        second = rest / 1_000 % 60
        millisecond = rest % 1_000
    }

    /// `2026-11-23T20:15:30.123Z` (RFC 3339).
    package var rfc3339: String { "\(date)T\(clock).\(padded(millisecond, 3))Z" }

    /// `2026-11-23T20:15:30Z` (RFC 3339 without milliseconds).
    package var rfc3339Seconds: String { "\(date)T\(clock)Z" }

    /// `20261123T201530123Z`: for file names, which then sort by time.
    package var compact: String {
        "\(padded(date.year, 4))\(padded(date.month, 2))\(padded(date.day, 2))T"
            + "\(padded(hour, 2))\(padded(minute, 2))\(padded(second, 2))\(padded(millisecond, 3))Z"
    }

    /// Milliseconds since 1970 from a text made by `compact`; nil for any other text.
    package static func milliseconds(compact text: some StringProtocol) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 19, bytes[8] == UInt8(ascii: "T"), bytes[18] == UInt8(ascii: "Z") else { return nil }
        guard let year = number(bytes[0..<4]), let month = number(bytes[4..<6]), let day = number(bytes[6..<8]),
            let date = CivilDate(year: year, month: month, day: day), let hour = number(bytes[9..<11]),
            let minute = number(bytes[11..<13]), let second = number(bytes[13..<15]),
            let millisecond = number(bytes[15..<18]), hour < 24, minute < 60, second < 60
        else { return nil }
        return Int64(((date.daysSince1970 * 24 + hour) * 60 + minute) * 60_000 + second * 1_000 + millisecond)
    }

    /// Milliseconds since 1970 from an RFC 3339 `date-time` with an offset or `Z`, truncated to milliseconds. Nil for any other text, and for a time
    /// before 1970. A leap second counts as the first second of the next minute.
    package static func milliseconds(rfc3339 text: some StringProtocol) -> Int64? {
        let bytes = Array(text.utf8)
        guard (20...40).contains(bytes.count), bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[10]),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let date = CivilDate(year: year, month: month, day: day),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
            let second = number(bytes[17..<19]), hour < 24, minute < 60, second <= 60
        else { return nil }
        var rest = bytes[19...]
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return nil }
            fraction = number((Array(digits) + [0x30, 0x30]).prefix(3)) ?? 0
            rest = rest.dropFirst(digits.count + 1)
        }
        guard let offset = offset(Array(rest)) else { return nil }
        let seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second - offset
        return seconds < 0 ? nil : Int64(seconds * 1000 + fraction)
    }

    /// Reads a text such as `Z` or `+02:00`. Returns the offset from UTC in seconds, positive to the east.
    private static func offset(_ zone: [UInt8]) -> Int? {
        if zone == [UInt8(ascii: "Z")] || zone == [UInt8(ascii: "z")] { return 0 }
        guard zone.count == 6, zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"),
            zone[3] == UInt8(ascii: ":"), let hours = number(zone[1..<3]), let minutes = number(zone[4..<6]),
            hours < 24, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * 60 * (zone[0] == UInt8(ascii: "-") ? -1 : 1)
    }

    /// The number written by decimal digits; nil if another character occurs.
    private static func number(_ bytes: some Sequence<UInt8>) -> Int? {
        var value = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }

    private var clock: String { "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))" }
}

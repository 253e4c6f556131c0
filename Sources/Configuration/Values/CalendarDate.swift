import Time

/// A day of the calendar between the years 1970 and 9999, written `YYYY-MM-DD`.
package struct CalendarDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let date: CivilDate

    /// Reads `YYYY-MM-DD` and refuses days that do not exist.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write a date as YYYY-MM-DD, such as 2027-03-01"
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10])
        else { throw ValueError("\(LiteralSecret.quoted(text)) is not a date", hint: hint) }
        guard year >= 1970, let date = CivilDate(year: year, month: month, day: day) else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not a day of the calendar", hint: hint)
        }
        self.date = date
    }

    /// The UTC day of a time in seconds since 1970. Times outside 1970…9999 are clamped.
    package init(secondsSince1970 seconds: Int) {
        date = CivilDate(daysSince1970: min(max(seconds, 0), 253_402_300_799) / 86_400)
    }

    /// Days since 1970-01-01.
    package var daysSince1970: Int { date.daysSince1970 }

    package static func < (left: Self, right: Self) -> Bool { left.date < right.date }
    package var description: String { date.description }

    static func number(_ bytes: some Sequence<UInt8>) -> Int? {
        var value = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte), value < 1_000_000 else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}

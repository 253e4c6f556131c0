/// A day of the Gregorian calendar, written `YYYY-MM-DD` (RFC 3339 `full-date`), between the years 1970 and 9999.
package struct CalendarDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let year: Int
    package let month: Int
    package let day: Int

    /// Reads `YYYY-MM-DD` and refuses a day that does not exist.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write a date as YYYY-MM-DD, such as 2027-03-01"
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10])
        else { throw ValueError("\(LiteralSecret.quoted(text)) is not a date", hint: hint) }
        guard year >= 1970, (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year) else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not a day of the calendar", hint: hint)
        }
        self.year = year
        self.month = month
        self.day = day
    }

    /// The UTC day of a time given in seconds since 1970; times outside 1970…9999 are taken to the nearest end.
    package init(secondsSince1970 seconds: Int) {
        // Civil from days, after the proleptic Gregorian cycle of 146,097 days in 400 years.
        let days = min(max(seconds, 0), 253_402_300_799) / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01.
    package var daysSince1970: Int {
        let marchYear = month <= 2 ? year - 1 : year
        let yearOfEra = marchYear % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return marchYear / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    package var description: String {
        func padded(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    static func number(_ bytes: some Sequence<UInt8>) -> Int? {
        var value = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte), value < 1_000_000 else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}

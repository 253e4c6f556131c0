/// Points in time as milliseconds since 1970-01-01T00:00:00Z, and the two formats in which Okta writes them.
package enum Instant {
    /// The number of days from 1970-01-01 to a date of the proleptic Gregorian calendar.
    static func days(year: Int, month: Int, day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let mp = (5 * dayOfYear + 2) / 153
        let month = mp < 10 ? mp + 3 : mp - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * mp + 2) / 5 + 1)
    }

    /// `yyyy-MM-ddTHH:mm:ss.SSSZ`, the only form that Okta's API writes.
    static func append(_ milliseconds: Int64, to out: inout [UInt8]) {
        let (dayNumber, inDay) = Int(milliseconds).quotientAndRemainder(dividingBy: 86_400_000)
        let parts = date(days: dayNumber)
        out.appendDecimal(parts.year, width: 4)
        out.append(0x2D)
        out.appendDecimal(parts.month, width: 2)
        out.append(0x2D)
        out.appendDecimal(parts.day, width: 2)
        out.append(0x54)
        out.appendDecimal(inDay / 3_600_000, width: 2)
        out.append(0x3A)
        out.appendDecimal(inDay / 60_000 % 60, width: 2)
        out.append(0x3A)
        out.appendDecimal(inDay / 1000 % 60, width: 2)
        out.append(0x2E)
        out.appendDecimal(inDay % 1000, width: 3)
        out.append(0x5A)
    }

    /// The RFC 3339 text of a time from the year 1970 on, with milliseconds and `Z`.
    package static func text(_ milliseconds: Int64) -> String {
        var out: [UInt8] = []
        append(milliseconds, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// The text of a time for a `Date` header (RFC 9110 section 5.6.7).
    static func httpDate(_ milliseconds: Int64) -> String {
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let (dayNumber, inDay) = Int(max(0, milliseconds)).quotientAndRemainder(dividingBy: 86_400_000)
        let parts = date(days: dayNumber)
        var out: [UInt8] = []
        out.append(names[dayNumber % 7] + ", ")
        out.appendDecimal(parts.day, width: 2)
        out.append(" \(months[parts.month - 1]) \(parts.year) ")
        out.appendDecimal(inDay / 3_600_000, width: 2)
        out.append(0x3A)
        out.appendDecimal(inDay / 60_000 % 60, width: 2)
        out.append(0x3A)
        out.appendDecimal(inDay / 1000 % 60, width: 2)
        out.append(" GMT")
        return String(decoding: out, as: UTF8.self)
    }

    /// The milliseconds since 1970 of an RFC 3339 date-time. `T` and `Z` must be in upper case; up to nine digits of fraction and an offset `±HH:MM`
    /// are allowed. Nil if the text has another form, or names a day or hour that does not exist.
    package static func parse(_ text: some StringProtocol) -> Int64? {
        let b = Array(text.utf8)
        func number(_ from: Int, _ count: Int) -> Int? {
            guard from + count <= b.count else { return nil }
            var value = 0
            for byte in b[from..<from + count] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            return value
        }
        guard b.count >= 20, b[4] == 0x2D, b[7] == 0x2D, b[10] == 0x54, b[13] == 0x3A, b[16] == 0x3A,
            let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
            let minute = number(14, 2), let second = number(17, 2),
            (1...12).contains(month), hour < 24, minute < 60, second < 61
        else { return nil }
        let dayNumber = days(year: year, month: month, day: day)
        guard day >= 1, date(days: dayNumber) == (year, month, day) else { return nil }
        var milliseconds = Int64(dayNumber) * 86_400_000 + Int64((hour * 60 + minute) * 60 + second) * 1000
        var at = 19
        if b[at] == 0x2E {
            var digits = 0
            at += 1
            while at < b.count, let digit = number(at, 1) {
                if digits < 3 { milliseconds += Int64(digit * [100, 10, 1][digits]) }
                digits += 1
                at += 1
            }
            guard (1...9).contains(digits) else { return nil }
        }
        guard at < b.count else { return nil }
        if b[at] == 0x5A { return at + 1 == b.count ? milliseconds : nil }
        guard b[at] == 0x2B || b[at] == 0x2D, at + 6 == b.count, b[at + 3] == 0x3A, let hours = number(at + 1, 2),
            let minutes = number(at + 4, 2), hours < 24, minutes < 60
        else { return nil }
        let offset = Int64((hours * 60 + minutes) * 60_000)
        return b[at] == 0x2B ? milliseconds - offset : milliseconds + offset
    }
}

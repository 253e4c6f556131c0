/// An instant as LogEvents write it, read without allocation.
///
/// RFC 3339 `date-time` with 0 to 9 or more digits of a second's fraction, `T`, `t` or a blank between date and time (section 5.6's
/// note), and any offset. A text without an offset is read as UTC, which is what Okta publishes in, and says so. Dates that no
/// calendar has are unreadable; a leap second counts as the next second's first.
struct PublishedTime: Equatable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    let milliseconds: Int64
    let hasZone: Bool

    /// OCSF's timestamps are milliseconds; values outside 1973…5138 are seconds or nanoseconds gone astray, so a time outside
    /// is as good as unreadable.
    static let range: Range<Int64> = 100_000_000_000..<100_000_000_000_000

    init?(_ text: JSONText) {
        let bytes = text.start
        let count = text.count
        guard count >= 19, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes[10] | 0x20 == UInt8(ascii: "t") || bytes[10] == UInt8(ascii: " "),
            let century = twoDigits(bytes, 0), let years = twoDigits(bytes, 2), let month = twoDigits(bytes, 5),
            let day = twoDigits(bytes, 8), let hour = twoDigits(bytes, 11), let minute = twoDigits(bytes, 14),
            let second = twoDigits(bytes, 17)
        else { return nil }
        let year = century * 100 + years
        guard (1...12).contains(month), (1...daysIn(month: month, of: year)).contains(day), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var at = 19
        var fraction = 0
        if at < count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            let first = at
            var weight = 100
            while at < count, bytes[at] &- 0x30 < 10 {
                fraction += Int(bytes[at] &- 0x30) * weight
                weight /= 10
                at += 1
            }
            guard at > first else { return nil }
        }
        var offset = 0
        if at == count {
            hasZone = false
        } else {
            hasZone = true
            switch bytes[at] {
            case UInt8(ascii: "Z"), UInt8(ascii: "z"):
                guard at + 1 == count else { return nil }
            case UInt8(ascii: "+"), UInt8(ascii: "-"):
                guard at + 6 == count, bytes[at + 3] == UInt8(ascii: ":"), let hours = twoDigits(bytes, at + 1),
                    let minutes = twoDigits(bytes, at + 4), hours < 24, minutes < 60
                else { return nil }
                offset = (hours * 60 + minutes) * (bytes[at] == UInt8(ascii: "-") ? -60_000 : 60_000)
            default: return nil
            }
        }
        let seconds = daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        milliseconds = Int64(seconds * 1_000 + fraction - offset)
        guard Self.range.contains(milliseconds) else { return nil }
    }
}

private func twoDigits(_ bytes: UnsafePointer<UInt8>, _ at: Int) -> Int? {
    let tens = bytes[at] &- 0x30
    let ones = bytes[at + 1] &- 0x30
    return tens < 10 && ones < 10 ? Int(tens) * 10 + Int(ones) : nil
}

private func daysIn(month: Int, of year: Int) -> Int {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: 31
    }
}

/// Days in the proleptic Gregorian calendar, counted in years that begin in March so that a leap day is a year's last.
private func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month > 2 ? year : year - 1
    let cycle = shifted / 400
    let yearOfCycle = shifted - cycle * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return cycle * 146_097 + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear - 719_468
}

extension RecordWriter {
    /// RFC 3339 in UTC with milliseconds, without quotes.
    mutating func dateTime(_ milliseconds: Int64) {
        // Never before 1970: PublishedTime.range.
        let days = Int(milliseconds) / 86_400_000
        let rest = Int(milliseconds) - days * 86_400_000
        let shifted = days + 719_468
        let cycle = shifted / 146_097
        let dayOfCycle = shifted - cycle * 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0)
        digits(year, 4)
        byte(UInt8(ascii: "-"))
        digits(month, 2)
        byte(UInt8(ascii: "-"))
        digits(day, 2)
        byte(UInt8(ascii: "T"))
        digits(rest / 3_600_000, 2)
        byte(UInt8(ascii: ":"))
        digits(rest / 60_000 % 60, 2)
        byte(UInt8(ascii: ":"))
        digits(rest / 1_000 % 60, 2)
        byte(UInt8(ascii: "."))
        digits(rest % 1_000, 3)
        byte(UInt8(ascii: "Z"))
    }

    private mutating func digits(_ value: Int, _ width: Int) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            byte(UInt8(truncatingIfNeeded: value / divisor % 10) + 0x30)
            divisor /= 10
        }
    }
}

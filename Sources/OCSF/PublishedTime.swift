import Time

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
        guard let date = CivilDate(year: year, month: month, day: day), hour < 24, minute < 60, second <= 60 else {
            return nil
        }
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
        let seconds = date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second
        milliseconds = Int64(seconds * 1_000 + fraction - offset)
        guard Self.range.contains(milliseconds) else { return nil }
    }
}

private func twoDigits(_ bytes: UnsafePointer<UInt8>, _ at: Int) -> Int? {
    let tens = bytes[at] &- 0x30
    let ones = bytes[at + 1] &- 0x30
    return tens < 10 && ones < 10 ? Int(tens) * 10 + Int(ones) : nil
}

extension RecordWriter {
    /// RFC 3339 in UTC with milliseconds, without quotes.
    mutating func dateTime(_ milliseconds: Int64) {
        let time = CivilTime(milliseconds: milliseconds)
        digits(time.date.year, 4)
        byte(UInt8(ascii: "-"))
        digits(time.date.month, 2)
        byte(UInt8(ascii: "-"))
        digits(time.date.day, 2)
        byte(UInt8(ascii: "T"))
        digits(time.hour, 2)
        byte(UInt8(ascii: ":"))
        digits(time.minute, 2)
        byte(UInt8(ascii: ":"))
        digits(time.second, 2)
        byte(UInt8(ascii: "."))
        digits(time.millisecond, 3)
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

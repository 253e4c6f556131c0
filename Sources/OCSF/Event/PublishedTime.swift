import Time

/// A time in the forms in which LogEvents and their exporters write it, read without allocation.
///
/// A readable text is an ISO 8601 date and time that names one instant. It has these parts:
/// - A calendar date, an ordinal date (`2026-327`) or a week date (`2026-W48-1`), with or without hyphens.
/// - `T`, `t` or a blank between date and time (note in RFC 3339 section 5.6).
/// - A time with or without colons, and with or without seconds. The seconds may have a fraction after a point or a comma.
/// - An offset: `Z`, `z`, `+01`, `+0100` or `+01:00`. A text without an offset is read as UTC, which Okta uses, and then `hasZone` is false.
///
/// A leap second counts as the first second of the next minute, and 24:00 as 0:00 of the next day. Impossible dates are unreadable. So is a date
/// without a time, because it is a day and not an instant.
struct PublishedTime: Equatable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    let milliseconds: Int64
    let hasZone: Bool

    /// A time outside the years 1973 to 5138 is unreadable. For example, a date in January 1970 most likely means that the sender used a number of
    /// seconds as if it were milliseconds.
    static let range: Range<Int64> = 100_000_000_000..<100_000_000_000_000

    init?(_ text: JSONText) {
        var digits = DigitReader(text)
        guard let days = Self.date(&digits),
            digits.take(UInt8(ascii: "T")) || digits.take(UInt8(ascii: "t")) || digits.take(UInt8(ascii: " ")),
            let time = Self.timeOfDay(&digits)
        else { return nil }
        guard let offset = digits.isAtEnd ? 0 : Self.offset(&digits) else { return nil }
        hasZone = digits.hasZone
        guard digits.isAtEnd else { return nil }
        milliseconds = Int64(days * 86_400_000 + time - offset)
        guard Self.range.contains(milliseconds) else { return nil }
    }

    /// Reads a date. Returns the days since 1970.
    private static func date(_ digits: inout DigitReader) -> Int? {
        guard let year = digits.number(of: 4) else { return nil }
        let hasHyphens = digits.take(UInt8(ascii: "-"))
        if digits.take(UInt8(ascii: "W")) {
            guard let week = digits.number(of: 2), digits.take(UInt8(ascii: "-")) == hasHyphens,
                let day = digits.number(of: 1), (1...7).contains(day), (1...weeksIn(year)).contains(week)
            else { return nil }
            return firstMonday(of: year) + (week - 1) * 7 + day - 1
        }
        // After the year, three digits are a day of the year, two digits are a month, and four digits are a month and a day without a hyphen.
        if digits.run == 3 {
            let length = CivilDate.days(inMonth: 2, of: year) + 337
            guard let day = digits.number(of: 3), (1...length).contains(day) else { return nil }
            return daysSince1970(year, 1, 1) + day - 1
        }
        guard let month = digits.number(of: 2), (1...12).contains(month),
            digits.take(UInt8(ascii: "-")) == hasHyphens, let day = digits.number(of: 2),
            (1...CivilDate.days(inMonth: month, of: year)).contains(day)
        else { return nil }
        return daysSince1970(year, month, day)
    }

    /// Reads a time of day. Returns the milliseconds since midnight.
    private static func timeOfDay(_ digits: inout DigitReader) -> Int? {
        guard let hour = digits.number(of: 2), hour <= 24 else { return nil }
        let hasColons = digits.take(UInt8(ascii: ":"))
        guard let minute = digits.number(of: 2), minute < 60 else { return nil }
        var second = 0
        var fraction = 0
        if hasColons ? digits.take(UInt8(ascii: ":")) : digits.run > 0 {
            guard let number = digits.number(of: 2), number <= 60 else { return nil }
            second = number
            if digits.take(UInt8(ascii: ".")) || digits.take(UInt8(ascii: ",")) {
                guard let milliseconds = digits.fraction() else { return nil }
                fraction = milliseconds
            }
        }
        guard hour < 24 || (minute == 0 && second == 0 && fraction == 0) else { return nil }
        return (hour * 3_600 + minute * 60 + second) * 1_000 + fraction
    }

    /// Reads an offset. Returns the milliseconds east of UTC.
    private static func offset(_ digits: inout DigitReader) -> Int? {
        digits.beginZone()
        if digits.take(UInt8(ascii: "Z")) || digits.take(UInt8(ascii: "z")) { return 0 }
        let isWest = digits.take(UInt8(ascii: "-"))
        guard isWest || digits.take(UInt8(ascii: "+")), let hours = digits.number(of: 2), hours < 24 else { return nil }
        var minutes = 0
        if !digits.isAtEnd {
            _ = digits.take(UInt8(ascii: ":"))
            guard let number = digits.number(of: 2), number < 60 else { return nil }
            minutes = number
        }
        return (hours * 60 + minutes) * (isWest ? -60_000 : 60_000)
    }
}

/// Reads the parts of a time from a text, from left to right.
private struct DigitReader {
    private let text: JSONText
    private var at = 0
    /// Whether the text has an offset, such as `Z` or `+01:00`. Set when the reader has reached the offset.
    private(set) var hasZone = false

    init(_ text: JSONText) { self.text = text }

    var isAtEnd: Bool { at == text.count }

    mutating func beginZone() { hasZone = true }

    /// The number of consecutive digits from the current position on.
    var run: Int {
        var end = at
        while end < text.count, text.start[end] &- 0x30 < 10 { end += 1 }
        return end - at
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard at < text.count, text.start[at] == byte else { return false }
        at += 1
        return true
    }

    /// Reads exactly `count` digits; nil if there are fewer.
    mutating func number(of count: Int) -> Int? {
        guard text.count - at >= count else { return nil }
        var value = 0
        for index in at..<at + count {
            let digit = text.start[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        at += count
        return value
    }

    /// Reads the digits of a fraction as thousandths. Further digits are ignored.
    mutating func fraction() -> Int? {
        let first = at
        var value = 0
        var weight = 100
        while at < text.count, text.start[at] &- 0x30 < 10 {
            value += Int(text.start[at] &- 0x30) * weight
            weight /= 10
            at += 1
        }
        return at > first ? value : nil
    }
}

/// The Monday with which a year of ISO 8601 begins, in days since 1970: the Monday of the week that contains 4 January.
private func firstMonday(of year: Int) -> Int {
    let fourth = daysSince1970(year, 1, 4)
    // 1970-01-01 was a Thursday.
    return fourth - (fourth + 3 + 7 * 1_000_000) % 7
}

private func weeksIn(_ year: Int) -> Int { (firstMonday(of: year + 1) - firstMonday(of: year)) / 7 }

/// The days since 1970 of a date that is known to be valid.
private func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    CivilDate(year: year, month: month, day: day)?.daysSince1970 ?? 0
}

extension RecordWriter {
    /// Writes a time as in RFC 3339, in UTC with milliseconds, without quotes.
    mutating func dateTime(_ milliseconds: Int64) {
        // The time is never before 1970: it is a `PublishedTime`, or the time at which this host collected the event.
        let days = Int(milliseconds) / 86_400_000
        let rest = Int(milliseconds) - days * 86_400_000
        let date = CivilDate(daysSince1970: days)
        digits(date.year, 4)
        byte(UInt8(ascii: "-"))
        digits(date.month, 2)
        byte(UInt8(ascii: "-"))
        digits(date.day, 2)
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

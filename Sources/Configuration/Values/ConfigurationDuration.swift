/// A length of time in whole seconds, written like `90s`, `5m`, `24h`, `7d` or `1h30m`; a day is 24 hours.
package struct ConfigurationDuration: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let seconds: Int

    package init(seconds: Int) { self.seconds = seconds }

    /// The duration as the standard library's type.
    package var duration: Duration { .seconds(seconds) }

    private static let units: [(name: Character, seconds: Int)] = [
        ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// Reads one or more numbers with units, larger units first and each at most once.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write whole numbers with units s, m, h, d or w, such as 90s, 5m, 24h, 7d or 1h30m"
        func refused() -> ValueError { ValueError("\(LiteralSecret.quoted(text)) is not a duration", hint: hint) }
        var rest = Substring(text)
        var total = 0
        var smallest = Int.max
        guard !rest.isEmpty else { throw ValueError("the duration is empty", hint: hint) }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            guard !digits.isEmpty, let letter = rest.popFirst(),
                let unit = Self.units.first(where: { $0.name == letter })?.seconds, unit < smallest
            else { throw refused() }
            smallest = unit
            guard let number = Int(digits) else { throw ValueError("the duration is too long", hint: hint) }
            let (product, tooLong) = number.multipliedReportingOverflow(by: unit)
            let (sum, overflow) = total.addingReportingOverflow(product)
            guard !tooLong, !overflow else { throw ValueError("the duration is too long", hint: hint) }
            total = sum
        }
        seconds = total
    }

    package static func < (left: Self, right: Self) -> Bool { left.seconds < right.seconds }

    /// The duration in days, hours, minutes and seconds. Reading this text gives the same value.
    package var description: String {
        guard seconds > 0 else { return "0s" }
        var rest = seconds
        var text = ""
        for unit in Self.units.dropFirst() where rest >= unit.seconds {
            text += "\(rest / unit.seconds)\(unit.name)"
            rest %= unit.seconds
        }
        return text
    }
}

extension [UInt8] {
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    mutating func append(_ text: String) {
        append(contentsOf: text.utf8)
    }

    mutating func appendHex(_ value: UInt64, digits: Int) {
        var shift = digits * 4
        while shift > 0 {
            shift -= 4
            let nibble = UInt8((value >> UInt64(shift)) & 15)
            append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
        }
    }

    mutating func appendDecimal(_ value: Int, width: Int = 0) {
        if value < 0 {
            append(0x2D)
            appendDecimal(-value, width: width)
            return
        }
        var digits = 1
        var limit = 10
        while value >= limit {
            digits += 1
            limit *= 10
        }
        for _ in 0..<Swift.max(0, width - digits) { append(0x30) }
        var divisor = limit / 10
        while divisor > 0 {
            append(0x30 + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    /// Appends `count` characters of Okta's identifier alphabet, derived from `value`; at most 20.
    mutating func appendBase62(_ value: UInt64, count: Int) {
        var rest = value
        for position in 0..<count {
            if position == 10 { rest = Seed.scramble(value) }
            let digit = UInt8(rest % 62)
            rest /= 62
            append(digit < 10 ? 0x30 + digit : digit < 36 ? 0x37 + digit : 0x3D + digit)
        }
    }

    /// Appends text for the inside of a JSON string, with quotes, backslashes and control characters escaped (RFC 8259 section 7).
    mutating func appendJSONEscaped(_ text: some Sequence<UInt8>) {
        for byte in text {
            switch byte {
            case 0x22: append("\\\"")
            case 0x5C: append("\\\\")
            case 0x0A: append("\\n")
            case 0..<0x20:
                append("\\u")
                appendHex(UInt64(byte), digits: 4)
            default: append(byte)
            }
        }
    }

    /// Appends text for a JSON string, with characters outside of ASCII as `\uXXXX`, if necessary as surrogate pairs.
    mutating func appendJSONASCII(_ text: String) {
        for unit in text.utf16 {
            if unit < 0x80 {
                appendJSONEscaped([UInt8(unit)])
            } else {
                append("\\u")
                appendHex(UInt64(unit), digits: 4)
            }
        }
    }

    static func jsonEscaped(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        out.appendJSONEscaped(text.utf8)
        return out
    }
}

extension String {
    /// This text as a single line. Characters that move the cursor or change the reading order become visible escapes.
    var printable: String {
        escaping { scalar in
            scalar.value < 0x20 || scalar.isDisturbing ? "\\u{\(String(scalar.value, radix: 16))}" : nil
        }
    }

    /// This JSON document, with escapes for all characters that disturb a terminal.
    var printableJSON: String {
        escaping { scalar in
            guard scalar.isDisturbing else { return nil }
            let digits = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }

    private func escaping(_ escape: (Unicode.Scalar) -> String?) -> String {
        var result = ""
        for scalar in unicodeScalars {
            if let text = escape(scalar) {
                result += text
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// Whether this is DEL, a C1 control character, a line or paragraph separator, or a mark that reorders text (Unicode TR 36, 3.2).
    fileprivate var isDisturbing: Bool {
        switch value {
        case 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

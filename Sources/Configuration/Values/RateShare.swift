/// A share of a rate limit: more than 0, at most 1.
package struct RateShare: Sendable, Hashable, CustomStringConvertible {
    package let value: Double

    /// Reads a decimal number such as `0.5`.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write a number above 0 and up to 1, such as 0.5"
        guard !text.isEmpty, text.utf8.count <= 20,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }), let value = Double(text)
        else { throw ValueError("\(LiteralSecret.quoted(text)) is not a share", hint: hint) }
        guard value > 0, value <= 1 else { throw ValueError("\(text) is out of range", hint: hint) }
        self.value = value
    }

    package var description: String { "\(value)" }
}

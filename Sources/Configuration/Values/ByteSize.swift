/// A number of bytes, written like `64MiB`, `20GiB`, `512KiB`, `10MB` or `4096`.
///
/// `KiB`, `MiB`, `GiB` and `TiB` are powers of 1024; `kB`, `MB`, `GB` and `TB` are powers of 1000 (IEC 80000-13).
package struct ByteSize: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let bytes: Int

    package init(bytes: Int) { self.bytes = bytes }

    private static let units: [(name: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("KB", 1000), ("B", 1),
    ]

    /// Reads a whole number with or without a unit.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write a whole number with a unit, such as 512KiB, 64MiB or 20GiB"
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else { throw ValueError("\(LiteralSecret.quoted(text)) is not a size", hint: hint) }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let factor = unit.isEmpty ? 1 : Self.units.first(where: { $0.name == unit })?.bytes else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not a size", hint: hint)
        }
        guard let number = Int(digits) else { throw ValueError("the size is too large", hint: hint) }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw ValueError("the size is too large", hint: hint) }
        self.bytes = bytes
    }

    package static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

    /// The shortest exact form. Reading this text gives the same value.
    package var description: String {
        for unit in Self.units where unit.bytes > 1 && bytes != 0 && bytes % unit.bytes == 0 && unit.name != "KB" {
            return "\(bytes / unit.bytes)\(unit.name)"
        }
        return "\(bytes)B"
    }
}

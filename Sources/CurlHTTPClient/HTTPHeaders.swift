/// Header lines in the order of arrival. Names are compared without regard to case (RFC 9110, 5.1).
package struct HTTPHeaders: Sendable, Hashable {
    /// One header line.
    package struct Line: Sendable, Hashable {
        /// The name in its original spelling.
        package let name: String
        /// The value without the white space around it.
        package let value: String

        /// Creates a line.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// All lines, including several with the same name.
    package private(set) var lines: [Line]

    /// Creates a list of lines.
    package init(_ lines: [Line] = []) { self.lines = lines }

    /// The values of every line named `name`, in order.
    package func values(_ name: String) -> [String] {
        lines.filter { Self.same($0.name, name) }.map(\.value)
    }

    /// The first value of `name`.
    package func first(_ name: String) -> String? {
        lines.first { Self.same($0.name, name) }?.value
    }

    /// Adds a line at the end.
    package mutating func append(_ name: String, _ value: String) {
        lines.append(Line(name, value))
    }

    /// Replaces all lines of this name by one.
    package mutating func set(_ name: String, _ value: String) {
        lines.removeAll { Self.same($0.name, name) }
        append(name, value)
    }

    /// Appends an obsolete folded line to the value of the last line (RFC 9112, 5.2).
    mutating func continueLast(_ more: String) {
        guard let last = lines.popLast() else { return }
        lines.append(Line(last.name, last.value.isEmpty ? more : last.value + " " + more))
    }

    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
}

/// A parsed JSON value that keeps the order of its members, and its scalars as they were written.
indirect enum OrderedJSON {
    case leaf(String)
    case object([(key: String, value: OrderedJSON)])
    case array([OrderedJSON])

    /// - Parameter text: valid JSON without white space outside its strings.
    init(_ text: String) {
        var rest = Array(text.utf8)[...]
        self.init(&rest)
    }

    private init(_ rest: inout ArraySlice<UInt8>) {
        switch rest.first {
        case UInt8(ascii: "{"):
            var members: [(key: String, value: OrderedJSON)] = []
            rest.removeFirst()
            while rest.first != UInt8(ascii: "}"), !rest.isEmpty {
                if rest.first == UInt8(ascii: ",") { rest.removeFirst() }
                let key = Self.scalar(&rest)
                rest.removeFirst()
                members.append((key, OrderedJSON(&rest)))
            }
            rest = rest.dropFirst()
            self = .object(members)
        case UInt8(ascii: "["):
            var elements: [OrderedJSON] = []
            rest.removeFirst()
            while rest.first != UInt8(ascii: "]"), !rest.isEmpty {
                if rest.first == UInt8(ascii: ",") { rest.removeFirst() }
                elements.append(OrderedJSON(&rest))
            }
            rest = rest.dropFirst()
            self = .array(elements)
        default: self = .leaf(Self.scalar(&rest))
        }
    }

    private static func scalar(_ rest: inout ArraySlice<UInt8>) -> String {
        var end = rest.startIndex
        if rest.first == UInt8(ascii: "\"") {
            end += 1
            while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") {
                end += rest[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            end += 1
        } else {
            while end < rest.endIndex, ![UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]")].contains(rest[end]) {
                end += 1
            }
        }
        defer { rest = rest[end...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    private var compact: String {
        switch self {
        case .leaf(let text): text
        case .object(let members): "{" + members.map { "\($0.key): \($0.value.compact)" }.joined(separator: ", ") + "}"
        case .array(let elements): "[" + elements.map(\.compact).joined(separator: ", ") + "]"
        }
    }

    /// The value as JSON for people. A value that fits into a line of 118 characters, with a comma after it, is written on one line.
    func laidOut(indent: Int = 0, lead: Int = 0) -> String {
        let line = compact
        if indent + lead + line.count <= 117 { return line }
        let margin = String(repeating: " ", count: indent + 2)
        let close = String(repeating: " ", count: indent)
        switch self {
        case .leaf: return line
        case .object(let members):
            var lines: [String] = []
            for member in members {
                let text =
                    "\(member.key): "
                    + member.value.laidOut(indent: indent + 2, lead: member.key.count + 2)
                if let last = lines.last, !last.contains("\n"), !text.contains("\n"),
                    indent + 2 + last.count + 2 + text.count <= 117
                {
                    lines[lines.count - 1] += ", " + text
                } else {
                    lines.append(text)
                }
            }
            return "{\n" + lines.map { margin + $0 }.joined(separator: ",\n") + "\n\(close)}"
        case .array(let elements):
            let lines = elements.map { margin + $0.laidOut(indent: indent + 2) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(close)]"
        }
    }
}

/// How to read a single value from text, and what messages call such a value.
struct ValueKind<Value: Sendable>: Sendable {
    let name: String
    let parse: @Sendable (String) throws(ValueError) -> Value

    init(_ name: String, _ parse: @escaping @Sendable (String) throws(ValueError) -> Value) {
        self.name = name
        self.parse = parse
    }

    /// This kind of value, limited to a range.
    func within(_ range: ClosedRange<Value>) -> Self where Value: Comparable {
        ValueKind(name) { (text) throws(ValueError) in
            let value = try parse(text)
            guard range.contains(value) else {
                throw ValueError(
                    "\(value) is out of range", hint: "write a value from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
    }

    /// One of the values of an enumeration.
    static func word() -> Self where Value: CaseIterable & RawRepresentable<String> {
        let words = Value.allCases.map(\.rawValue)
        return ValueKind("one of \(words.joined(separator: ", "))") { (text) throws(ValueError) in
            if let value = Value(rawValue: text) { return value }
            let near = NearestName.of(text, among: words)
            throw ValueError(
                "\(LiteralSecret.quoted(text)) is not a known value",
                hint: near.map { "did you mean “\($0)”?" } ?? "write one of \(words.joined(separator: ", "))")
        }
    }
}

extension [String] {
    /// The list of the values in words: `zstd, gzip or none`.
    package var alternatives: String { dropLast().joined(separator: ", ") + " or " + (last ?? "") }
}

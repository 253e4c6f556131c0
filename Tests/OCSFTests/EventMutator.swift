@testable import OCSF

/// Damages an event in one to three typical ways. A generator with the same seed gives the same damage.
struct EventMutator {
    enum Mutation: CaseIterable {
        case swapType, doubleKey, nest, hugeString, hugeNumber, loneSurrogate, notUTF8, control, truncate
        case dropMember, flipByte, repeatBytes, deleteBytes, insertStructure, escapeKey
    }

    /// Kinds of damage that usually leave the event valid JSON, so that the event reaches the mapping. `mutate` prefers these kinds.
    static let grammatical: [Mutation] = [.swapType, .swapType, .dropMember, .hugeString, .escapeKey]

    private let tape = JSONTape(keys: [])

    /// JSON values that replace a value of the event, whatever type is expected there.
    static let values: [String] = [
        "null", "true", "false", "0", "-1", "-0", "1e308", "1E400", "0.1", "17", "1000000000000000000000000000000",
        "\"\"", "\"null\"", "\"Unknown\"", "\"None\"", "\"SUCCESS\"", "\"User\"", "\"1.2.3.4\"", "\"::1\"",
        "\"fe80::1%eth0\"",
        "\"a@b.example\"", "\"/\"", "\"/a?b?c\"", "\"true\"", "\"{level=HIGH\"", "\"(((,,, \"", "\"\\u0000\"",
        "\"\\\\\"", "\"\\\"\"",
        "\"\\ud83d\\ude00\"", "\"2026-01-01T00:00:00Z\"", "\"9999-99-99T99:99:99Z\"", "\"Switzerland\"", "\"\u{FEFF}\"",
        "[]", "{}",
        "[null]", "[[],{}]", "[[[[1]]]]", "{\"a\":null}", "{\"id\":1}", "{\"\":{\"\":\"\"}}", "{\"ip\":[\"1.2.3.4\"]}",
        "[{\"type\":\"User\",\"id\":\"u\"},null,7,{\"type\":\"UserGroup\",\"displayName\":\"g\"}]",
    ]

    func mutate(_ event: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = event
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let choices = Int.random(in: 0..<4, using: &random) > 0 ? Self.grammatical : Mutation.allCases
            let mutation = choices.randomElement(using: &random) ?? .truncate
            bytes = apply(mutation, to: bytes, &random)
        }
        return bytes
    }

    private func apply(_ mutation: Mutation, to event: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = event
        let nodes = places(event)
        guard let node = nodes.randomElement(using: &random), !event.isEmpty else { return bytes }
        let at = Int.random(in: 0..<bytes.count, using: &random)
        let few = at..<min(bytes.count, at + Int.random(in: 1...40, using: &random))
        switch mutation {
        case .swapType:
            bytes.replaceSubrange(node.value, with: Self.values.randomElement(using: &random)?.utf8 ?? "".utf8)
        case .doubleKey:
            guard let member = node.member else { break }
            bytes.insert(contentsOf: Array(bytes[member]) + [UInt8(ascii: ",")], at: member.lowerBound)
        case .nest:
            let depth = [3, 40, 63, 64, 70, 5_000].randomElement(using: &random) ?? 3
            let isArray = Bool.random(using: &random)
            bytes.insert(
                contentsOf: String(repeating: isArray ? "]" : "}", count: depth).utf8, at: node.value.upperBound)
            bytes.insert(
                contentsOf: String(repeating: isArray ? "[" : "{\"a\":", count: depth).utf8, at: node.value.lowerBound)
        case .hugeString:
            let length = [300, 65_536, 1 << 18].randomElement(using: &random) ?? 300
            let unit = ["a", "é", "\\\"", "\\u0001", " ", ","].randomElement(using: &random) ?? "a"
            bytes.replaceSubrange(
                node.value, with: "\"\(String(repeating: unit, count: length / unit.utf8.count))\"".utf8)
        case .hugeNumber:
            let length = [20, 309, 1_024, 1_025, 5_000].randomElement(using: &random) ?? 20
            let sign = ["", "-", "0.", "1e"].randomElement(using: &random) ?? ""
            bytes.replaceSubrange(node.value, with: (sign + String(repeating: "9", count: length)).utf8)
        case .loneSurrogate:
            let half = ["\\ud800", "\\udfff", "\\ud83dx", "\\ud83d\\ud83d"].randomElement(using: &random) ?? ""
            bytes.replaceSubrange(node.value, with: "\"a\(half)\"".utf8)
        case .notUTF8:
            let bad: [[UInt8]] = [
                [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xE2, 0x82],
            ]
            bytes.insert(contentsOf: bad.randomElement(using: &random) ?? [], at: at)
        case .control: bytes.insert(UInt8.random(in: 0..<0x20, using: &random), at: at)
        case .truncate: bytes.removeSubrange(at...)
        case .dropMember: if let member = node.member { bytes.removeSubrange(member) }
        case .flipByte: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case .repeatBytes: bytes.insert(contentsOf: Array(bytes[few]), at: at)
        case .deleteBytes: bytes.removeSubrange(few)
        case .insertStructure:
            bytes.insert("\"\\{}[],:".utf8.randomElement(using: &random) ?? 0x22, at: at)
        case .escapeKey:
            guard let key = node.key, !key.isEmpty, bytes[key.lowerBound] < 0x80, bytes[key.lowerBound] != 0x5C else {
                break
            }
            let code = String(bytes[key.lowerBound], radix: 16)
            let escape = "\\u" + String(repeating: "0", count: 4 - code.count) + code
            bytes.replaceSubrange(key.lowerBound..<key.lowerBound + 1, with: escape.utf8)
        }
        return bytes
    }

    private struct Place {
        var value: Range<Int>
        var key: Range<Int>?
        /// The range from the key to the end of the value.
        var member: Range<Int>?
    }

    /// Where each value is in the text. If the text is no longer valid JSON, the whole text counts as one value.
    private func places(_ event: [UInt8]) -> [Place] {
        event.withUnsafeBytes { bytes in
            guard let tape, case .success(let parsed) = tape.parse(bytes) else {
                return [Place(value: 0..<event.count)]
            }
            return (0..<parsed.count).map { index in
                let node = parsed.nodes[index]
                let value = Int(node.start)..<Int(node.end)
                guard node.key_start > 0 else { return Place(value: value) }
                let key = Int(node.key_start)..<Int(node.key_end)
                return Place(value: value, key: key, member: key.lowerBound - 1..<value.upperBound)
            }
        }
    }
}

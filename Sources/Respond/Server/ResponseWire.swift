import FoundationEssentials

/// Encodes requests and answers as lines.
enum ResponseWire {
    static func line(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding these types can't fail.
        return ((try? encoder.encode(value)).map(Array.init) ?? []) + [0x0A]
    }

    static func read<Value: Decodable>(_ type: Value.Type, _ line: [UInt8]) -> Value? {
        try? JSONDecoder().decode(type, from: Data(line))
    }
}

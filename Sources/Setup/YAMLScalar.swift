import FoundationEssentials

/// Converts a text to the form in which it can be written in a YAML file.
enum YAMLScalar {
    /// The text without quotes if it can't be misread, otherwise as a JSON string in double quotes, which is valid in YAML (YAML 1.2.2, section 1.2).
    static func text(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

    /// The texts as a YAML list, such as `[a, b]`.
    static func list(_ texts: [String]) -> String { "[\(texts.map(Self.text).joined(separator: ", "))]" }

    static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isWord(first), text.utf8.last != UInt8(ascii: ":") else { return false }
        // In a list in brackets, some YAML readers take a colon as the end of a key. A text with `::`, such as an IPv6 address, is therefore quoted.
        return text.utf8.allSatisfy { isWord($0) || "._/:+-".utf8.contains($0) } && text.lowercased() != "null"
            && !text.contains("::")
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

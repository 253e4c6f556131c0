import FoundationEssentials

/// A text in the form in which a YAML file can contain it.
enum YAMLScalar {
    /// The text itself if it can't be misread, otherwise double-quoted: JSON strings are valid in YAML (YAML 1.2.2, 1.2).
    static func text(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

    /// `[a, b]`.
    static func list(_ texts: [String]) -> String { "[\(texts.map(Self.text).joined(separator: ", "))]" }

    static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isWord(first), text.utf8.last != UInt8(ascii: ":") else { return false }
        // Some readers take a colon in brackets as the end of a key, so an IPv6 address is quoted.
        return text.utf8.allSatisfy { isWord($0) || "._/:+-".utf8.contains($0) } && text.lowercased() != "null"
            && !text.contains("::")
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

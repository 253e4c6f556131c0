/// Makes text from outside (an org's answer, a file's name, an error) safe for one line of a terminal, a log or the service status.
///
/// With control characters, a remote text could move a reader's cursor or end a line early. In a notification it could add an assignment, because
/// newlines separate assignments (sd_notify(3)). Control characters become visible escapes; nothing is dropped silently.
enum PrintableText {
    /// Marks the end of a text that was cut off.
    static let ellipsis = "…"

    /// One line without control characters.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - limit: the maximum size of the result in UTF-8 bytes, at least three for the ellipsis.
    static func line(_ text: String, limit: Int) -> String {
        render(text, limit: limit, keepsLines: false)
    }

    /// Like ``line(_:limit:)``, but line ends and tabs are kept.
    static func lines(_ text: String, limit: Int) -> String {
        render(text, limit: limit, keepsLines: true)
    }

    private static func render(_ text: String, limit: Int, keepsLines: Bool) -> String {
        // Almost every text is short and plain. For such a text, one pass over its bytes is enough, and no copy is made.
        if text.utf8.count <= limit, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return text }
        let room = max(limit - ellipsis.utf8.count, 0)
        var result = ""
        // Where to cut if the text is longer than the limit: after the last complete scalar that leaves space for the ellipsis.
        var cut = 0
        for scalar in text.unicodeScalars {
            let count = result.utf8.count
            let piece = escape(scalar, keepsLines: keepsLines)
            if count + piece.utf8.count > limit {
                return String(decoding: result.utf8.prefix(cut), as: UTF8.self) + ellipsis
            }
            result += piece
            if result.utf8.count <= room { cut = result.utf8.count }
        }
        return result
    }

    private static func escape(_ scalar: Unicode.Scalar, keepsLines: Bool) -> String {
        switch scalar.value {
        case 0x0A where keepsLines, 0x09 where keepsLines: String(scalar)
        case 0x0A: "\\n"
        case 0x0D: "\\r"
        case 0x09: "\\t"
        // These scalars are the C0, DEL and C1 controls, line and paragraph separators, and marks that reorder text (Unicode TR 36, 3.2).
        case 0x00...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069:
            "\\u{\(String(scalar.value, radix: 16))}"
        default: String(scalar)
        }
    }
}

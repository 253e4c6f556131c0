/// Checks of a file's bytes before YAML is parsed: encoding, size, and structures that would make parsing expensive.
enum YAMLText {
    /// The maximum size of a file in bytes. Any hand-written configuration is far smaller: a thousand integrations take about 300 KiB.
    static let maximumBytes = 1 << 20
    /// The maximum number of aliases in a file. Nested aliases (`*a` of `*b` of `*c`…) multiply their content. With twenty aliases, the content
    /// becomes at most about 3^7 (2,187) times as large.
    static let maximumAliases = 20

    /// The text, without a byte order mark; nil if a problem was found and reported.
    static func decode(_ bytes: [UInt8], file: String, into findings: inout Findings) -> String? {
        let whole = ConfigurationPlace(file: file)
        guard bytes.count <= maximumBytes else {
            findings.error(
                at: whole, "the file has more than \(maximumBytes / 1024) KiB",
                hint: "check that this is a configuration file; if so, split it into several files in conf.d")
            return nil
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            findings.error(at: whole, "the file is in UTF-16", hint: "save the file as UTF-8")
            return nil
        }
        var content = bytes[...]
        if content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
        guard checkCharacters(content, file: file, into: &findings) else { return nil }
        guard checkAliases(content, file: file, into: &findings) else { return nil }
        return String(decoding: content, as: UTF8.self)
    }

    private static func checkCharacters(
        _ bytes: ArraySlice<UInt8>, file: String, into findings: inout Findings
    ) -> Bool {
        var place = ConfigurationPlace(file: file, line: 1, column: 1)
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return true
            case .error:
                findings.error(at: place, "the file is not valid UTF-8 here", hint: "save the file as UTF-8")
                return false
            case .scalarValue("\n"):
                place.line += 1
                place.column = 1
            case .scalarValue(let scalar):
                // Line ends, the tab, and all other characters that YAML 1.2 (section 5.1) calls printable are allowed.
                let value = scalar.value
                let isControl =
                    value < 0x20 && value != 0x09 && value != 0x0D || (0x7F...0x9F).contains(value) && value != 0x85
                if isControl || value == 0xFFFE || value == 0xFFFF {
                    findings.error(
                        at: place, "there is a control character (U+\(String(value, radix: 16, uppercase: true)))",
                        hint: "delete the character; it may have come with copied text")
                    return false
                }
                place.column += 1
            }
        }
    }

    /// Counts possible aliases. The count may be too high, but is never too low. The check must happen before parsing, because parsing spends time on
    /// each expansion.
    private static func checkAliases(
        _ bytes: ArraySlice<UInt8>, file: String, into findings: inout Findings
    ) -> Bool {
        let before: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0x5B, 0x7B, 0x2C, 0x3A, 0x3F, 0x2D]
        let after: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: "*"), UInt8(ascii: "."), UInt8(ascii: "/")]
        var place = ConfigurationPlace(file: file, line: 1, column: 1)
        var count = 0
        var last: UInt8 = 0x0A
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == UInt8(ascii: "*"), before.contains(last), index + 1 < bytes.endIndex,
                !after.contains(bytes[index + 1])
            {
                count += 1
                if count > maximumAliases {
                    findings.error(
                        at: place, "there are more than \(maximumAliases) aliases (*name)",
                        hint: "write the values out instead")
                    return false
                }
            }
            if byte == 0x0A {
                place.line += 1
                place.column = 1
            } else if byte & 0xC0 != 0x80 {
                place.column += 1
            }
            last = byte
        }
        return true
    }
}

/// Recognizes secrets that were pasted in the wrong place, even incomplete ones, and hides them in messages. In case of doubt, a text is hidden.
package enum LiteralSecret {
    /// Names of keys under which people tend to write a secret. `secret_file` is not among them, because it contains a path.
    static let keys: Set<String> = [
        "token", "secret", "api_token", "api_key", "apitoken", "password", "passwd", "passphrase", "private_key",
        "client_secret", "ssws", "bearer",
    ]

    /// Whether a text almost certainly contains a secret. Such a text is refused in every key.
    ///
    /// An Okta API token starts with `00` and has 42 characters: letters, digits, `-` and `_`
    /// (https://developer.okta.com/docs/reference/core-okta-api/#authentication). Okta's identifiers, which also start with `00`, have 20 characters.
    /// Private keys are PEM or JWK text.
    ///
    /// - Parameter identifiers: whether a long random word in the text may be an identifier, such as the ID of a key or of an app.
    package static func isPresent(in text: String, identifiers: Bool = false) -> Bool {
        if text.contains("-----BEGIN") { return true }
        if text.contains("\"kty\"") && text.contains("\"d\"") { return true }
        if text.split(separator: " ").first.map({ $0.uppercased() == "SSWS" }) == true { return true }
        return runs(in: text).contains { run in
            let run = Word(withoutUUID(run))
            if run.bytes.starts(with: [0x30, 0x30]), run.bytes.count == 42 { return true }
            guard !identifiers else { return false }
            if run.bytes.starts(with: [0x30, 0x30]), run.bytes.count >= 10, run.bytes.count != 20 {
                return run.isRandom
            }
            return run.bytes.count >= 30 && run.isRandom && run.hasAllClasses
        }
    }

    /// Whether a text may contain a secret or a part of one. Messages do not repeat such a text.
    package static func mayBePresent(in text: String) -> Bool {
        isPresent(in: text) || runs(in: text).contains { Word($0).isRandom }
    }

    /// Whether an argument of a command is, or may be, a secret or a part of one. Paths, texts with a dot, and valid names may look random, so they
    /// are refused only if they almost certainly contain a secret. (A token contains capitals, but a valid name never does.)
    package static func isPasted(_ argument: String) -> Bool {
        if isPresent(in: argument, identifiers: true) { return true }
        guard !argument.contains("/"), !argument.contains("."), (try? Name(parsing: argument)) == nil else {
            return false
        }
        return mayBePresent(in: argument)
    }

    /// Text for a message: quoted, shortened, without control characters. A text that might be a mistyped or incomplete secret is left out entirely.
    ///
    /// - Parameter name: a name that is not secret. If the text is a path that ends with the name, the name is shown even if it looks like a secret.
    package static func quoted(_ text: String, naming name: String? = nil) -> String {
        let unknown = name.map { text.hasSuffix("/\($0)") ? String(text.dropLast($0.count)) : text } ?? text
        if mayBePresent(in: unknown) { return "(a value that is not shown, because it may be a secret)" }
        var shown = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            if count == 60 {
                shown += "…"
                break
            }
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return "“\(shown)”"
    }

    /// A person's text, with `…` instead of each word that may be a secret or a part of one.
    package static func masked(_ text: String) -> String {
        guard mayBePresent(in: text) else { return text }
        if isPresent(in: text), runs(in: text).allSatisfy({ !Word($0).isRandom }) { return "…" }
        let bytes = Array(text.utf8)
        var kept: [UInt8] = []
        var end = 0
        for run in runs(in: text) where Word(run).isRandom {
            kept += bytes[end..<run.startIndex] + Array("…".utf8)
            end = run.endIndex
        }
        return String(decoding: kept + bytes[end...], as: UTF8.self)
    }

    /// A run of letters, digits, `-`, `_`, `+` and `=`.
    private struct Word {
        let bytes: ArraySlice<UInt8>
        /// The number of letters and digits.
        private var count = 0
        /// The number of pieces. A piece is a sequence of digits, of capitals, or of small letters. Capitals and the small letters after them count
        /// as one piece.
        private var pieces = 0
        private var hasDigit = false
        private var hasCapital = false
        private var hasSmall = false

        init(_ bytes: ArraySlice<UInt8>) {
            self.bytes = bytes
            var last: UInt8 = 0
            for byte in bytes {
                let kind: UInt8 =
                    switch byte {
                    case 0x30...0x39: 1
                    case 0x41...0x5A: 2
                    case 0x61...0x7A: 3
                    default: 0
                    }
                hasDigit = hasDigit || kind == 1
                hasCapital = hasCapital || kind == 2
                hasSmall = hasSmall || kind == 3
                if kind != 0 {
                    count += 1
                    if kind != last, !(last == 2 && kind == 3) { pieces += 1 }
                }
                last = kind
            }
        }

        var hasAllClasses: Bool { hasDigit && hasCapital && hasSmall }

        /// Whether the word looks like a token or a part of one: it begins with `00`, is long and mixes digits with capitals, or consists of short
        /// pieces (see `pieces`). An ordinary word, number, date or size of the same length has longer pieces.
        var isRandom: Bool {
            guard hasDigit || (hasCapital && hasSmall) else { return false }
            if bytes.allSatisfy({ (0x30...0x39).contains($0) || [0x2D, 0x54, 0x5A].contains($0) }) { return false }
            if bytes.starts(with: [0x30, 0x30]), count >= 5 { return true }
            if count >= 10, hasAllClasses { return true }
            if bytes.count >= 16, hasDigit, hasCapital { return true }
            if count >= 8, 2 * count < 5 * pieces { return true }
            return count >= 6 && count < 2 * pieces
        }
    }

    private static func runs(in text: String) -> [ArraySlice<UInt8>] {
        let bytes = Array(text.utf8)
        var found: [ArraySlice<UInt8>] = []
        var start = 0
        for index in 0...bytes.count {
            if index < bytes.count, isTokenByte(bytes[index]) { continue }
            if index > start { found.append(bytes[start..<index]) }
            start = index + 1
        }
        return found
    }

    /// Removes a UUID (RFC 9562) from the end of a word. Names of directories and of resources often end with UUIDs, which are not secrets.
    private static func withoutUUID(_ run: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let end = run.suffix(36)
        let isUUID =
            end.count == 36
            && zip(end, 0...).allSatisfy { byte, place in
                [8, 13, 18, 23].contains(place)
                    ? byte == 0x2D : (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte & 0xDF)
            }
        return isUUID ? run.dropLast(36) : run
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "+"),
            UInt8(ascii: "="):
            true
        default: false
        }
    }
}

/// Recognises secrets that were pasted into the configuration, and keeps text that may be one out of messages.
enum LiteralSecret {
    /// Keys under which people put a secret itself. `secret_file` holds a path and is not among them.
    static let keys: Set<String> = [
        "token", "secret", "api_token", "api_key", "apitoken", "password", "passwd", "passphrase", "private_key",
        "client_secret", "ssws", "bearer",
    ]

    /// Okta API tokens are 42 characters, beginning with `00`, of letters, digits, `-` and `_`
    /// (https://developer.okta.com/docs/reference/core-okta-api/#authentication); private keys are PEM or JWK text.
    static func isPresent(in text: String) -> Bool {
        if text.contains("-----BEGIN") { return true }
        if text.contains("\"kty\"") && text.contains("\"d\"") { return true }
        return runs(in: text) { run in run.count == 42 && run.starts(with: [0x30, 0x30]) }
            || text.split(separator: " ").first.map { $0.uppercased() == "SSWS" } == true
    }

    /// Text as it may stand in a message: quoted, shortened, without control characters, and left out entirely when
    /// it might be a secret that was mistyped or cut.
    static func quoted(_ text: String) -> String {
        if isPresent(in: text) || mayBeOpaque(text) { return "(a value not repeated here, it may be a secret)" }
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

    /// A run of 16 and more letters, digits, `-`, `_`, `+`, `=` with digits and capitals among them: no word of a
    /// person, rather a token.
    private static func mayBeOpaque(_ text: String) -> Bool {
        runs(in: text) { run in
            run.count >= 16 && run.contains { (0x30...0x39).contains($0) }
                && run.contains { (0x41...0x5A).contains($0) }
        }
    }

    private static func runs(in text: String, where accept: (ArraySlice<UInt8>) -> Bool) -> Bool {
        let bytes = Array(text.utf8)
        var start = 0
        for index in 0...bytes.count {
            if index < bytes.count, isTokenByte(bytes[index]) { continue }
            if index > start, accept(bytes[start..<index]) { return true }
            start = index + 1
        }
        return false
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

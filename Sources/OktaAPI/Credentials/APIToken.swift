import CurlHTTPClient

/// An Okta API token. It is sent as `Authorization: SSWS …` and never printed.
package struct APIToken: Credential, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let secret: String

    /// Reads a token, with or without a leading `SSWS ` and surrounding white space.
    ///
    /// - Parameter place: where the text comes from, for the error.
    /// - Throws: ``CredentialError`` if the text is empty, has several words, or contains a character that no token has.
    package init(parsing text: String, place: String = "the API token") throws(CredentialError) {
        var token = Self.trimmed(text[...])
        if token.prefix(4).lowercased() == "ssws", token.dropFirst(4).first.map(\.isWhitespace) ?? true {
            token = Self.trimmed(token.dropFirst(4))
        }
        guard !token.isEmpty else { throw .empty(place: place) }
        guard token.utf8.count <= 1024, token.utf8.allSatisfy(Self.isTokenByte) else {
            throw .notOneToken(place: place)
        }
        secret = String(token)
    }

    package func authorize(_ request: inout HTTPRequest) {
        request.headers.set("Authorization", "SSWS \(secret)")
    }

    /// The same text for every token, so that no log shows a secret.
    package var description: String { "API token (not shown)" }
    /// The same text for every token, so that no log shows a secret.
    package var debugDescription: String { description }
    /// Has no children, so that `dump` shows nothing of the token.
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Whether a token may contain the byte. A token has the characters of `token68` (RFC 7235, 2.1). E-mail addresses, URLs with a query, and quoted
    /// texts contain other characters.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._~+/=".utf8.contains(byte)
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

/// An API token in a file. The token is read again when the file is replaced.
package struct APITokenFile: Credential {
    private let file: SecretFile<APIToken, CredentialError>

    /// Does not read the file yet. Call ``check()`` to read it.
    package init(path: String) {
        file = SecretFile(path: path, maximumBytes: 4095) { text throws(CredentialError) in
            try APIToken(parsing: text, place: path)
        }
    }

    /// Reads the file, so that problems are found when the daemon starts.
    ///
    /// - Throws: ``CredentialError``.
    package func check() throws(CredentialError) { _ = try file.value() }

    package func authorize(_ request: inout HTTPRequest) throws(AuthorizationFailure) {
        do throws(CredentialError) {
            try file.value().authorize(&request)
        } catch {
            throw .credential(error)
        }
    }

    package var version: SecretVersion? { file.version }
    package func readAgain() { file.forget() }
}

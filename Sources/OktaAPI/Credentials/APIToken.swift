/// An Okta API token. Sent as `Authorization: SSWS …`; never printed.
package struct APIToken: Credential, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let secret: String

    /// Takes a token with or without `SSWS ` in front and white space around.
    ///
    /// - Parameter place: where the text is from, for the error.
    /// - Throws: ``CredentialError`` when it is empty, of several words, or holds anything but visible ASCII.
    package init(parsing text: String, place: String = "the API token") throws(CredentialError) {
        var token = Self.trimmed(text[...])
        if token.prefix(4).lowercased() == "ssws", token.dropFirst(4).first.map(\.isWhitespace) ?? true {
            token = Self.trimmed(token.dropFirst(4))
        }
        guard !token.isEmpty else { throw .empty(place: place) }
        guard token.utf8.count <= 1024, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .malformed(place: place)
        }
        secret = String(token)
    }

    package func authorize(_ request: inout HTTPRequest) {
        request.headers.set("Authorization", "SSWS \(secret)")
    }

    /// The same words for every token.
    package var description: String { "API token (not shown)" }
    /// The same words for every token.
    package var debugDescription: String { description }
    /// Without children: a dump shows nothing.
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

/// An API token in a file, taken up again when the file is replaced.
package struct APITokenFile: Credential {
    private let file: SecretFile<APIToken>

    /// Does not touch the file yet; ``check()`` does.
    package init(path: String) {
        file = SecretFile(path: path, maximumBytes: 4095) { text throws(CredentialError) in
            try APIToken(parsing: text, place: path)
        }
    }

    /// Reads the file, so that trouble shows at the start.
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

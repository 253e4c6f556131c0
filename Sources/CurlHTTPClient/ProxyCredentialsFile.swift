/// User and password for a proxy, as `user:password` on one line of a file, read again when the file is replaced.
package struct ProxyCredentialsFile: Sendable {
    /// Never printed.
    struct Credentials: Sendable, CustomStringConvertible, CustomReflectable {
        let user: String
        let password: String

        var description: String { "proxy credentials (not shown)" }
        var customMirror: Mirror { Mirror(self, children: [:]) }
    }

    /// Why there are none; never holds a part of them.
    struct Failure: Error {
        let words: String
    }

    private let file: SecretFile<Credentials, SecretFileError>

    /// Does not touch the file yet.
    package init(path: String) {
        file = SecretFile(path: path, maximumBytes: 1024) { text throws(SecretFileError) in
            guard let credentials = Self.parse(text) else { throw .malformed(place: path) }
            return credentials
        }
    }

    /// What the file holds now.
    func current() throws(Failure) -> Credentials {
        do throws(SecretFileError) {
            return try file.value()
        } catch {
            switch error {
            case .malformed: throw Failure(words: "\(file.path) does not hold user:password on one line")
            case .unreadable(let path, let reason):
                throw Failure(
                    words: "the secret file \(path) can't be read (\(reason)): check the path and its permissions")
            }
        }
    }

    /// The first colon parts them: a password may hold more (RFC 7617, section 2). White space inside is theirs.
    static func parse(_ line: String) -> Credentials? {
        var text = line[...]
        while text.last?.isNewline == true { text.removeLast() }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), let colon = text.firstIndex(of: ":"),
            colon > text.startIndex
        else { return nil }
        return Credentials(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
    }
}

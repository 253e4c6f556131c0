/// A file with the user and password for a proxy, as `user:password` on one line. It is read again when it is replaced.
package struct ProxyCredentialsFile: Sendable {
    /// A user and a password. They are never printed.
    struct Credentials: Sendable, CustomStringConvertible, CustomReflectable {
        let user: String
        let password: String

        var description: String { "proxy credentials (not shown)" }
        var customMirror: Mirror { Mirror(self, children: [:]) }
    }

    /// Why there are no credentials. The text never contains a part of the user name or password.
    struct Failure: Error {
        let words: String
    }

    private let file: SecretFile<Credentials, SecretFileError>

    /// Sets the path of the file. The file is not read yet.
    package init(path: String) {
        file = SecretFile(path: path, maximumBytes: 1024) { text throws(SecretFileError) in
            guard let credentials = Self.parse(text) else { throw .malformed(place: path) }
            return credentials
        }
    }

    /// The credentials in the file as it is now.
    func current() throws(Failure) -> Credentials {
        do throws(SecretFileError) {
            return try file.value()
        } catch {
            switch error {
            case .malformed: throw Failure(words: "\(file.path) does not contain user:password on one line")
            case .unreadable(let path, let reason):
                throw Failure(
                    words: "the secret file \(path) can't be read (\(reason)): check the path and its permissions")
            }
        }
    }

    /// Splits a line at the first colon, because a password may contain further colons (RFC 7617, section 2). White space inside the line is kept.
    static func parse(_ line: String) -> Credentials? {
        var text = line[...]
        while text.last?.isNewline == true { text.removeLast() }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), let colon = text.firstIndex(of: ":"),
            colon > text.startIndex
        else { return nil }
        return Credentials(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
    }
}

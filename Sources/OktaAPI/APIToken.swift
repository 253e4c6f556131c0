import Glibc
import Synchronization

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

    package func authorize(_ request: inout HTTPRequest) throws(CredentialError) {
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
///
/// Each request looks at the file's inode, size and times (one `stat`); only when one of them has changed is it read. A
/// replacement that can't be used is an error until it is put right: an operator who rotates wants to hear of it.
package final class APITokenFile: Credential {
    /// Where the token is.
    package let path: String

    private struct Stamp: Equatable {
        var device: UInt
        var inode: UInt
        var size: Int
        var modified: [Int]
        var changed: [Int]

        init(_ status: stat) {
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
            size = Int(status.st_size)
            modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
            changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        }
    }

    private let known = Mutex<(stamp: Stamp, token: APIToken)?>(nil)

    /// Does not touch the file yet; ``check()`` does.
    package init(path: String) { self.path = path }

    /// Reads the file, so that trouble shows at the start.
    ///
    /// - Throws: ``CredentialError``.
    package func check() throws(CredentialError) { _ = try token() }

    package func authorize(_ request: inout HTTPRequest) throws(CredentialError) {
        try token().authorize(&request)
    }

    private func token() throws(CredentialError) -> APIToken {
        var status = stat()
        guard stat(path, &status) == 0 else { throw unreadable(errno) }
        let stamp = Stamp(status)
        if let known = known.withLock({ $0 }), known.stamp == stamp { return known.token }
        return try read()
    }

    private func read() throws(CredentialError) -> APIToken {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unreadable(errno) }
        defer { close(file) }
        // The stamp is of the file that is read, whatever the path names by now.
        var status = stat()
        guard fstat(file, &status) == 0 else { throw unreadable(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path: path, reason: "not a plain file") }
        var bytes = [UInt8](repeating: 0, count: 4096)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw unreadable(errno) }
            if got == 0 { break }
            count += got
        }
        guard let text = String(validating: bytes[..<count], as: UTF8.self), count < bytes.count else {
            throw .malformed(place: path)
        }
        let token = try APIToken(parsing: text, place: path)
        known.withLock { $0 = (Stamp(status), token) }
        return token
    }

    private func unreadable(_ code: Int32) -> CredentialError {
        .unreadable(path: path, reason: String(cString: strerror(code)))
    }
}

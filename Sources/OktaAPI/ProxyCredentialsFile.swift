import Glibc
import Synchronization

/// User and password for a proxy, as `user:password` on one line of a file, taken up again when the file is replaced.
package final class ProxyCredentialsFile: Sendable {
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

    private let path: String
    private let known = Mutex<(stamp: FileStamp, credentials: Credentials)?>(nil)

    /// Does not touch the file yet.
    package init(path: String) { self.path = path }

    /// What the file holds now: one `stat`, and a reading where that shows a change.
    func current() throws(Failure) -> Credentials {
        var status = stat()
        guard stat(path, &status) == 0 else { throw unreadable(errno) }
        let stamp = FileStamp(status)
        if let known = known.withLock({ $0 }), known.stamp == stamp { return known.credentials }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unreadable(errno) }
        defer { close(file) }
        // The stamp is of the file that is read, whatever the path names by now.
        guard fstat(file, &status) == 0 else { throw unreadable(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(words: "\(path) is not a plain file") }
        var bytes = [UInt8](repeating: 0, count: Self.maximumBytes + 1)
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
        guard let credentials = Self.parse(bytes[..<count]) else {
            throw Failure(words: "\(path) does not hold user:password on one line")
        }
        known.withLock { $0 = (FileStamp(status), credentials) }
        return credentials
    }

    /// More is no user and password.
    private static let maximumBytes = 1024

    /// The first colon parts them: a password may hold more (RFC 7617, section 2). White space inside is theirs.
    static func parse(_ bytes: some Collection<UInt8>) -> Credentials? {
        guard bytes.count <= maximumBytes, var text = String(validating: bytes, as: UTF8.self)?[...] else { return nil }
        while text.last?.isNewline == true { text.removeLast() }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), let colon = text.firstIndex(of: ":"),
            colon > text.startIndex
        else { return nil }
        return Credentials(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
    }

    private func unreadable(_ code: Int32) -> Failure {
        Failure(words: "\(path) can't be read: \(String(cString: strerror(code)))")
    }
}

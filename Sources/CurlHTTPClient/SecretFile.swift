import Glibc
import Synchronization

/// A secret in a file, which is read again when the file is replaced.
///
/// Each use checks the file's inode, size and times with one `stat`, and reads the file only if one of them has changed. If the new file is not
/// valid, each use fails until the file is corrected; the old secret is not used any more. An operator who rotates a secret therefore notices the
/// mistake.
package final class SecretFile<Secret: Sendable, Failure: SecretFileFailure>: Sendable {
    /// The path of the secret.
    package let path: String
    private let maximumBytes: Int
    private let parse: @Sendable (String) throws(Failure) -> Secret
    private let state = Mutex<State>(State())

    private struct State {
        /// The file's version at the last use; nil if there was no file.
        var seen: SecretVersion?
        var known: (version: SecretVersion, secret: Secret)?
    }

    /// Sets the path of the file. The file is not read yet.
    ///
    /// - Parameter maximumBytes: a larger file is refused as malformed.
    package init(
        path: String, maximumBytes: Int, parse: @escaping @Sendable (String) throws(Failure) -> Secret
    ) {
        self.path = path
        self.maximumBytes = maximumBytes
        self.parse = parse
    }

    /// The secret in the file as it is now.
    package func value() throws(Failure) -> Secret {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            state.withLock { $0.seen = nil }
            throw unreadable(code)
        }
        let version = SecretVersion(status)
        let known = state.withLock { state in
            state.seen = version
            return state.known
        }
        if let known, known.version == version { return known.secret }
        return try read()
    }

    /// The present version of the file, without reading it; nil if there is none.
    package var version: SecretVersion? {
        var status = stat()
        return stat(path, &status) == 0 ? SecretVersion(status) : nil
    }

    /// Whether the file has been created, changed, replaced or removed since the last use.
    package var isReplaced: Bool {
        let now = version
        return state.withLock { $0.seen != now }
    }

    /// Forgets the secret: the next use reads the file, even if it seems unchanged.
    package func forget() {
        state.withLock { $0.known = nil }
    }

    private func read() throws(Failure) -> Secret {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unreadable(errno) }
        defer { close(file) }
        // The version is read from the opened file and not from the path, which may already lead to a newer file.
        var status = stat()
        guard fstat(file, &status) == 0 else { throw unreadable(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path: path, reason: "not a regular file") }
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
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
        guard let text = String(validating: bytes[..<count], as: UTF8.self), count <= maximumBytes else {
            throw .malformed(place: path)
        }
        let secret = try parse(text)
        let version = SecretVersion(status)
        state.withLock { state in
            state.seen = version
            state.known = (version, secret)
        }
        return secret
    }

    private func unreadable(_ code: Int32) -> Failure {
        .unreadable(
            path: path,
            reason: (code == ENOENT ? SecretFailure.reason(besides: path) : nil) ?? String(cString: strerror(code)))
    }
}

/// The errors with which a ``SecretFile`` reports that there is no secret. Each caller uses its own error type. An error contains no part of the
/// secret.
package protocol SecretFileFailure: Error {
    /// The file can't be read. `reason` says why: the system's error text, or the reason that ``SecretFailure`` has found.
    static func unreadable(path: String, reason: String) -> Self
    /// The file is larger than a secret can be, is not text, or does not have the form of the secret.
    static func malformed(place: String) -> Self
}

/// Why there is no secret, for callers that do not need an error type of their own.
package enum SecretFileError: SecretFileFailure {
    case unreadable(path: String, reason: String)
    case malformed(place: String)
}

/// Identifies a version of a secret's file without reading the file.
package struct SecretVersion: Hashable, Sendable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let modified: [Int]
    private let changed: [Int]

    fileprivate init(_ status: stat) {
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
}

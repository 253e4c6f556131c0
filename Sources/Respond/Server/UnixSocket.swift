import Glibc

/// Stream sockets with a path (unix(7)).
enum UnixSocket {
    /// A failed system call, with its errno.
    struct Failure: Error {
        let code: Int32
        var words: String { String(cString: strerror(code)) }
    }

    /// The maximum number of clients that may wait to be accepted.
    private static let backlog: Int32 = 128

    /// Creates a socket at the path, and listens on it. Root, the socket's owner and its group may connect. The socket gets the directory's group if
    /// the directory has the set-group-id bit, otherwise the process's group.
    ///
    /// An existing socket at the path is replaced if no process listens on it any more.
    static func listen(_ path: String) throws(Failure) -> Int32 {
        if let other = try? connect(path, seconds: 1) {
            close(other)
            throw Failure(code: EADDRINUSE)
        }
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK else { throw Failure(code: EEXIST) }
            unlink(path)
        }
        let descriptor = try make()
        let earlier = umask(0o117)
        let code = try withAddress(path) { bind(descriptor, $0, $1) }
        umask(earlier)
        guard code == 0, Glibc.listen(descriptor, backlog) == 0 else {
            let code = errno
            close(descriptor)
            throw Failure(code: code)
        }
        return descriptor
    }

    /// - Parameter seconds: how long to wait while the backlog is full.
    static func connect(_ path: String, seconds: Int) throws(Failure) -> Int32 {
        let descriptor = try make()
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        guard try withAddress(path, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let code = errno
            close(descriptor)
            throw Failure(code: code)
        }
        return descriptor
    }

    /// The group of a bound socket's file; nil if it can't be determined.
    static func group(of descriptor: Int32) -> gid_t? {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard code == 0 else { return nil }
        let path = withUnsafeBytes(of: &address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        var status = stat()
        guard !path.isEmpty, stat(path, &status) == 0 else { return nil }
        return status.st_gid
    }

    private static func make() throws(Failure) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(Failure) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // The path needs room for its terminating zero byte.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Failure(code: ENAMETOOLONG) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

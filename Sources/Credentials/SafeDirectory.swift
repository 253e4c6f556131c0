import Glibc

/// An open directory. Its files are created, read and removed through its descriptor, so replacing the path has no effect.
///
/// Links are not followed. Only regular files are read. Creating a file fails if its name already exists.
package final class SafeDirectory: Sendable {
    package let path: String
    let descriptor: Int32

    /// The maximum size of a secret in bytes, larger than any token or private key. An encrypted secret may be larger
    /// (``SystemdCreds/encryptedLimit``).
    package static let secretLimit = 64 << 10
    /// The maximum number of files in a directory.
    static let fileLimit = 4_096

    /// Opens the directory; nil if it does not exist.
    ///
    /// - Throws: if anyone but the directory's owner may write in the directory, or if it belongs neither to root nor to this process's user.
    package init?(_ path: String) throws(CredentialFileError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw CredentialFileError("cannot open", path)
        }
        // deinit closes the descriptor, even if one of the checks below fails.
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw CredentialFileError("cannot examine", path) }
        guard status.st_uid == 0 || status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw CredentialFileError(
                "\(path): users other than its owner may write in it, or its owner is neither root nor this user: run chown root and chmod go-w"
            )
        }
    }

    /// Opens a directory. If the directory is missing, creates it with this mode, and its missing parents with mode 0755.
    package static func made(_ path: String, mode: mode_t) throws(CredentialFileError) -> SafeDirectory {
        var parents: [Substring] = []
        for part in path.split(separator: "/").dropLast() {
            parents.append(part)
            _ = mkdir("/" + parents.joined(separator: "/"), 0o755)
        }
        let isNew = mkdir(path, mode) == 0
        if !isNew, errno != EEXIST { throw CredentialFileError("cannot make", path) }
        guard let directory = try SafeDirectory(path) else { throw CredentialFileError("cannot open", path) }
        // mkdir applies the umask, so the mode is set again.
        if isNew, fchmod(directory.descriptor, mode) != 0 { throw CredentialFileError("cannot make", path) }
        return directory
    }

    private init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Creates a subdirectory with mode 0700, owned by this process's user. Fails if the name already exists.
    func makeDirectory(_ name: String) throws(CredentialFileError) -> SafeDirectory {
        guard mkdirat(descriptor, name, 0o700) == 0 else { throw CredentialFileError("cannot make", "\(path)/\(name)") }
        return try directory(name)
    }

    /// Opens a subdirectory, which any user may own.
    func directory(_ name: String) throws(CredentialFileError) -> SafeDirectory {
        let inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard inner >= 0 else { throw CredentialFileError("cannot open", "\(path)/\(name)") }
        return SafeDirectory(inner, path: "\(path)/\(name)")
    }

    /// The names of the directory's entries, sorted.
    func names() throws(CredentialFileError) -> [String] {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw CredentialFileError("cannot list", path) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            guard names.count < Self.fileLimit else {
                throw CredentialFileError(
                    "\(path) contains more than \(Self.fileLimit) files: remove those that are not credentials")
            }
            names.append(name)
        }
        guard errno == 0 else { throw CredentialFileError("cannot list", path) }
        return names.sorted()
    }

    func holds(_ name: String) -> Bool {
        var status = stat()
        return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// When the contents of a file last changed, in seconds since 1970; nil if there is no such file.
    func modified(_ name: String) -> Int? {
        var status = stat()
        return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_mtim.tv_sec : nil
    }

    /// Reads the whole contents of a file.
    package func read(_ name: String, limit: Int = secretLimit) throws(CredentialFileError) -> [UInt8] {
        let shown = "\(path)/\(name)"
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ELOOP {
                throw CredentialFileError("\(shown) is a link: replace it with a file that contains the secret")
            }
            throw CredentialFileError("cannot read", shown)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw CredentialFileError("cannot read", shown) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CredentialFileError("\(shown) is not a regular file") }
        guard status.st_size <= limit else {
            throw CredentialFileError("\(shown) is larger than \(limit >> 10) KiB, the maximum for this file")
        }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress?.advanced(by: count), $0.count - count, count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw CredentialFileError("cannot read", shown) }
            if got == 0 { break }
            count += got
        }
        guard count <= limit else { throw CredentialFileError("\(shown) grew while it was read: try again") }
        return Array(bytes[..<count])
    }

    /// Creates a file, and changes its owner if `owner` is given. Fails if the name already exists.
    func write(_ name: String, _ bytes: [UInt8], mode: mode_t, owner: (uid_t, gid_t)? = nil)
        throws(CredentialFileError)
    {
        let shown = "\(path)/\(name)"
        let file = openat(descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else { throw CredentialFileError("cannot make", shown) }
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw CredentialFileError("cannot write", shown) }
            written += count
        }
        guard fchmod(file, mode) == 0, owner.map({ fchown(file, $0.0, $0.1) == 0 }) ?? true, fsync(file) == 0 else {
            throw CredentialFileError("cannot write", shown)
        }
    }

    /// Creates or replaces a file. At any time, the file has either the complete old contents or the complete new ones.
    package func replace(
        _ name: String, _ bytes: [UInt8], mode: mode_t, owner: (uid_t, gid_t)? = nil
    ) throws(CredentialFileError) {
        let temporary = try writeTemporary(name, bytes, mode: mode, owner: owner)
        guard renameat(descriptor, temporary, descriptor, name) == 0 else {
            let error = CredentialFileError("cannot replace", "\(path)/\(name)")
            remove(temporary)
            throw error
        }
        fsync(descriptor)
    }

    /// Creates a file with its complete contents, or not at all. Fails if the file already exists.
    package func create(_ name: String, _ bytes: [UInt8], mode: mode_t) throws(CredentialFileError) {
        let temporary = try writeTemporary(name, bytes, mode: mode, owner: nil)
        defer { remove(temporary) }
        guard linkat(descriptor, temporary, descriptor, name, 0) == 0 else {
            if errno == EEXIST { throw CredentialFileError("\(path)/\(name) already exists, and is not replaced") }
            throw CredentialFileError("cannot make", "\(path)/\(name)")
        }
        fsync(descriptor)
    }

    private func writeTemporary(
        _ name: String, _ bytes: [UInt8], mode: mode_t, owner: (uid_t, gid_t)?
    ) throws(CredentialFileError) -> String {
        let temporary = ".\(name).\(Self.random()).new"
        do {
            try write(temporary, bytes, mode: mode, owner: owner)
        } catch {
            remove(temporary)
            throw error
        }
        return temporary
    }

    /// The owner and the mode of a file.
    package struct Attributes: Sendable {
        package let mode: mode_t
        package let owner: (uid_t, gid_t)
        /// Whether this is a regular file, and not a link, a directory or a device.
        package let isRegular: Bool
    }

    /// The owner and the mode of a file; nil if it does not exist.
    package func attributes(_ name: String) -> Attributes? {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return Attributes(
            mode: status.st_mode & 0o7777, owner: (status.st_uid, status.st_gid),
            isRegular: status.st_mode & S_IFMT == S_IFREG)
    }

    /// Returns whether the file was removed.
    @discardableResult
    package func remove(_ name: String) -> Bool { unlinkat(descriptor, name, 0) == 0 }

    /// Removes a directory with its contents, including up to `depth` levels of subdirectories.
    func removeDirectory(_ name: String, depth: Int = 8) {
        guard let inner = try? directory(name) else { return }
        for file in (try? inner.names()) ?? [] where !inner.remove(file) && depth > 0 {
            inner.removeDirectory(file, depth: depth - 1)
        }
        unlinkat(descriptor, name, AT_REMOVEDIR)
    }

    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(UInt64.random(in: .min ... .max, using: &generator), radix: 36)
    }
}

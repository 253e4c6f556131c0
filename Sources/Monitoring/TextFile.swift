import FoundationEssentials
import Glibc

/// The metrics as a file for node_exporter's textfile collector. The file is replaced atomically, is readable by everybody, and is removed when the
/// daemon stops, because its figures would be out of date.
struct TextFile: Sendable {
    /// Why the file can't be written.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The absolute path of the file.
    let path: String

    func write(_ bytes: [UInt8]) throws(Failure) {
        // The temporary name does not end in .prom, so node_exporter does not read a partial file.
        let temporary = path + ".new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure(temporary) }
        // Everybody may read the file, regardless of the umask, because it contains no secret.
        let isWritten = fchmod(file, 0o644) == 0 && bytes.withUnsafeBytes { Self.writeAll($0, to: file) }
        let code = errno
        close(file)
        errno = code
        guard isWritten, rename(temporary, path) == 0 else {
            let failure = failure(path)
            unlink(temporary)
            throw failure
        }
    }

    func remove() { unlink(path) }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to file: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(file, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    private func failure(_ path: String) -> Failure {
        Failure(description: "cannot write \(path): \(String(cString: strerror(errno)))")
    }
}

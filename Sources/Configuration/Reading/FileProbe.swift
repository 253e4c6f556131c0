import FoundationEssentials
import Glibc

/// Checks a file that the configuration names: whether it exists, and whether this process can read it.
struct FileProbe {
    enum Finding: Equatable {
        case readable(bytes: Int, isWorldReadable: Bool)
        case missing
        case notAFile
        case unreadable(errno: Int32)
    }

    static func look(at path: String) -> Finding {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            return code == ENOENT || code == ENOTDIR ? .missing : .unreadable(errno: code)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return .notAFile }
        guard access(path, R_OK) == 0 else { return .unreadable(errno: errno) }
        return .readable(bytes: Int(status.st_size), isWorldReadable: status.st_mode & S_IROTH != 0)
    }

    /// Whether a file has a certificate in the form in which OpenSSL reads it (PEM, RFC 7468); nil if it can't be read or is very large.
    static func holdsCertificate(_ path: String) -> Bool? {
        guard case .readable(let bytes, _) = look(at: path), bytes <= 8 << 20,
            let contents = FileManager.default.contents(atPath: path)
        else { return nil }
        let text = String(decoding: contents, as: UTF8.self)
        return ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"].contains {
            text.contains("-----BEGIN \($0)-----")
        }
    }

    /// The system's text for an error number.
    static func words(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 200)
        // Glibc's module map selects the POSIX version of strerror_r, which returns zero and writes the text into the buffer.
        guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

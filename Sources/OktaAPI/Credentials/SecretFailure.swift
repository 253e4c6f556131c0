import Glibc

/// Why a secret was not laid down: the unit's root step writes it to a file next to where the secret would be, `PATH.failed`. It holds no part
/// of the secret.
package enum SecretFailure {
    /// Bytes of the reason that are read.
    private static let limit = 500

    /// The reason, on one line; nil where there is none.
    package static func reason(besides path: String) -> String? {
        let file = open(path + ".failed", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self).oneLine(limit: limit)
    }
}

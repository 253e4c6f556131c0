import Glibc

/// Why a secret is missing. Before the service starts, a step of its systemd unit runs as root and writes the secrets. If it can't write the secret
/// for PATH, it writes the reason to `PATH.failed`. The reason contains no part of the secret.
package enum SecretFailure {
    /// The maximum number of bytes of the reason that are read.
    private static let limit = 500

    /// The reason, on one line; nil if there is none.
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

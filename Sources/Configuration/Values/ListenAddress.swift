/// An address at which programs on this host can connect to the daemon: a port of a loopback address, or a Unix socket. Nothing else is allowed,
/// because the server does not authenticate its clients.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IP address that only this host can reach, and a port from 1 to 65535.
    case loopback(host: String, port: Int)
    /// An absolute path of at most 107 bytes (unix(7)).
    case unix(path: String)

    /// Reads `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464` or `unix:/run/tributary/metrics.sock`.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write it like 127.0.0.1:9464 or unix:/run/tributary/metrics.sock"
        if text.hasPrefix("unix:") {
            let path = try ValueKind<String>.path.parse(String(text.dropFirst(5)))
            guard path.utf8.count <= 107 else {
                throw ValueError("the path of the Unix socket has more than 107 bytes", hint: "write a shorter path")
            }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port), text.utf8.count <= 100
        else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not an address with a port from 1 to 65535", hint: hint)
        }
        switch text[..<colon].lowercased() {
        case "localhost": self = .loopback(host: "127.0.0.1", port: port)
        case "[::1]", "::1": self = .loopback(host: "::1", port: port)
        case let host where host.hasPrefix("127.") && !host.contains("/") && (try? IPRange(parsing: host)) != nil:
            self = .loopback(host: host, port: port)
        default:
            throw ValueError(
                "\(LiteralSecret.quoted(String(text[..<colon]))) is not a loopback address, so other hosts "
                    + "could read the status",
                hint:
                    "\(hint); for access from other hosts, put a web server with TLS and passwords in front of Tributary"
            )
        }
    }

    package var description: String {
        switch self {
        case .loopback(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// The rule that the `Host` of a request must name this host itself.
///
/// The rule prevents DNS rebinding. Any web site can let its own name resolve to 127.0.0.1. A browser then treats a server on this host as part of
/// that site, and lets the site's pages read from the server. But the browser sends the site's name as `Host`, so the request is refused. Any port is
/// accepted, because tunnels change it.
struct HostRule: Sendable {
    /// False for a Unix socket, which no web page can reach.
    let isChecked: Bool

    func accepts(_ hosts: [String]) -> Bool {
        guard isChecked else { return true }
        guard hosts.count == 1, let host = hosts.first?.lowercased() else { return false }
        var name = host[...]
        // Removes the port, but not the end of an IPv6 address.
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
            guard name[name.index(after: colon)...].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return false
            }
            name = name[..<colon]
        }
        return name == "localhost" || name == "[::1]" || Self.isLoopback(name)
    }

    /// Whether a name is an address in 127.0.0.0/8, written as four numbers.
    private static func isLoopback(_ name: Substring) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part) != nil }
    }
}

import Glibc

/// An absolute http or https address, read strictly.
///
/// libcurl reads the same text again when it connects. Whatever two readers could understand differently (RFC 3986
/// against the WHATWG rules) is refused here, so that the origin that was checked is the origin that is called:
/// userinfo, backslashes, white space, control and non-ASCII bytes, fragments, exotic numbers as hosts.
package struct HTTPURL: Sendable, Hashable {
    /// Whether TLS is used.
    package let isSecure: Bool
    /// Lower case, without brackets for an IPv6 address.
    package let host: String
    /// The port as written, or 443 or 80.
    package let port: UInt16
    /// From the first `/` up to `?`; empty when nothing follows the authority.
    package let path: String
    /// What follows `?`, as written.
    package let query: String?

    /// Reads `text`; `nil` when it is not a plain absolute http or https address.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !Self.refusedBytes.contains($0) })
        else { return nil }
        guard let schemeEnd = text.firstRange(of: "://") else { return nil }
        switch text[..<schemeEnd.lowerBound].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: return nil
        }
        let rest = text[schemeEnd.upperBound...]
        let authorityEnd = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) ?? rest.endIndex
        guard let authority = HTTPAuthority(String(rest[..<authorityEnd])) else { return nil }
        host = authority.host
        port = authority.port ?? (isSecure ? 443 : 80)
        let tail = rest[authorityEnd...]
        if let mark = tail.firstIndex(of: "?") {
            path = String(tail[..<mark])
            query = String(tail[tail.index(after: mark)...])
        } else {
            path = String(tail)
            query = nil
        }
    }

    /// The values of the query's parameter `name`, as written, in order.
    package func queryValues(_ name: String) -> [Substring] {
        guard let query else { return [] }
        return query.split(separator: "&").compactMap { pair in
            guard let equals = pair.firstIndex(of: "="), pair[..<equals] == name else { return nil }
            return pair[pair.index(after: equals)...]
        }
    }

    /// Whether the host is this machine by its very name: `localhost`, `127.0.0.0/8` or `::1`.
    package var isLoopback: Bool { HTTPAuthority.isLoopback(host) }

    /// Whether the host is an address at which clouds have their metadata services: `169.254.0.0/16` or `fd00:ec2::/32`.
    package var isLinkLocal: Bool {
        if host.contains(":") {
            var address = in6_addr()
            guard inet_pton(AF_INET6, host, &address) == 1 else { return false }
            return withUnsafeBytes(of: &address) { bytes in bytes.prefix(4).elementsEqual([0xFD, 0x00, 0x0E, 0xC2]) }
        }
        return host.hasPrefix("169.254.") && HTTPAuthority.isIPv4(host)
    }

    /// Host, with the port where it is not the scheme's own: what a message may show of an address.
    package var hostAndPort: String {
        let shown = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? shown : "\(shown):\(port)"
    }

    /// Longest address accepted, in bytes. Servers accept less: RFC 9110, 4.1 asks for 8000.
    static let maximumBytes = 16_384

    private static let refusedBytes = Set("\\\"<>#".utf8)
}

/// Host and port of an address.
package struct HTTPAuthority {
    /// Lower case, without brackets and without a trailing dot.
    package let host: String
    package let port: UInt16?

    /// `nil` when there is userinfo, the host is not a DNS name or an IP address, or the port is not 1…65535.
    package init?(_ text: String) {
        var hostText = Substring(text.lowercased())
        var portText: Substring?
        if hostText.first == "[" {
            guard let close = hostText.firstIndex(of: "]") else { return nil }
            let after = hostText[hostText.index(after: close)...]
            if after.first == ":" {
                portText = after.dropFirst()
            } else if !after.isEmpty {
                return nil
            }
            hostText = hostText[hostText.index(after: hostText.startIndex)..<close]
            guard hostText.contains(":"), Self.isIPv6(String(hostText)) else { return nil }
        } else {
            if let colon = hostText.firstIndex(of: ":") {
                portText = hostText[hostText.index(after: colon)...]
                hostText = hostText[..<colon]
            }
            if hostText.last == "." { hostText = hostText.dropLast() }
            guard Self.isHostName(hostText) else { return nil }
        }
        if let portText {
            guard portText.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt16(portText), number > 0
            else {
                return nil
            }
            port = number
        } else {
            port = nil
        }
        host = String(hostText)
    }

    /// Whether the host is this machine by its very name: `localhost`, `127.0.0.0/8` or `::1`.
    package static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" { return true }
        if host.contains(":") {
            var address = in6_addr()
            guard inet_pton(AF_INET6, host, &address) == 1 else { return false }
            return withUnsafeBytes(of: &address) { bytes in bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 }
        }
        return host.hasPrefix("127.") && isIPv4(host)
    }

    static func isIPv4(_ host: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1
    }

    private static func isIPv6(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, host, &address) == 1
    }

    /// RFC 1123: letters, digits and hyphens, labels of 1…63 bytes, 253 in all. A last label that starts with a digit
    /// is an IPv4 address to most readers, so all of it has to be a dotted quad.
    private static func isHostName(_ host: Substring) -> Bool {
        guard !host.isEmpty, host.utf8.count <= 253 else { return false }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            guard (1...63).contains(label.utf8.count), label.first != "-", label.last != "-",
                label.utf8.allSatisfy({ ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D })
            else { return false }
        }
        if let last = labels.last, let first = last.utf8.first, first >= 0x30, first <= 0x39 {
            return isIPv4(String(host))
        }
        return true
    }
}

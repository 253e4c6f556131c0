import Glibc

/// An absolute http or https address, read strictly.
///
/// libcurl parses the same text again when it connects, and must arrive at the origin that was checked here. Everything that two parsers could
/// understand differently (RFC 3986 and the WHATWG rules) is therefore refused: userinfo, backslashes, white space, control and non-ASCII bytes,
/// fragments, and unusual numbers as hosts.
package struct HTTPURL: Sendable, Hashable {
    /// Whether TLS is used.
    package let isSecure: Bool
    /// The host in lower case; an IPv6 address has no brackets.
    package let host: String
    /// The port in the address, or the scheme's default: 443 or 80.
    package let port: UInt16
    /// The path, from the first `/` up to `?`; empty if the address has no path.
    package let path: String
    /// The part after `?`, unchanged; nil if there is no `?`.
    package let query: String?

    /// Reads `text`; nil if it is not a plain absolute http or https address.
    package init?(_ text: String) {
        // This code reads bytes instead of characters, which is much faster. Speed matters, because the link in every answer is read. Text that is
        // not ASCII is refused anyway.
        let bytes = text.utf8
        guard bytes.count <= Self.maximumBytes, bytes.allSatisfy(Self.isAccepted),
            let colon = bytes.firstIndex(of: 0x3A),
            bytes[colon...].starts(with: "://".utf8)
        else { return nil }
        switch text[..<colon].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: return nil
        }
        let rest = bytes[colon...].dropFirst(3)
        let authorityEnd = rest.firstIndex { $0 == 0x2F || $0 == 0x3F } ?? rest.endIndex
        guard let authority = HTTPAuthority(String(text[rest.startIndex..<authorityEnd])) else { return nil }
        host = authority.host
        port = authority.port ?? (isSecure ? 443 : 80)
        let tail = rest[authorityEnd...]
        if let mark = tail.firstIndex(of: 0x3F) {
            path = String(text[authorityEnd..<mark])
            query = String(text[bytes.index(after: mark)...])
        } else {
            path = String(text[authorityEnd...])
            query = nil
        }
    }

    /// Whether an address may contain the byte: visible ASCII, without `\`, `"`, `<`, `>` and `#`.
    private static func isAccepted(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x22, 0x23, 0x3C, 0x3E, 0x5C: false
        default: byte > 0x20 && byte < 0x7F
        }
    }

    /// The values of all query parameters with this name, unchanged and in order.
    package func queryValues(_ name: String) -> [Substring] {
        guard let query else { return [] }
        return query.utf8.split(separator: UInt8(ascii: "&")).compactMap { pair in
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), pair[..<equals].elementsEqual(name.utf8) else {
                return nil
            }
            return query[pair.index(after: equals)..<pair.endIndex]
        }
    }

    /// Whether the host is a name or address that always means this machine: `localhost`, `127.0.0.0/8` or `::1`.
    package var isLoopback: Bool { HTTPAuthority.isLoopback(host) }

    /// Whether the host is in one of the ranges that clouds use for metadata services: `169.254.0.0/16` or `fd00:ec2::/32`.
    package var isLinkLocal: Bool {
        if host.contains(":") {
            var address = in6_addr()
            guard inet_pton(AF_INET6, host, &address) == 1 else { return false }
            return withUnsafeBytes(of: &address) { bytes in bytes.prefix(4).elementsEqual([0xFD, 0x00, 0x0E, 0xC2]) }
        }
        return host.hasPrefix("169.254.") && HTTPAuthority.isIPv4(host)
    }

    /// The host, with the port if it is not the scheme's default. A message may show this part of an address.
    package var hostAndPort: String {
        let shown = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? shown : "\(shown):\(port)"
    }

    /// The maximum length of an address in bytes: about twice the 8000 that RFC 9110, 4.1 recommends servers to support.
    static let maximumBytes = 16_384
}

/// Host and port of an address.
package struct HTTPAuthority {
    /// The host in lower case, without brackets and without a trailing dot.
    package let host: String
    package let port: UInt16?

    /// Reads host and port. Nil if the text contains userinfo, if the host is neither a DNS name nor an IP address, or if the port is not 1…65535.
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
            if let colon = hostText.utf8.firstIndex(of: UInt8(ascii: ":")) {
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

    /// Whether the host is a name or address that always means this machine: `localhost`, `127.0.0.0/8` or `::1`.
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

    /// Whether the text is a host name (RFC 1123): letters, digits and hyphens, labels of 1…63 bytes, 253 bytes in all. If the last label starts with
    /// a digit, most parsers read the name as an IPv4 address. Such a name is therefore accepted only if it is an IPv4 address: four numbers with
    /// dots.
    private static func isHostName(_ host: Substring) -> Bool {
        guard !host.isEmpty, host.utf8.count <= 253 else { return false }
        let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for label in labels {
            guard (1...63).contains(label.count), label.first != 0x2D, label.last != 0x2D,
                label.allSatisfy({ ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D })
            else { return false }
        }
        if let last = labels.last, let first = last.first, first >= 0x30, first <= 0x39 {
            return isIPv4(String(host))
        }
        return true
    }
}

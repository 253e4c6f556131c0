import Glibc

/// A range of IP addresses: `203.0.113.0/24`, `2001:db8::/32`, or a single address.
package struct IPRange: Sendable, Hashable, CustomStringConvertible {
    /// The first address: 4 bytes for IPv4, 16 for IPv6, in network order.
    package let address: [UInt8]
    /// The number of fixed leading bits: 0…32 or 0…128.
    package let prefixLength: Int

    /// Reads CIDR notation (RFC 4632, RFC 4291 section 2.3). A range with bits set after the prefix is refused, because it is
    /// usually a mistake.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write an address or a range such as 203.0.113.0/24 or 2001:db8::/32"
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = Self.bytes(of: String(first)) else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not an IP address or range", hint: hint)
        }
        var length = address.count * 8
        if parts.count == 2 {
            let digits = parts[1]
            guard !digits.isEmpty, digits.utf8.count <= 3, let number = CalendarDate.number(digits.utf8),
                number <= length
            else {
                throw ValueError(
                    "\(LiteralSecret.quoted(text)) has no valid prefix length",
                    hint: "write a number from 0 to \(length) after the /")
            }
            length = number
        }
        let masked = Self.masked(address, length)
        guard masked == address else {
            throw ValueError(
                "\(LiteralSecret.quoted(text)) has bits set after its prefix",
                hint: "did you mean \(Self.text(masked))/\(length)?")
        }
        self.address = address
        prefixLength = length
    }

    /// Whether an address, of 4 or 16 bytes in network order, is in the range.
    package func contains(_ other: [UInt8]) -> Bool {
        other.count == address.count && Self.masked(other, prefixLength) == address
    }

    package var description: String {
        prefixLength == address.count * 8 ? Self.text(address) : "\(Self.text(address))/\(prefixLength)"
    }

    private static func masked(_ address: [UInt8], _ length: Int) -> [UInt8] {
        address.enumerated().map { index, byte in
            let bits = min(8, max(0, length - index * 8))
            return byte & ~UInt8(truncatingIfNeeded: 0xFF >> bits)
        }
    }

    private static func bytes(of text: String) -> [UInt8]? {
        guard text.utf8.count < 64, !text.utf8.contains(0) else { return nil }
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 { return four }
        var sixteen = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, text, &sixteen) == 1 ? sixteen : nil
    }

    private static func text(_ address: [UInt8]) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = address.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, address, &buffer, socklen_t(buffer.count)) != nil else { return "?" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

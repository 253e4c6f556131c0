import Glibc

/// An address that OCSF's `ip_t` allows. Okta's `ipAddress` sometimes contains other things.
struct IPAddress: Equatable {
    /// 16 bytes in network order; an IPv4 address is ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
    let high: UInt64
    let low: UInt64
    var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// `ip_t` has at most 40 characters. An address with a zone (`%eth0`) is refused, because a zone has no meaning on another host.
    static let maximumLength = 40

    init?(_ text: JSONText) {
        guard text.count >= 2, text.count <= Self.maximumLength, !text.isEscaped else { return nil }
        if let address = Self.parseIPv4(text.start, text.count) {
            high = 0
            low = 0xFFFF_0000_0000 | UInt64(address)
            return
        }
        guard text.firstIndex(of: UInt8(ascii: ":")) != nil else { return nil }
        var characters: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
        var address = in6_addr()
        let parsed = withUnsafeMutableBytes(of: &characters) { buffer -> Bool in
            guard let base = buffer.baseAddress else { return false }
            memcpy(base, text.start, text.count)
            return inet_pton(AF_INET6, base.assumingMemoryBound(to: CChar.self), &address) == 1
        }
        guard parsed else { return nil }
        (high, low) = withUnsafeBytes(of: &address) {
            (
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// Reads four decimal numbers. Leading zeros are refused, because some programs read such a number as octal.
    private static func parseIPv4(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt32? {
        guard count >= 7, count <= 15 else { return nil }
        var address: UInt32 = 0
        var parts = 0
        var at = 0
        while parts < 4 {
            let first = at
            var value: UInt32 = 0
            while at < count, at - first < 3, bytes[at] &- 0x30 < 10 {
                value = value * 10 + UInt32(bytes[at] &- 0x30)
                at += 1
            }
            guard at > first, value <= 255, at - first == 1 || bytes[first] != 0x30 else { return nil }
            address = address << 8 | value
            parts += 1
            if parts < 4 {
                guard at < count, bytes[at] == UInt8(ascii: ".") else { return nil }
                at += 1
            }
        }
        return at == count ? address : nil
    }
}

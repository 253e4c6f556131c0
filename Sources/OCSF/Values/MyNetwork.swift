/// Whether an address or domain is internal or external. The raw values are those of OCSF's `network_scope_id`.
enum NetworkScope: Int {
    case `internal` = 1
    case external = 2
}

/// The organization's addresses and domains.
///
/// The ranges that the Internet does not route are built in: private (RFC 1918), loopback (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3),
/// link-local (RFC 3927, RFC 4291 section 2.5.6) and unique-local (RFC 4193). The shared range of carriers (RFC 6598) is not built in; a site that
/// uses this range must configure it.
package struct MyNetwork: Sendable, Equatable {
    /// A range of addresses.
    package struct AddressRange: Sendable, Equatable {
        fileprivate let high: UInt64
        fileprivate let low: UInt64
        fileprivate let highMask: UInt64
        fileprivate let lowMask: UInt64

        /// `address` has 4 bytes (IPv4) or 16 (IPv6) in network order, `prefixLength` is 0…32 or 0…128; nil for anything else.
        package init?(address: [UInt8], prefixLength: Int) {
            guard address.count == 4 || address.count == 16, (0...address.count * 8).contains(prefixLength) else {
                return nil
            }
            // An IPv4 range is a range of IPv4-mapped addresses (RFC 4291 section 2.5.5.2), like those of `IPAddress`.
            let isIPv4 = address.count == 4
            let bytes = isIPv4 ? [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + address : address
            let length = isIPv4 ? 96 + prefixLength : prefixLength
            highMask = length >= 64 ? .max : ~(UInt64.max >> UInt64(length))
            lowMask = length <= 64 ? 0 : length == 128 ? .max : ~(UInt64.max >> UInt64(length - 64))
            high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) } & highMask
            low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) } & lowMask
        }

        fileprivate func contains(_ address: IPAddress) -> Bool {
            address.high & highMask == high && address.low & lowMask == low
        }
    }

    private let ranges: [AddressRange]
    /// All domains in lower case, one after the other, without separators.
    private let domainText: [UInt8]
    /// The offset in `domainText` at which each domain ends.
    private let domainEnds: [Int]

    /// `domains` include their subdomains; letter case does not matter.
    package init(domains: [String] = [], ranges: [AddressRange] = []) {
        self.ranges = ranges
        var text: [UInt8] = []
        var ends: [Int] = []
        for domain in domains where !domain.isEmpty {
            text += Array(domain.lowercased().utf8)
            ends.append(text.count)
        }
        domainText = text
        domainEnds = ends
    }

    var hasDomains: Bool { !domainEnds.isEmpty }

    /// Whether an address is internal or external. Nil for a public address if no range is configured: it may be the organization's or anyone
    /// else's.
    func scope(of address: IPAddress) -> NetworkScope? {
        if Self.isLocal(address) { return .internal }
        guard !ranges.isEmpty else { return nil }
        for range in ranges where range.contains(address) { return .internal }
        return .external
    }

    /// Whether a domain is internal or external; nil if no domains are configured.
    func scope(ofDomain domain: JSONText) -> NetworkScope? {
        guard hasDomains else { return nil }
        return isMine(domain) ? .internal : .external
    }

    private func isMine(_ domain: JSONText) -> Bool {
        domainText.withUnsafeBufferPointer { text in
            var first = 0
            for end in domainEnds {
                if Self.isDomain(domain, text, first..<end) { return true }
                first = end
            }
            return false
        }
    }

    private static func isDomain(_ domain: JSONText, _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        let lead = domain.count - range.count
        guard lead == 0 || (lead > 1 && domain.start[lead - 1] == UInt8(ascii: ".")) else { return false }
        for index in 0..<range.count {
            let byte = domain.start[lead + index]
            let folded = byte &- 0x41 < 26 ? byte | 0x20 : byte
            if folded != text[range.lowerBound + index] { return false }
        }
        return true
    }

    private static func isLocal(_ address: IPAddress) -> Bool {
        guard address.isIPv4 else {
            return address.high >> 57 == 0xFC >> 1 || address.high >> 54 == 0xFE80 >> 6
                || (address.high == 0 && address.low == 1)
        }
        let number = UInt32(truncatingIfNeeded: address.low)
        return number >> 24 == 10 || number >> 24 == 127 || number >> 20 == 0xAC1 || number >> 16 == 0xC0A8
            || number >> 16 == 0xA9FE
    }
}

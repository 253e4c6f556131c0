/// A host that is reached without the proxy: a name with its subdomains (`example.com`, `.example.com`), an address, a range of
/// addresses, or `*` for every host.
package struct ProxyException: Sendable, Hashable, CustomStringConvertible {
    /// The entry in lower case.
    package let text: String

    /// Reads one entry of `network.no_proxy`.
    package init(parsing text: String) throws(ValueError) {
        let hint = "write a host name such as example.com, an address, a range such as 10.0.0.0/8, or *"
        let lower = text.lowercased()
        self.text = lower
        if lower == "*" { return }
        if lower.contains("/") || lower.contains(":") {
            _ = try IPRange(parsing: lower)
            return
        }
        let name = lower.hasPrefix(".") ? lower.dropFirst() : lower[...]
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
                }
        }
        guard isName, lower.utf8.count <= 254 else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not a host, an address or a range", hint: hint)
        }
    }

    package var description: String { text }
}

/// A DNS domain of the organization, such as `example.com`, including its subdomains. Lower case.
package struct DomainName: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    /// Reads a domain name of letters, digits, `-` and `.` (RFC 1123 section 2.1). Other letters must be in `xn--` form.
    package init(parsing text: String) throws(ValueError) {
        let lower = text.lowercased()
        let labels = lower.split(separator: ".", omittingEmptySubsequences: false)
        let valid = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
                }
        }
        guard labels.count >= 2, lower.utf8.count <= 253, valid else {
            throw ValueError(
                "\(LiteralSecret.quoted(text)) is not a domain name",
                hint: "write it like example.com, without scheme, @ or *; its subdomains are included")
        }
        self.text = lower
    }

    package var description: String { text }
}

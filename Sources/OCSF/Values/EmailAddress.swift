/// Where the domain begins in a text that OCSF's `email_t` allows; nil for any other text. Many of Okta's `alternateId`s are not addresses.
///
/// The allowed characters are those that are in both OCSF's pattern for `email_t` and RFC 5321's unquoted local part. The domain needs at least two
/// labels of letters, digits and hyphens. A domain can't end in a label of digits only (RFC 3696 section 2). That matters because people sometimes
/// type their password into the login field: without this rule, the password `P@ssw0rd.2026` would count as an address.
func emailDomainStart(_ text: JSONText) -> Int? {
    guard !text.isEscaped, text.count >= 5, text.count <= 320, let at = text.firstIndex(of: UInt8(ascii: "@")), at > 0
    else { return nil }
    for index in 0..<at where !isLocalCharacter(text.start[index]) { return nil }
    let domain = at + 1
    var label = domain
    var labels = 0
    var isNumber = true
    for index in domain...text.count {
        if index < text.count, text.start[index] != UInt8(ascii: ".") {
            guard isAlphanumeric(text.start[index]) || text.start[index] == UInt8(ascii: "-") else { return nil }
            if text.start[index] &- 0x30 >= 10 { isNumber = false }
            continue
        }
        guard index > label, text.start[label] != UInt8(ascii: "-"), text.start[index - 1] != UInt8(ascii: "-") else {
            return nil
        }
        labels += 1
        label = index + 1
        if index < text.count { isNumber = true }
    }
    return labels >= 2 && !isNumber ? domain : nil
}

@inline(__always)
func isAlphanumeric(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 }

private func isLocalCharacter(_ byte: UInt8) -> Bool {
    if isAlphanumeric(byte) { return true }
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "'"),
        UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
        UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: "^"),
        UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"), UInt8(ascii: "~"):
        return true
    default: return false
    }
}

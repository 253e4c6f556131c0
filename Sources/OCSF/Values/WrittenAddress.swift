/// An address as Okta writes it, and the part of the text that OCSF's `ip_t` allows.
///
/// Records can be joined on an address only if it has a single spelling. So an IPv4 address written as IPv6 (`::ffff:203.0.113.9`) becomes the IPv4
/// address. A port (`203.0.113.9:443`, `[2001:db8::1]:443`) is stored separately. A zone (`fe80::1%eth0`) is removed, because it has no meaning on
/// another host.
struct WrittenAddress {
    let text: JSONText
    let address: IPAddress
    var port: Int?

    init?(_ whole: JSONText) {
        guard let last = whole.lastIndex(of: UInt8(ascii: ":")), !whole.isEscaped else {
            guard let address = IPAddress(whole) else { return nil }
            self.text = whole
            self.address = address
            return
        }
        var text = whole
        if whole.start[0] == UInt8(ascii: "[") {
            guard let end = whole.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            if end + 1 < whole.count {
                guard last == end + 1, let number = Self.port(whole, last + 1) else { return nil }
                port = number
            }
            text = whole.slice(1..<end)
        } else if whole.firstIndex(of: UInt8(ascii: ":")) == last, let number = Self.port(whole, last + 1) {
            port = number
            text = whole.slice(0..<last)
        }
        if let zone = text.firstIndex(of: UInt8(ascii: "%")) { text = text.slice(0..<zone) }
        guard let address = IPAddress(text) else { return nil }
        if address.isIPv4, let colon = text.lastIndex(of: UInt8(ascii: ":")) {
            // If the text ends in the IPv4 address in decimal numbers, only that part is used. An IPv4 address in hexadecimal digits has no such
            // part, so its text stays as it is.
            let tail = text.slice(colon + 1..<text.count)
            if IPAddress(tail) == address { text = tail }
        }
        self.text = text
        self.address = address
    }

    private static func port(_ text: JSONText, _ from: Int) -> Int? {
        guard from < text.count, text.count - from <= 5 else { return nil }
        var number = 0
        for index in from..<text.count {
            guard text.start[index] &- 0x30 < 10 else { return nil }
            number = number * 10 + Int(text.start[index] &- 0x30)
        }
        return number <= 65_535 ? number : nil
    }
}

extension JSONText {
    func lastIndex(of byte: UInt8) -> Int? {
        var index = count
        while index > 0 {
            index -= 1
            if start[index] == byte { return index }
        }
        return nil
    }
}

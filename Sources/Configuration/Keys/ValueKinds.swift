import OktaAPI

extension ValueKind where Value == String {
    /// An absolute path. Relative paths are refused: a service and an operator read the same file, but have different working directories.
    static let path = ValueKind("an absolute path") { (text) throws(ValueError) in
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not an absolute path", hint: "begin the path with /")
        }
        // PATH_MAX is 4096 including the final NUL. A limit of 3500 leaves room for file names after the path.
        guard text.utf8.count <= 3500, !text.unicodeScalars.contains("\0"), !text.contains("\n") else {
            throw ValueError("not a usable path", hint: "write a path of up to 3500 bytes in one line")
        }
        var trimmed = text
        while trimmed.utf8.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard !namesSomethingStrange(trimmed) else {
            throw ValueError(
                "(a value that is not shown, because it may be a secret) does not exist",
                hint: "if the value is a secret, store it in a separate file; if it is a path, create it first")
        }
        return trimmed
    }

    /// Whether a part of a path looks like a secret and does not exist on this host. Paths are repeated in errors and in the log, so no path may
    /// contain a secret.
    private static func namesSomethingStrange(_ path: String) -> Bool {
        var end = path.startIndex
        while end < path.endIndex {
            let start = path.index(after: end)
            end = path[start...].firstIndex(of: "/") ?? path.endIndex
            if LiteralSecret.mayBePresent(in: String(path[start..<end])),
                FileProbe.look(at: String(path[..<end])) == .missing
            {
                return true
            }
        }
        return false
    }

    static let text = ValueKind("a text") { (text) throws(ValueError) in
        guard text.unicodeScalars.count <= 1000 else {
            throw ValueError("the text has more than 1000 characters", hint: "shorten it")
        }
        // The text is joined into one line, because it appears in status lines.
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// An identifier that goes into tokens and requests unchanged.
    static let identifier = ValueKind("an identifier") { (text) throws(ValueError) in
        guard (1...200).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ValueError(
                "not a usable identifier",
                hint: "copy the identifier from Okta: up to 200 letters, digits and signs, no spaces")
        }
        return text
    }

    /// The client ID of a service app. Client IDs from Okta begin with `0oa`; a client ID that a person chose is a plain word. Any other text may be
    /// a secret, and is refused.
    static let clientID = ValueKind("an identifier") { (text) throws(ValueError) in
        let text = try identifier.parse(text)
        guard text.hasPrefix("0o") || !LiteralSecret.mayBePresent(in: text) else {
            throw ValueError(
                "(a value that is not shown, because it may be a secret) is not a client ID",
                hint: "copy the Client ID from the app's page in Okta: it begins with 0oa")
        }
        return text
    }

    /// An Okta filter expression. Only Okta can check its syntax completely. This check limits the length, and requires a text that looks like an
    /// expression.
    static let filter = ValueKind("an Okta filter expression") { (text) throws(ValueError) in
        let folded = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        guard folded.utf8.count <= 4000 else {
            throw ValueError(
                "the filter has more than 4000 bytes", hint: "shorten the filter, because it is sent inside a URL")
        }
        let quotes = folded.utf8.filter { $0 == UInt8(ascii: "\"") }.count
        guard quotes % 2 == 0 else {
            throw ValueError(
                "the filter has an unpaired quotation mark",
                hint: "write it like: eventType eq \"user.session.start\"")
        }
        let words = folded.lowercased().split { !$0.isLetter }.map(String.init)
        guard
            folded.allSatisfy(\.isWhitespace)
                || words.contains(where: { ["eq", "ne", "co", "sw", "ew", "pr", "gt", "ge", "lt", "le"].contains($0) })
        else {
            throw ValueError(
                "\(LiteralSecret.quoted(folded)) is not a filter: it has no operator such as eq or sw",
                hint: "write it like: eventType eq \"user.session.start\"")
        }
        return folded
    }
}

extension ValueKind where Value == String {
    /// One word of a command: the program or an argument. The word is used unchanged.
    static let argument = ValueKind("a word of a command") { (text) throws(ValueError) in
        guard text.utf8.count <= 4000 else {
            throw ValueError("the word has more than 4000 bytes", hint: "shorten it")
        }
        guard !text.unicodeScalars.contains("\0") else {
            throw ValueError(
                "the word contains a zero byte", hint: "remove the zero byte, because an argument can't contain it")
        }
        return text
    }

    /// A user of an Okta org, by login, e-mail address or id. All three forms are compared without regard to case.
    static let oktaUser = ValueKind("a user's login, e-mail address or id") { (text) throws(ValueError) in
        guard (1...256).contains(text.utf8.count),
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }), !text.contains(" ")
        else {
            throw ValueError(
                "\(LiteralSecret.quoted(text)) is not a user",
                hint: "write a login, an e-mail address or an id, of at most 256 bytes")
        }
        return text
    }

    /// The name of a bucket, by Amazon's rules.
    static let bucket = ValueKind("a bucket such as example-lake") { (text) throws(ValueError) in
        let hint = "write only the bucket's name: 3 to 63 lower-case letters, digits, “-” and “.”"
        guard (3...63).contains(text.utf8.count), !text.contains(".."),
            text.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || "-.".utf8.contains($0)
            }), let first = text.first, let last = text.last, !"-.".contains(first), !"-.".contains(last)
        else { throw ValueError("\(LiteralSecret.quoted(text)) is not a bucket's name", hint: hint) }
        return text
    }

    static let region = ValueKind("a region such as eu-central-1") { (text) throws(ValueError) in
        guard (1...40).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D })
        else {
            throw ValueError("\(LiteralSecret.quoted(text)) is not a region", hint: "write it like eu-central-1")
        }
        return text
    }

    static let account = ValueKind("an AWS account of 12 digits") { (text) throws(ValueError) in
        guard text.utf8.count == 12, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw ValueError(
                "\(LiteralSecret.quoted(text)) is not an AWS account", hint: "write the account's 12 digits in quotes")
        }
        return text
    }

    /// The prefix of the names of the custom sources in Amazon Security Lake.
    static let source = ValueKind("a source's name such as okta") { (text) throws(ValueError) in
        guard (1...20).contains(text.utf8.count),
            text.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || "-_".utf8.contains($0)
            })
        else {
            throw ValueError(
                "\(LiteralSecret.quoted(text)) is not a source's name",
                hint: "write up to 20 lower-case letters, digits, “-” and “_”")
        }
        return text
    }

    /// The name of an index, which must be valid in both Elasticsearch and Splunk. It may contain placeholders; for each segment, the segment's
    /// values replace them.
    static let index = ValueKind("an index such as okta-{date}") { (text) throws(ValueError) in
        let hint = "write lower-case letters, digits, “-”, “_” and “.”, and optionally {integration}, {class} or {date}"
        var plain = text
        for part in ["{integration}", "{class}", "{date}"] { plain = plain.replacing(part, with: "x") }
        guard (1...100).contains(text.utf8.count), let first = plain.first, !"-_.".contains(first),
            plain.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || "-_.".utf8.contains($0)
            })
        else { throw ValueError("\(LiteralSecret.quoted(text)) is not an index's name", hint: hint) }
        return text
    }

    /// The name of a ClickHouse table. Only names that need no quotes are allowed.
    static let table = ValueKind("a table such as lake.okta") { (text) throws(ValueError) in
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, text.utf8.count <= 200,
            parts.allSatisfy({ part in
                !part.isEmpty
                    && part.utf8.allSatisfy {
                        (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0)
                            || $0 == 0x5F
                    }
            })
        else {
            throw ValueError(
                "\(LiteralSecret.quoted(text)) is not a table's name", hint: "write it like okta or lake.okta")
        }
        return text
    }

    static let user = ValueKind("a user's name") { (text) throws(ValueError) in
        guard (1...100).contains(text.utf8.count), !text.contains(":"),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw ValueError(
                "not a usable user name", hint: "write only the name; the password belongs in the destination's secret")
        }
        return text
    }

    /// The name of a host in its fleet. Only simple characters are allowed, because the name is a part of keys in etcd, and appears in the log.
    static let fleetHost = ValueKind("a host's name such as collector-1") { (text) throws(ValueError) in
        guard (1...64).contains(text.utf8.count), let first = text.first, !"-.".contains(first),
            text.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || "-.".utf8.contains($0)
            })
        else {
            throw ValueError(
                "\(LiteralSecret.quoted(text)) is not a usable host name",
                hint: "use 1 to 64 of the letters a-z, digits, “-” and “.”, beginning with a letter or digit")
        }
        return text
    }

    /// The prefix of an object's key; the segment's path follows it.
    static let objectPrefix = ValueKind("a prefix such as okta/prod") { (text) throws(ValueError) in
        var trimmed = text[...]
        while trimmed.first == "/" { trimmed.removeFirst() }
        while trimmed.last == "/" { trimmed.removeLast() }
        let parts = trimmed.split(separator: "/", omittingEmptySubsequences: false)
        guard !trimmed.isEmpty, trimmed.utf8.count <= 400, trimmed.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }),
            !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." })
        else {
            throw ValueError(
                "\(LiteralSecret.quoted(text)) is not a usable prefix",
                hint: "write names with a / between them, up to 400 bytes, without spaces")
        }
        return String(trimmed)
    }
}

extension ValueKind where Value == EndpointURL {
    static let endpoint = ValueKind("an address such as https://s3.example.com") { (text) throws(ValueError) in
        try EndpointURL(parsing: text)
    }

    /// A member of an etcd cluster.
    static let etcdEndpoint = ValueKind("an address such as https://etcd-1.example.com:2379") {
        (text) throws(ValueError) in
        try EndpointURL(parsing: text, of: "a member of etcd", example: "https://etcd-1.example.com:2379")
    }
}

extension ValueKind where Value == Bool {
    static let flag = ValueKind("true or false") { (text) throws(ValueError) in
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default:
            throw ValueError("\(LiteralSecret.quoted(text)) is neither true nor false", hint: "write true or false")
        }
    }
}

extension ValueKind where Value == Int {
    static func number(_ range: ClosedRange<Int>) -> Self {
        ValueKind("a whole number") { (text) throws(ValueError) in
            guard let value = Int(text), text.utf8.first != UInt8(ascii: "+") else {
                throw ValueError("\(LiteralSecret.quoted(text)) is not a whole number")
            }
            return value
        }.within(range)
    }
}

extension ValueKind where Value == ByteSize {
    static func size(_ low: Int, _ high: Int) -> Self {
        ValueKind("a size such as 64MiB") { (text) throws(ValueError) in try ByteSize(parsing: text) }
            .within(ByteSize(bytes: low)...ByteSize(bytes: high))
    }
}

extension ValueKind where Value == ConfigurationDuration {
    /// A duration between two bounds, which are in seconds.
    static func duration(_ low: Int, _ high: Int) -> Self {
        ValueKind("a duration such as 5m") { (text) throws(ValueError) in try ConfigurationDuration(parsing: text) }
            .within(ConfigurationDuration(seconds: low)...ConfigurationDuration(seconds: high))
    }
}

extension ValueKind where Value == Configuration.Retention {
    static let retention = ValueKind("never, acknowledged, or a duration such as 30d") { (text) throws(ValueError) in
        try Configuration.Retention(parsing: text)
    }
}

extension ValueKind where Value == StartTime {
    static let startTime = ValueKind("a duration before now, an RFC 3339 time, or now") { (text) throws(ValueError) in
        try StartTime(parsing: text)
    }
}

extension ValueKind where Value == RateShare {
    static let share = ValueKind("a number above 0 and up to 1") { (text) throws(ValueError) in
        try RateShare(parsing: text)
    }
}

extension ValueKind where Value == IPRange {
    static let ipRange = ValueKind("an IP range such as 203.0.113.0/24") { (text) throws(ValueError) in
        try IPRange(parsing: text)
    }
}

extension ValueKind where Value == DomainName {
    static let domain = ValueKind("a domain such as example.com") { (text) throws(ValueError) in
        try DomainName(parsing: text)
    }
}

extension ValueKind where Value == Name {
    static let name = ValueKind("a name") { (text) throws(ValueError) in try Name(parsing: text) }
}

extension ValueKind where Value == CalendarDate {
    static let date = ValueKind("a date as YYYY-MM-DD") { (text) throws(ValueError) in
        try CalendarDate(parsing: text)
    }
}

extension ValueKind where Value == ListenAddress {
    static let listenAddress = ValueKind("a loopback address with a port, or unix:PATH") {
        (text) throws(ValueError) in try ListenAddress(parsing: text)
    }
}

extension ValueKind where Value == ProxyURL {
    static let proxy = ValueKind("a proxy such as http://proxy.example.com:3128") { (text) throws(ValueError) in
        try ProxyURL(parsing: text)
    }
}

extension ValueKind where Value == ProxyException {
    static let proxyException = ValueKind("a host, address or range to reach without the proxy") {
        (text) throws(ValueError) in try ProxyException(parsing: text)
    }
}

extension ValueKind where Value == OrgURL {
    static let orgURL = ValueKind("an Okta address such as https://acme.okta.com") { (text) throws(ValueError) in
        // A password is refused here, so that it never appears in a message.
        guard !text.contains("@") else {
            throw ValueError(
                "the address must not contain a user name or password", hint: "write it like https://acme.okta.com")
        }
        do {
            return try OrgURL(parsing: text)
        } catch {
            // `error` repeats a part of the text. If the text may be a secret, an error that hides the text is thrown instead.
            guard !LiteralSecret.mayBePresent(in: text) else {
                throw ValueError(
                    "\(LiteralSecret.quoted(text)) is not an org's address", hint: "write it like https://acme.okta.com"
                )
            }
            throw ValueError("\(LiteralSecret.quoted(text)): \(error)")
        }
    }
}

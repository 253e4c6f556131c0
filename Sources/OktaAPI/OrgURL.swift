import CurlHTTPClient

/// An Okta org's address, read from a text that a person has pasted.
///
///     let org = try OrgURL(parsing: " HTTPS://Acme-Admin.okta.com/admin/dashboard ")
///     org.origin    // "https://acme.okta.com"
///     org.warnings  // the admin console's host and the path were dropped
/// Two values are equal if their origins are equal.
package struct OrgURL: Sendable {
    /// Scheme, host and, if it is not the scheme's default, port: `https://acme.okta.com`. No trailing slash.
    package let origin: String
    /// The host alone, in lower case; an IPv6 address without brackets.
    package let host: String
    /// The port to connect to.
    package let port: UInt16
    /// Whether TLS is used. Only a loopback address may be used without TLS.
    package let isSecure: Bool
    /// What was changed in the pasted text, for the operator.
    package let warnings: [OrgURLWarning]

    /// Reads and normalizes an address.
    ///
    /// - Throws: ``OrgURLError``, which says what to write instead.
    package init(parsing text: String) throws(OrgURLError) {
        var warnings: [OrgURLWarning] = []
        let trimmed = try Self.trimmed(text)
        let (isSecure, rest) = try Self.withoutSchemes(trimmed, &warnings)
        let authorityEnd = rest.firstIndex(where: { "/?#\\".contains($0) }) ?? rest.endIndex
        let authorityText = rest[..<authorityEnd]
        let tail = rest[authorityEnd...]
        if !tail.isEmpty, tail != "/" { warnings.append(.pathDropped) }

        guard !authorityText.isEmpty else { throw .empty }
        guard !authorityText.contains("@") else { throw .userinfo }
        guard authorityText.utf8.allSatisfy({ $0 < 0x80 }) else { throw .notASCII }
        guard let authority = HTTPAuthority(String(authorityText)) else { throw .badHost(Self.shown(authorityText)) }
        let isLoopback = HTTPAuthority.isLoopback(authority.host)
        var host = authority.host
        if !isLoopback {
            if !host.contains("."), !host.contains(":") { throw .bareName(host) }
            if host.hasSuffix(".com.com") { throw .doubledSuffix(String(host.dropLast(4))) }
            host = try Self.orgHost(host, &warnings)
        }
        guard isSecure || isLoopback else { throw .plainHTTP(host) }

        self.isSecure = isSecure
        self.host = host
        self.port = authority.port ?? (isSecure ? 443 : 80)
        let bracketed = host.contains(":") ? "[\(host)]" : host
        let portText = port == (isSecure ? 443 : 80) ? "" : ":\(port)"
        origin = "\(isSecure ? "https" : "http")://\(bracketed)\(portText)"
        self.warnings = warnings
    }

    /// Whether `url` has this org's origin: the same scheme, host and port.
    package func isOrigin(of url: HTTPURL) -> Bool {
        url.isSecure == isSecure && url.host == host && url.port == port
    }

    /// The words that messages use for the address of an org.
    package static let addressName = "the org's URL"

    /// Domains under which Okta assigns org names, from Okta's documentation and the list in its Python SDK.
    static let oktaDomains = [
        "okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil", "okta-miltest.com",
        "trex-govcloud.com",
    ]

    /// Names under `okta.com` that are Okta's own sites, which are sometimes pasted by mistake.
    private static let oktaSites: Set<String> = ["www", "developer", "help", "login", "support", "trust", "status"]

    private static func trimmed(_ text: String) throws(OrgURLError) -> Substring {
        guard text.utf8.count <= 2048 else { throw .tooLong }
        var trimmed = Substring(text)
        while trimmed.first?.isWhitespace == true { trimmed.removeFirst() }
        while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
        guard !trimmed.isEmpty else { throw .empty }
        let lower = trimmed.lowercased()
        if trimmed.contains(where: { "{}<>$".contains($0) }) || lower.contains("youroktadomain")
            || lower.contains("your-okta-domain") || lower.contains("yourdomain.okta")
        {
            throw .placeholder
        }
        guard trimmed.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F && !$0.properties.isWhitespace })
        else { throw .whiteSpaceInside }
        return trimmed
    }

    /// Removes all schemes from the beginning, including doubled and half-typed ones (`https://https//acme.okta.com`).
    /// The last scheme counts. An address without a scheme is an https address.
    private static func withoutSchemes(
        _ text: Substring, _ warnings: inout [OrgURLWarning]
    ) throws(OrgURLError) -> (isSecure: Bool, rest: Substring) {
        var rest = text
        var isSecure = true
        var found = 0
        scan: while found < 8 {
            let lower = rest.prefix(8).lowercased()
            for (name, secure) in [("https", true), ("http", false)] {
                for mark in ["://", ":/", "//"] where lower.hasPrefix(name + mark) {
                    rest = rest.dropFirst(name.count + mark.count)
                    isSecure = secure
                    found += 1
                    continue scan
                }
            }
            break
        }
        if found > 1 { warnings.append(.schemeRepeated) }
        if let mark = rest.firstRange(of: "://"), !rest[..<mark.lowerBound].contains(where: { "/?#".contains($0) }) {
            throw .unknownScheme(shown(rest[..<mark.lowerBound]))
        }
        return (isSecure, rest)
    }

    /// Returns the host of the org. On an Okta domain, the suffix `-admin` of the admin console's host is removed.
    private static func orgHost(
        _ host: String, _ warnings: inout [OrgURLWarning]
    ) throws(OrgURLError) -> String {
        for domain in oktaDomains {
            if host == domain { throw .notAnOrg(host) }
            guard host.hasSuffix("." + domain) else { continue }
            let name = host.dropLast(domain.count + 1)
            if domain == "okta.com", oktaSites.contains(String(name)) { throw .notAnOrg(host) }
            guard name.hasSuffix("-admin"), !name.contains(".") else { return host }
            let org = "\(name.dropLast(6)).\(domain)"
            warnings.append(.adminHost(was: host, now: org))
            return org
        }
        return host
    }

    /// Returns the visible ASCII characters of the text, at most 100. Other characters may not be safe to print.
    private static func shown(_ text: Substring) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value > 0x20 && $0.value < 0x7F }.prefix(100)))
    }
}

extension OrgURL: Hashable, CustomStringConvertible {
    package static func == (left: OrgURL, right: OrgURL) -> Bool { left.origin == right.origin }

    package func hash(into hasher: inout Hasher) { hasher.combine(origin) }

    /// The origin.
    package var description: String { origin }
}

/// What ``OrgURL`` changed in the pasted text.
package enum OrgURLWarning: Sendable, Hashable, CustomStringConvertible {
    /// The admin console's host was given instead of the org's.
    case adminHost(was: String, now: String)
    /// A path, query or fragment was included.
    case pathDropped
    /// There was more than one scheme.
    case schemeRepeated

    /// A sentence for the operator.
    package var description: String {
        switch self {
        case .adminHost(let was, let now): "\(was) is the admin console; Tributary uses the org's own address, \(now)"
        case .pathDropped: "Tributary needs only the org's address, and ignores the path after it"
        case .schemeRepeated: "the address has more than one scheme; Tributary uses the last one"
        }
    }
}

/// Why a text is not an org's address. Each description says what to write instead.
package enum OrgURLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text contains no host.
    case empty
    /// The text has more than 2048 bytes.
    case tooLong
    /// The text is a placeholder from a manual.
    case placeholder
    /// The text has white space or a control character in the middle.
    case whiteSpaceInside
    /// The text has `user:password@` before the host.
    case userinfo
    /// The host contains letters outside ASCII.
    case notASCII
    /// The host is neither a DNS name nor an IP address, or the port is invalid.
    case badHost(String)
    /// A single word, probably an org's subdomain.
    case bareName(String)
    /// The host ends with `.com.com`. The value is the host with a single `.com`.
    case doubledSuffix(String)
    /// The host is one of Okta's own sites or domains.
    case notAnOrg(String)
    /// A scheme other than http and https.
    case unknownScheme(String)
    /// Plain http to another machine.
    case plainHTTP(String)

    /// What is wrong and what to write.
    package var description: String {
        switch self {
        case .tooLong: "the address has more than 2048 bytes: write the org's address, such as https://acme.okta.com"
        case .empty: "the address is empty: write the org's address, such as https://acme.okta.com"
        case .placeholder:
            "this is a placeholder from a manual: write your org's own address, such as https://acme.okta.com"
        case .whiteSpaceInside:
            "the address contains white space or a control character: write it in the form https://acme.okta.com"
        case .userinfo:
            "the address contains a user name or a password: write only https:// and the host; the token is stored separately"
        case .notASCII: "the host name contains letters outside ASCII: write its xn-- form"
        case .badHost(let host): "'\(host)' is not a host name: write the org's address, such as https://acme.okta.com"
        case .bareName(let name):
            "'\(name)' is not a complete host name: write https://\(name).okta.com, if that is the org's address"
        case .doubledSuffix(let host): "the address ends with '.com.com': write https://\(host)"
        case .notAnOrg(let host):
            "\(host) is Okta's own site, not an org: write the org's address, such as https://acme.okta.com"
        case .unknownScheme(let scheme): "'\(scheme)://' is not https: write https:// and the org's host"
        case .plainHTTP(let host): "plain http would send the token unencrypted: write https://\(host)"
        }
    }
}

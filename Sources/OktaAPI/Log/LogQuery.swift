/// Which log is read: the org, the filter, the page size.
package struct LogQuery: Sendable, Hashable {
    /// The org.
    package let org: OrgURL
    /// Other origins of the same org whose `next` links may be followed: its custom domain, its okta.com name.
    package var aliases: [OrgURL]
    /// Okta's id of the organization, once it told.
    package var organization: String?
    /// An Okta filter expression, unencoded; `nil` for every event.
    package let filter: String?
    /// Events a page, 1…1000 (Okta's largest; its default of 100 costs ten times the requests).
    package let pageLimit: Int

    /// Makes a query; `pageLimit` is moved into its range, a filter of white space counts as none.
    package init(org: OrgURL, aliases: [OrgURL] = [], filter: String? = nil, pageLimit: Int = 1000) {
        self.org = org
        self.aliases = aliases
        self.filter = filter.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
        self.pageLimit = min(max(pageLimit, 1), 1000)
    }

    /// The log's path (Okta System Log API).
    static let path = "/api/v1/logs"

    /// Sixteen hex digits that change when origin or page size do.
    package var source: String { Self.hash("\(org.origin)\n\(pageLimit)") }

    /// What version 2 of the cursor kept instead: it changes with the filter too.
    var earlierFingerprint: String { Self.hash("\(org.origin)\n\(filter ?? "")\n\(pageLimit)") }

    /// FNV-1a, 64 bits, as sixteen hex digits.
    private static func hash(_ text: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The address of a way's first request. Ascending and without `until`: only such a query is a polling one, which follows the
    /// order in which Okta stored the events and leaves none out (Okta System Log query documentation).
    ///
    /// - Parameters:
    ///   - filter: of the way; the query's own for most.
    ///   - limit: events a page; the query's own by default.
    func firstURL(since: StoredTime, filter: String?, limit: Int? = nil) -> String {
        let since = UTCTime(milliseconds: since.milliseconds)
        var url = "\(org.origin)\(Self.path)?since=\(since.rfc3339)&limit=\(limit ?? pageLimit)&sortOrder=ASCENDING"
        if let filter { url += "&filter=\(Self.percentEncoded(filter))" }
        return url
    }

    /// A request, without a credential yet, as a way's first one.
    package func firstRequest(since: StoredTime) -> HTTPRequest {
        HTTPRequest(
            .get, firstURL(since: since, filter: filter), headers: HTTPHeaders([.init("Accept", "application/json")]))
    }

    /// A request, without a credential yet, for the newest event stored since `since`. Not a polling query: its links lead back.
    package func newestRequest(since: UTCTime) -> HTTPRequest {
        var url = "\(org.origin)\(Self.path)?since=\(since.rfc3339)&limit=1&sortOrder=DESCENDING"
        if let filter { url += "&filter=\(Self.percentEncoded(filter))" }
        return HTTPRequest(.get, url, headers: HTTPHeaders([.init("Accept", "application/json")]))
    }

    /// What an org says of itself may name more of its origins. Only an answer over verified TLS makes another origin trusted, and only
    /// one with TLS; an org on loopback, where nothing is verified, may name others on loopback.
    package mutating func learn(_ probe: OrgProbe) {
        organization = probe.organizationID
        aliases = [probe.organization, probe.alternate].compactMap(\.self).filter { $0.isSecure == org.isSecure }
    }

    /// Why `link` must not be followed with the org's credential, or `nil` when it may be.
    func objection(to link: String) -> String? {
        guard let url = HTTPURL(link) else { return "the link is not a plain address" }
        guard ([org] + aliases).contains(where: { $0.isOrigin(of: url) }) else {
            return "the link leads to \(url.isSecure ? "" : "plain http on ")\(url.hostAndPort)"
        }
        guard !Self.hidesLineBreak(link) else { return "the link holds a line break in disguise" }
        return url.path == Self.path ? nil : "the link leads to another path than \(Self.path)"
    }

    /// Whether the text has an escaped NUL, line feed or carriage return.
    private static func hidesLineBreak(_ text: String) -> Bool {
        var last: (UInt8, UInt8) = (0, 0)
        for byte in text.utf8 {
            if last == (0x25, 0x30), byte == 0x30 || byte | 0x20 == 0x61 || byte | 0x20 == 0x64 { return true }
            last = (last.1, byte)
        }
        return false
    }

    /// How many events a full page of `url` has: its own `limit`, else Okta's default of 100.
    static func fullPage(of url: String) -> Int {
        let limits = HTTPURL(url)?.queryValues("limit").compactMap { Int($0) } ?? []
        return max(1, min(limits.min() ?? 100, 1000))
    }

    private static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
            if isLetter || (byte >= 0x30 && byte <= 0x39) || "-._~".utf8.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What Okta accepts and keeps.
package enum LogRetention {
    /// A `since` further back is answered with 400 E0000053 (Okta System Log query documentation). An hour of margin for the clocks.
    /// Milliseconds, as `kept`.
    static let accepted: Int64 = (180 * 24 - 1) * 3_600_000
    /// Events older than this are left out without a word (the same page).
    static let kept: Int64 = 90 * 24 * 3_600_000

    /// `since`, not earlier than Okta accepts at `now`.
    static func accepted(_ since: StoredTime, at now: ServerTime) -> StoredTime {
        max(since, StoredTime(now.milliseconds - accepted))
    }
}

import CurlHTTPClient

/// What to read: the org, the filter and the page size.
package struct LogQuery: Sendable, Hashable {
    /// The org.
    package let org: OrgURL
    /// Other origins of the same org: its custom domain, or its okta.com name. A `next` link to one of these origins may be followed.
    package var aliases: [OrgURL]
    /// Okta's id of the organization; nil until Okta has reported it.
    package var organization: String?
    /// An Okta filter expression, not URL-encoded; `nil` for all events.
    package let filter: String?
    /// Events per page, 1…1000. 1000 is Okta's maximum; Okta's default of 100 would need ten times the requests.
    package let pageLimit: Int
    /// The command with which an operator replaces a refused API token, to be shown in messages.
    package var tokenReplacement = "sudo tributary credential rotate NAME"

    /// Creates a query. `pageLimit` is clamped to its range. A filter that contains only white space counts as no filter.
    package init(org: OrgURL, aliases: [OrgURL] = [], filter: String? = nil, pageLimit: Int = 1000) {
        self.org = org
        self.aliases = aliases
        self.filter = filter.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
        self.pageLimit = min(max(pageLimit, 1), 1000)
    }

    /// The path of the log (Okta System Log API).
    static let path = "/api/v1/logs"

    /// Sixteen hex digits that change if the origin or the page size changes.
    package var source: String { Self.hash("\(org.origin)\n\(pageLimit)") }

    /// The value that version 2 of the cursor contains instead of ``source``. This value also changes with the filter.
    var earlierFingerprint: String { Self.hash("\(org.origin)\n\(filter ?? "")\n\(pageLimit)") }

    /// The 64-bit FNV-1a hash of a text, as sixteen hex digits.
    private static func hash(_ text: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The address of a way's first request: ascending, without `until`. Only such a query is a polling query, which follows the
    /// order in which Okta stored the events and omits none (Okta System Log query documentation).
    ///
    /// - Parameters:
    ///   - filter: the filter of the way, which is usually the query's own.
    ///   - limit: events per page; the query's own by default.
    func firstURL(since: StoredTime, filter: String?, limit: Int? = nil) -> String {
        let since = UTCTime(milliseconds: since.milliseconds)
        var url = "\(org.origin)\(Self.path)?since=\(since.rfc3339)&limit=\(limit ?? pageLimit)&sortOrder=ASCENDING"
        if let filter { url += "&filter=\(filter.percentEncoded)" }
        return url
    }

    /// The first request of a way, before a credential is added.
    package func firstRequest(since: StoredTime) -> HTTPRequest {
        HTTPRequest(
            .get, firstURL(since: since, filter: filter), headers: HTTPHeaders([.init("Accept", "application/json")]))
    }

    /// A request for the newest event stored since `since`, before a credential is added. This is not a polling query: its links lead to older
    /// events.
    package func newestRequest(since: UTCTime) -> HTTPRequest {
        var url = "\(org.origin)\(Self.path)?since=\(since.rfc3339)&limit=1&sortOrder=DESCENDING"
        if let filter { url += "&filter=\(filter.percentEncoded)" }
        return HTTPRequest(.get, url, headers: HTTPHeaders([.init("Accept", "application/json")]))
    }

    /// Adopts the org's id, and other origins that the org reports for itself. If the org uses TLS, its answer came over verified TLS, and
    /// only other origins that use TLS are trusted. If the org is on loopback without TLS, only other loopback origins without TLS are trusted.
    package mutating func learn(_ probe: OrgProbe) {
        organization = probe.organizationID
        aliases = [probe.organization, probe.alternate].compactMap(\.self).filter { $0.isSecure == org.isSecure }
    }

    /// Why `link` must not be followed with the org's credential, or `nil` if it may be.
    func objection(to link: String) -> String? {
        guard let url = HTTPURL(link) else { return "the link is not a valid http or https address" }
        guard ([org] + aliases).contains(where: { $0.isOrigin(of: url) }) else {
            return "the link leads to \(url.isSecure ? "" : "plain http on ")\(url.hostAndPort)"
        }
        guard !Self.hidesLineBreak(link) else { return "the link contains an encoded line break" }
        return url.path == Self.path ? nil : "the link leads to a path other than \(Self.path)"
    }

    /// Whether the text contains an escaped NUL, line feed or carriage return.
    private static func hidesLineBreak(_ text: String) -> Bool {
        var last: (UInt8, UInt8) = (0, 0)
        for byte in text.utf8 {
            if last == (0x25, 0x30), byte == 0x30 || byte | 0x20 == 0x61 || byte | 0x20 == 0x64 { return true }
            last = (last.1, byte)
        }
        return false
    }

    /// The number of events in a full page of `url`: its own `limit`, or Okta's default of 100.
    static func fullPage(of url: String) -> Int {
        let limits = HTTPURL(url)?.queryValues("limit").compactMap { Int($0) } ?? []
        return max(1, min(limits.min() ?? 100, 1000))
    }
}

/// How far back Okta accepts queries and keeps events.
package enum LogRetention {
    /// The maximum age of `since`, in milliseconds: an hour less than Okta's 180 days, because clocks may differ. Okta answers an older `since` with
    /// 400 E0000053 (System Log query documentation).
    static let accepted: Int64 = (180 * 24 - 1) * 3_600_000
    /// The maximum age of an event, in milliseconds. Okta silently omits older events (System Log query documentation).
    static let kept: Int64 = 90 * 24 * 3_600_000

    /// The later of two times: `since`, and the earliest time that Okta accepts at `now`.
    static func accepted(_ since: StoredTime, at now: ServerTime) -> StoredTime {
        max(since, StoredTime(now.milliseconds - accepted))
    }
}

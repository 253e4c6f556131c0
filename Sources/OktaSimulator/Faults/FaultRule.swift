/// One kind of trouble, and when it strikes: requests to `/api/v1/logs`, or those that ``at`` names, after authorisation and the rate limit.
public struct FaultRule: Sendable, Codable, Equatable {
    /// What goes wrong.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// `status` (default 503) with a body by `body`: `okta` (default), `html` or `empty`.
        case status
        /// 429 as Okta sends it, reset at the end of the window.
        case rateLimit = "rate-limit"
        /// 429 with a reset an hour in the past.
        case rateLimitPast = "rate-limit-past"
        /// 429 without any rate-limit header, body `{}`.
        case rateLimitBare = "rate-limit-bare"
        /// 429 for concurrency: limit 0, remaining 0, an indicative reset.
        case rateLimitConcurrency = "rate-limit-concurrency"
        /// 401 E0000011.
        case unauthorized
        /// 403 E0000006.
        case forbidden
        /// The request is read and never answered; the connection stays open.
        case hang
        /// The body comes at `bytesPerSecond` (default 1000).
        case slowBody = "slow-body"
        /// A chunked body that ends in the middle, without its last chunk.
        case truncateBody = "truncate-body"
        /// A `Content-Length` above what is sent before the connection closes.
        case lyingLength = "lying-length"
        /// The connection is closed before any answer.
        case disconnect
        /// 200 with an HTML page, as a captive portal sends.
        case html
        /// 200 with a JSON object instead of the array.
        case notArray = "not-array"
        /// 200 with an array cut off in the middle, its length consistent.
        case invalidJSON = "invalid-json"
        /// One element more in the middle of the page, by `body`: `scalar` (default), `bare` (an object without uuid and
        /// published), `broken` (not JSON), `utf8` (an invalid byte in a string), `deep` (2000 arrays nested).
        case unreadableEvent = "unreadable-event"
        /// No `Link` header at all.
        case noLinks = "no-links"
        /// The `self` link alone.
        case selfOnly = "self-only"
        /// The `next` link points elsewhere, by `body`: `origin` (default), `port`, `scheme`, `path`, `userinfo`, `fragment`, `crlf`
        /// (encoded in the link), `split` (a line break ends the header, and another `Link` follows). `target` says where.
        case foreignNext = "foreign-next"
        /// Both links in one comma-joined header.
        case joinedLinks = "joined-links"
        /// `next` before `self`.
        case swappedLinks = "swapped-links"
        /// Each link line twice.
        case doubledLinks = "doubled-links"
        /// `Date` off by `seconds` (default 3600).
        case dateSkew = "date-skew"
        /// `Content-Encoding: gzip` and a damaged stream.
        case corruptGzip = "corrupt-gzip"
        /// `Content-Encoding: gzip` and plain text.
        case falseGzip = "false-gzip"
        /// 302 elsewhere, by `body` and `target` as with `foreign-next`.
        case redirect
        /// Rate-limit headers missing on a good page.
        case noRateHeaders = "no-rate-headers"
        /// Rate-limit headers that are no numbers on a good page.
        case absurdRateHeaders = "absurd-rate-headers"
        /// Each rate-limit header twice, the second lower.
        case doubledRateHeaders = "doubled-rate-headers"
    }

    /// What goes wrong.
    public var kind: Kind
    /// How often it strikes at most; nil for as long as the rule stands.
    public var count: Int?
    /// The chance that it strikes a request that it could strike, 0…1; default 1.
    public var probability: Double?
    /// Requests that it could strike to let pass first, counted from when the rule was set.
    public var after: Int?
    /// `any` (default), `full` (a page as long as its limit) or `short` (the client is caught up).
    public var page: String?
    /// The status of `status`.
    public var status: Int?
    /// The variant; each kind tells its own.
    public var body: String?
    /// For `slow-body`.
    public var bytesPerSecond: Int?
    /// For `date-skew`.
    public var seconds: Int?
    /// Host and port of the elsewhere of `foreign-next` and `redirect`; default `evil.example`.
    public var target: String?
    /// Where it strikes: nil for the log; `actions` for every call that changes users or groups, `reads` for every one that reads them, or
    /// one call by its name, such as `suspend`, `clear-sessions`, `get-user`. The kinds about pages and links do nothing there.
    public var at: String?
    /// Whether Okta has done the call before the trouble: with `disconnect`, the answer is lost. Default false: nothing is done.
    public var done: Bool?

    /// A rule that strikes each request until `count` runs out.
    public init(
        _ kind: Kind, count: Int? = nil, probability: Double? = nil, after: Int? = nil, page: String? = nil,
        status: Int? = nil,
        body: String? = nil, bytesPerSecond: Int? = nil, seconds: Int? = nil, target: String? = nil,
        at: String? = nil, done: Bool? = nil
    ) {
        self.kind = kind
        self.count = count
        self.probability = probability
        self.after = after
        self.page = page
        self.status = status
        self.body = body
        self.bytesPerSecond = bytesPerSecond
        self.seconds = seconds
        self.target = target
        self.at = at
        self.done = done
    }

    /// What ``at`` can name.
    public static var places: [String] { ["actions", "reads"] + ManagementCall.allCases.map(\.rawValue) }

    /// Whether it is about the log (nil) or this call.
    func strikes(_ call: ManagementCall?) -> Bool {
        guard let call, let at else { return call == nil && at == nil }
        return at == call.rawValue || at == (call.isAction ? "actions" : "reads")
    }

    /// Reads `KIND[:key=value,…][;KIND…]`, such as `status:status=502,count=3;hang:after=10,count=1`.
    /// - Throws: `SimulatorError.badFaults` with the part that is wrong.
    public static func parse(_ text: String) throws -> [FaultRule] {
        try text.split(separator: ";").map { part in
            let halves = part.split(separator: ":", maxSplits: 1)
            guard let name = halves.first, let kind = Kind(rawValue: name.trimmingSpaces) else {
                throw SimulatorError.badFaults(
                    reason: "no kind \"\(part)\"; known: \(Kind.allCases.map(\.rawValue).joined(separator: " "))")
            }
            var rule = FaultRule(kind)
            for item in halves.count > 1 ? halves[1].split(separator: ",") : [] {
                let pair = item.split(separator: "=", maxSplits: 1).map(\.trimmingSpaces)
                guard pair.count == 2, rule.set(pair[0], pair[1]) else {
                    throw SimulatorError.badFaults(reason: "\"\(item)\" of \(kind.rawValue) is no setting of a fault")
                }
            }
            return rule
        }
    }

    private mutating func set(_ key: String, _ value: String) -> Bool {
        switch key {
        case "count": count = Int(value)
        case "after": after = Int(value)
        case "status": status = Int(value)
        case "bytesPerSecond": bytesPerSecond = Int(value)
        case "seconds": seconds = Int(value)
        case "probability": probability = Double(value)
        case "page": page = value
        case "body": body = value
        case "target": target = value
        case "at": at = value
        case "done": done = Bool(value)
        default: return false
        }
        if key == "at" { return Self.places.contains(value) }
        if key == "done" { return done != nil }
        return key == "page" || key == "body" || key == "target" || key == "probability" || Int(value) != nil
    }
}

extension StringProtocol {
    var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// A kind of fault, and when it occurs. The rule affects requests to `/api/v1/logs`, or the calls that ``at`` names. A request that the simulator
/// refuses because of its credential or the rate limit gets no fault.
public struct FaultRule: Sendable, Codable, Equatable {
    /// The kind of fault.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// An answer with `status` (default 503) and the body given by `body`: `okta` (default), `html` or `empty`.
        case status
        /// A 429 as Okta sends it. The reset time is the end of the window.
        case rateLimit = "rate-limit"
        /// A 429 with a reset time that is an hour in the past.
        case rateLimitPast = "rate-limit-past"
        /// A 429 without any rate-limit header, with the body `{}`.
        case rateLimitBare = "rate-limit-bare"
        /// A 429 for too many concurrent requests: limit 0, remaining 0, and a reset time one second in the future.
        case rateLimitConcurrency = "rate-limit-concurrency"
        /// 401 E0000011.
        case unauthorized
        /// 403 E0000006.
        case forbidden
        /// The request is read and never answered; the connection stays open.
        case hang
        /// The body is sent at `bytesPerSecond` (default 1000).
        case slowBody = "slow-body"
        /// A chunked body that ends in the middle: the last chunk is missing.
        case truncateBody = "truncate-body"
        /// `Content-Length` is higher than the number of bytes that are sent before the connection closes.
        case lyingLength = "lying-length"
        /// The connection is closed before any answer.
        case disconnect
        /// A 200 with an HTML page, such as the sign-in page of a captive portal.
        case html
        /// A 200 with a JSON object instead of an array.
        case notArray = "not-array"
        /// A 200 with an array that is cut off in the middle. `Content-Length` matches the shorter body.
        case invalidJSON = "invalid-json"
        /// An additional element in the middle of the page, given by `body`: `scalar` (default), `bare` (an object without uuid and
        /// published), `broken` (not JSON), `utf8` (an invalid byte in a string), `deep` (2000 nested arrays).
        case unreadableEvent = "unreadable-event"
        /// No `Link` header at all.
        case noLinks = "no-links"
        /// A `self` link, but no `next` link.
        case selfOnly = "self-only"
        /// The `next` link has a wrong address, given by `body`: `origin` (default), `port`, `scheme`, `path`, `userinfo`, `fragment`, `crlf`
        /// (encoded in the link), `split` (a line break ends the header, and another `Link` follows). `target` is the host of that address.
        case foreignNext = "foreign-next"
        /// Both links are in one header, separated by a comma.
        case joinedLinks = "joined-links"
        /// The `next` link comes before the `self` link.
        case swappedLinks = "swapped-links"
        /// Each `Link` header line occurs twice.
        case doubledLinks = "doubled-links"
        /// The `Date` header differs from the true time by `seconds` (default 3600).
        case dateSkew = "date-skew"
        /// `Content-Encoding: gzip` with a damaged stream.
        case corruptGzip = "corrupt-gzip"
        /// `Content-Encoding: gzip` with plain text.
        case falseGzip = "false-gzip"
        /// A 302 to a wrong address, given by `body` and `target` as with `foreign-next`.
        case redirect
        /// A correct page without rate-limit headers.
        case noRateHeaders = "no-rate-headers"
        /// A correct page whose rate-limit headers are not numbers.
        case absurdRateHeaders = "absurd-rate-headers"
        /// Each rate-limit header occurs twice. The second `x-rate-limit-remaining` has a lower value.
        case doubledRateHeaders = "doubled-rate-headers"
    }

    /// The kind of fault.
    public var kind: Kind
    /// The maximum number of times that the fault occurs; nil for no maximum.
    public var count: Int?
    /// The probability that the fault occurs for a matching request, 0…1; default 1.
    public var probability: Double?
    /// The number of matching requests that pass without the fault before it can occur for the first time; default 0.
    public var after: Int?
    /// On which pages the fault occurs: `any` (default), `full` (the page has as many events as the request's `limit`) or `short` (all other pages).
    public var page: String?
    /// The HTTP status of the answer, for the kind `status`.
    public var status: Int?
    /// The variant of the fault, for each kind whose description mentions `body`.
    public var body: String?
    /// The speed at which the body is sent, for `slow-body`.
    public var bytesPerSecond: Int?
    /// By how many seconds the `Date` header is wrong, for `date-skew`.
    public var seconds: Int?
    /// Host and port of the wrong address, for `foreign-next` and `redirect`; default `evil.example`.
    public var target: String?
    /// The requests for which the fault occurs: nil for requests to the log; `actions` for every call that changes users or groups; `reads` for every
    /// call that reads them; or the name of one call, such as `suspend`, `clear-sessions`, `get-user`. Kinds of faults that change pages or links
    /// only affect requests to the log.
    public var at: String?
    /// Whether the simulator carries out the call before the fault occurs; default false. If true, `disconnect` only loses the answer to the call.
    public var done: Bool?

    /// Creates a rule. With the defaults, the fault occurs for every request to the log.
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

    /// The possible values of ``at``.
    public static var places: [String] { ["actions", "reads"] + ManagementCall.allCases.map(\.rawValue) }

    /// Whether the rule applies to this management call, or, if `call` is nil, to requests for the log.
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
                    reason:
                        "\"\(part)\" is not a fault; use one of: \(Kind.allCases.map(\.rawValue).joined(separator: " "))"
                )
            }
            var rule = FaultRule(kind)
            for item in halves.count > 1 ? halves[1].split(separator: ",") : [] {
                let pair = item.split(separator: "=", maxSplits: 1).map(\.trimmingSpaces)
                guard pair.count == 2, rule.set(pair[0], pair[1]) else {
                    throw SimulatorError.badFaults(
                        reason: "\"\(item)\" is not a valid setting of the fault \(kind.rawValue)")
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

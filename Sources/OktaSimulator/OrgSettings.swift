/// The settings of one simulated org. If `epoch` is set, two orgs with the same settings generate the same events, byte for byte.
public struct OrgSettings: Sendable {
    /// `127.0.0.1` or `::1`; anything else is refused at the start.
    public var host = "127.0.0.1"
    /// The TCP port; 0 for any free port.
    public var port: UInt16 = 0
    /// The origin in links, such as `https://acme.example:8443` if the org is behind a reverse proxy; nil to use the request's `Host`.
    public var publicURL: String?
    /// API tokens of super administrators, without the scheme `SSWS`. Each token has a different owner among the users.
    public var tokens: [String] = ["00simulated-okta-token"]
    /// API tokens that are valid but have no rights (403 E0000006). With such a token, a client can only read the token's owner.
    public var powerlessTokens: [String] = []
    /// API tokens of administrators with limited rights. For each token: the rights of its owner.
    public var limitedTokens: [String: AdminRights] = [:]
    /// OAuth 2.0 service apps that may ask `/oauth2/v1/token` for access tokens.
    public var serviceApps: [ServiceApp] = []
    /// The DPoP nonce changes after this number of seconds. The org then accepts only the new nonce. A nonce from Okta is valid for a day.
    public var nonceSeconds = 86_400
    /// Whether the DPoP proofs of requests to the API need a nonce, too. RFC 9449 allows a server to require this, but Okta does not do so yet.
    public var wantsNonceAtResources = false
    /// The org's id in `/.well-known/okta-organization`.
    public var orgId = "00o1simulated0org0g4"
    /// `idx` (Identity Engine) or `v1` (Classic).
    public var pipeline = "idx"
    /// Events that exist at the start.
    public var eventCount = 1000
    /// The time before `epoch` over which the first `eventCount` events are spread, in milliseconds.
    public var historySpan: Int64 = 7_200_000
    /// Events per second after `epoch`; 0 for none.
    public var rate: Double = 0
    /// The share of late events, 0…1. Their delay between publication and persistence is up to `lateSpan` milliseconds longer than usual.
    public var lateShare: Double = 0
    /// The longest additional delay of a late event, in milliseconds.
    public var lateSpan: Int64 = 300_000
    /// The seed from which all random choices of the org are derived.
    public var seed: UInt64 = 1
    /// When the history ends and the live stream begins, milliseconds since 1970; nil for the time at which the org starts.
    public var epoch: Int64?
    /// Whether to use all catalogued event types in turn, instead of choosing them with plausible frequencies.
    public var eachType = false
    /// Share of events with an odd but documented shape, 0…1.
    public var oddShare: Double = 0.02
    /// The share of events in a form that no healthy org would send (no uuid, impossible dates), 0…1.
    public var hostileShare: Double = 0
    /// Recorded events, one JSON object each. They are served in this order, instead of generated events.
    public var recorded: [[UInt8]]?
    /// The number of requests to `/api/v1/logs` that are allowed in each window (Okta: 20 to 120 per minute, depending on the kind of org).
    public var limitPerMinute = 120
    /// The length of a rate-limit window in seconds. It is 60 in a real org. With a shorter window, tests that wait for its end are faster.
    public var rateWindowSeconds = 60
    /// The number of plain users (`user0001@corp.example`, …) in addition to the users that every simulated org has. All are ACTIVE.
    public var extraUsers = 0
    /// The number of requests that each budget of the management API allows in a window. Nil stands for the limits of one credential in a Workforce
    /// org: 1000 for one user, 300 for lists of users, 500 for a group, 600 for all other calls.
    public var managementLimit: Int?
    /// Milliseconds from an action until clients can read its event in the log.
    public var actionEventDelay: Int64 = 200
    /// Milliseconds from the answer until an activation or deactivation is complete.
    public var transitionSpan: Int64 = 200
    /// Milliseconds by which the result of `GET /api/v1/users?search=` is outdated. Okta documents "eventually consistent" and states no time.
    /// Results of `filter`, and of reading one user by id, are never outdated.
    public var searchDelay: Int64 = 1000
    /// Whether the org has Identity Threat Protection; without it, risk and universal logout are refused with 401 E0000015.
    public var hasThreatProtection = true
    /// Whether answers are compressed with `gzip` for clients that accept it.
    public var gzip = true
    /// Faults that are active from the start.
    public var faults: [FaultRule] = []
    /// The org's clock, milliseconds since 1970; by default this machine's. A test can move it instead of waiting.
    public var clock: @Sendable () -> Int64 = { OrgService.systemTime() }

    /// Creates settings with the defaults above.
    public init() {}
}

/// Why an org could not be started or changed.
public enum SimulatorError: Error, CustomStringConvertible, Equatable {
    /// The host is not a loopback address. The simulator uses plain HTTP and known tokens, so it listens only on loopback.
    case notLoopback(host: String)
    /// The address could not be bound; `errno` says why (98: another process has the port).
    case cannotListen(host: String, port: UInt16, errno: Int32)
    /// The value of a setting is not valid.
    case badSetting(name: String, reason: String)
    /// The text that specifies the faults can't be parsed.
    case badFaults(reason: String)
    /// Events can be appended only to a log without live events (`rate` 0).
    case liveLog

    /// One line that says what is wrong, where, and usually what to do.
    public var description: String {
        switch self {
        case .notLoopback(let host): "\(host) is not a loopback address; use 127.0.0.1 or ::1"
        case .cannotListen(let host, let port, let errno):
            "cannot listen on \(host) port \(port) (errno \(errno)); choose another port, or 0 for any free port"
        case .badSetting(let name, let reason): "\(name): \(reason)"
        case .badFaults(let reason): "faults: \(reason)"
        case .liveLog: "events cannot be appended to a log with live events; start the simulator with rate 0"
        }
    }
}

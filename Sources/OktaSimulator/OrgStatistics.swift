/// What the org has seen since it started. Requests to `/_simulator` are not counted.
public struct OrgStatistics: Sendable, Codable, Equatable {
    /// Requests answered or struck by a fault.
    public var requests = 0
    /// Requests by HTTP status; 0 for those without an answer.
    public var byStatus: [Int: Int] = [:]
    /// Requests by path; paths beyond the first 100 are counted as `other`.
    public var byPath: [String: Int] = [:]
    /// Events in good pages, repeated ones counted again.
    public var eventsServed = 0
    /// The `after` of the last request to the log, nil when it had none.
    public var lastAfter: String?
    /// The target of the last request to the log.
    public var lastTarget: String?
    /// Requests to the log under way now, from their first line to the end of the answer.
    public var inFlight = 0
    /// The most there were at once; 1 proves that a client never has two.
    public var maximumInFlight = 0
    /// Faults that struck, by kind.
    public var faults: [String: Int] = [:]
    /// 429 answers of the rate limit itself.
    public var rateLimited = 0
    /// Events that exist now.
    public var eventsAvailable = 0
    /// Access tokens given out.
    public var tokensIssued = 0
    /// When the first page of the log was served, milliseconds since 1970.
    public var firstPageAt: Int64?
    /// When the end of the log was first reached: a page that was not full.
    public var reachedEndAt: Int64?
    /// Connections accepted.
    public var connections = 0

    /// All zero.
    public init() {}

    mutating func count(status: Int, path: String) {
        requests += 1
        byStatus[status, default: 0] += 1
        byPath[byPath[path] != nil || byPath.count < 100 ? path : "other", default: 0] += 1
    }
}

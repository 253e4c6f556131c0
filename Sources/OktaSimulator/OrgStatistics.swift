/// Counts since the org started. Requests to `/_simulator` are not counted.
public struct OrgStatistics: Sendable, Codable, Equatable {
    /// Requests, including those that a fault left without an answer.
    public var requests = 0
    /// Requests by HTTP status. Requests without an answer have the status 0.
    public var byStatus: [Int: Int] = [:]
    /// Requests by path; paths beyond the first 100 are counted as `other`.
    public var byPath: [String: Int] = [:]
    /// Events in pages that a correct client can read. An event that is served again is counted again.
    public var eventsServed = 0
    /// The parameter `after` of the last request to the log; nil if the request had none.
    public var lastAfter: String?
    /// The request target (path and query) of the last request to the log.
    public var lastTarget: String?
    /// The number of requests to the log that are being answered now.
    public var inFlight = 0
    /// The highest number of requests to the log that were being answered at the same time. If it is 1, the client never sent two at once.
    public var maximumInFlight = 0
    /// Faults that occurred, by kind.
    public var faults: [String: Int] = [:]
    /// Answers with status 429 because of the rate limit. Those that a fault sends are not counted.
    public var rateLimited = 0
    /// Events that exist now.
    public var eventsAvailable = 0
    /// Access tokens that were issued.
    public var tokensIssued = 0
    /// When the first page of the log was served, milliseconds since 1970.
    public var firstPageAt: Int64?
    /// When the end of the log was first reached: the first time that a page was not full. Milliseconds since 1970.
    public var reachedEndAt: Int64?
    /// Connections that were accepted.
    public var connections = 0

    /// Creates statistics in which all counts are zero.
    public init() {}

    mutating func count(status: Int, path: String) {
        requests += 1
        byStatus[status, default: 0] += 1
        byPath[byPath[path] != nil || byPath.count < 100 ? path : "other", default: 0] += 1
    }
}

import Configuration
import FoundationEssentials

/// A delivery's report: `status.json` in its directory, which `tributary status` reads. Keys are in snake case, times are RFC
/// 3339 in UTC. New keys may be added; changing the meaning of a key or removing it raises `format`.
package struct DeliveryReport: Codable, Sendable, Equatable {
    package static let currentFormat = 1
    package static let fileName = "status.json"

    package var format = Self.currentFormat
    package var name: String
    package var version: String
    package var pid: Int32
    package var place: String
    package var guarantee: DeliveryGuarantee
    package var state: State
    /// When the present state began.
    package var since: String
    package var startedAt: String
    package var updatedAt: String
    /// The fleet's bucket from which the segments come; absent for the spool of this host.
    package var source: String?
    /// The host that delivers while this one waits for its turn; absent if this host delivers.
    package var holder: String?
    /// All segments up to this position are delivered or skipped. With the spool of this host, positions are those of the manifest. With a
    /// fleet's bucket, they are counted from the start of this run.
    package var position: Int64 = 0
    /// The acknowledged position. It follows `position` with a short delay.
    package var acknowledged: Int64 = 0
    /// The number of segments that wait to be delivered. With a fleet's bucket, each unread seal counts as one segment.
    package var lagSegments = 0
    /// The bytes of the segments that wait to be delivered. With a fleet's bucket, the segments of unread seals are not included.
    package var lagBytes: Int64 = 0
    /// The age of the oldest segment that is in progress or missing, in seconds since it was sealed; 0 if there is no such segment.
    package var lagSeconds = 0
    /// The number of segments that were delivered since the start.
    package var deliveredSegments = 0
    /// The number of delivered segments that an earlier attempt had already stored, or may have stored in part.
    package var repeatedSegments = 0
    /// The bytes of the delivered segments.
    package var deliveredBytes: Int64 = 0
    /// The number of requests that were sent, or of commands that were run, since the start.
    package var requests = 0
    package var lastDeliveredAt: String?
    package var problem: Problem?

    /// `live`, `delivering` and `standby` are healthy.
    package enum State: String, Codable, Sendable {
        case starting
        /// No segment waits.
        case live
        case delivering
        /// Something failed, such as a transfer, and is retried.
        case waiting
        /// A segment is missing from the spool, or is refused for a reason that a retry does not cure. No further segment is taken.
        case stopped
        case ended
        /// Another host of the fleet delivers; this one takes over when that host stops.
        case standby

        package var isHealthy: Bool { self == .live || self == .delivering || self == .standby }
    }

    /// A problem, and what to do about it.
    package struct Problem: Codable, Sendable, Equatable {
        package var message: String
        package var remedy: String
        /// The segment's path in the spool; absent if the problem is not about a segment.
        package var segment: String?
        package var attempts: Int
        package var since: String
        package var nextAttemptAt: String?

        package init(
            message: String, remedy: String, segment: String?, attempts: Int, since: String, nextAttemptAt: String?
        ) {
            self.message = message
            self.remedy = remedy
            self.segment = segment
            self.attempts = attempts
            self.since = since
            self.nextAttemptAt = nextAttemptAt
        }
    }

    package init(
        name: String, version: String, pid: Int32, place: String, guarantee: DeliveryGuarantee, state: State,
        since: String, startedAt: String, updatedAt: String
    ) {
        self.name = name
        self.version = version
        self.pid = pid
        self.place = place
        self.guarantee = guarantee
        self.state = state
        self.since = since
        self.startedAt = startedAt
        self.updatedAt = updatedAt
    }

    package func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return try encoder.encode(self)
    }

    package init(decoding data: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: data)
    }

    /// The one line that `systemctl status` shows.
    package var line: String {
        if let holder { return "\(state.rawValue), \(holder) delivers to \(place)" }
        let from = source.map { "from \($0)" } ?? "position \(position)"
        let lag =
            switch lagSegments {
            case 0: "no segment waits"
            case 1: "1 segment waits, for \(lagSeconds) s"
            default: "\(lagSegments) segments wait, the oldest for \(lagSeconds) s"
            }
        let problem = problem.map { "; \($0.message)" } ?? ""
        return "\(state.rawValue), \(from), \(lag), \(deliveredSegments) delivered to \(place)\(problem)"
    }
}

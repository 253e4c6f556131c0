import Configuration
import CurlHTTPClient
import Time

/// One kind of server that takes records by HTTP: how a batch is asked to be stored, and what the answer means. A plain value.
protocol RecordService: Sendable {
    /// What a repeat leads to.
    var guarantee: DeliveryGuarantee { get }
    /// Where it is, for a person.
    var place: String { get }
    /// Whether the server knows a repeat by the batch. Then a segment is always cut in the same way.
    var knowsBatches: Bool { get }

    /// A record's part of a body.
    ///
    /// - Parameter number: which one it is in its segment, from 1.
    func part(_ record: UnsafeRawBufferPointer, number: Int, of segment: DeliverySegment) -> [UInt8]

    /// The request that stores a batch, without the secret.
    func request(_ batch: RecordBatch, of segment: DeliverySegment) -> HTTPRequest

    /// Adds the secret.
    func authorize(_ request: inout HTTPRequest, _ secret: String)

    /// What an answer means.
    func verdict(_ answer: ServiceAnswer, to batch: RecordBatch, of segment: DeliverySegment) -> BatchVerdict

    /// Asks whether what was taken under a ticket is durable; `nil` where there are no tickets.
    func question(about ticket: Int) -> HTTPRequest?

    /// Whether an answer to that says so; `nil` for an answer that does not tell.
    func isDurable(_ answer: ServiceAnswer, ticket: Int) -> Bool?

    /// Tries it out without storing anything.
    func check(_ ask: (HTTPRequest) async -> Result<ServiceAnswer, DeliveryTrouble>) async -> [DestinationStep]
}

extension RecordService {
    func question(about ticket: Int) -> HTTPRequest? { nil }
    func isDurable(_ answer: ServiceAnswer, ticket: Int) -> Bool? { nil }
}

/// What came of a batch.
enum BatchVerdict: Sendable, Equatable {
    /// All of it is durable. `wasThere`: records that an earlier try had stored.
    case stored(wasThere: Int)
    /// The server has it, and says later whether it is durable.
    case taken(ticket: Int)
    /// The server takes a smaller request only.
    case tooLarge
    /// Not now.
    case notYet(DeliveryTrouble, retryAfter: Duration?)
    /// The server won't take one of the records.
    case refused(DeliveryTrouble)
}

/// An answer of a server, with what all kinds of servers have in common.
struct ServiceAnswer: Sendable {
    let response: HTTPResponse
    /// Host and port that answered.
    let host: String
    /// This host's wall clock, milliseconds since 1970.
    let now: Int64

    var status: Int { response.status }

    /// What a status means by HTTP alone.
    ///
    /// - Parameters:
    ///   - said: the server's own words in parentheses, or nothing.
    ///   - rights: what to allow the user or token.
    func verdict(said: String, rights: String) -> BatchVerdict {
        func notYet(_ message: String, _ remedy: String) -> BatchVerdict {
            .notYet(
                DeliveryTrouble("\(host) \(message)\(said)", remedy: remedy),
                retryAfter: RetryAfter.read(response.headers, now: now))
        }
        switch status {
        case 401:
            return notYet(
                "does not take the credential", "Correct the user or the secret; a replaced secret is used by itself")
        case 403: return notYet("does not allow writing", rights)
        case 407: return notYet("is not reached: a proxy asks for credentials", "Check the proxy settings")
        case 413: return .tooLarge
        case 408, 425, 429, 500...599:
            return notYet("can't take records now: \(status)", "It is tried again; see the server's status")
        case 300..<400:
            return notYet("redirects to another address", "Set url to the address of the server itself")
        case 200..<300:
            return notYet(
                "answered \(status) and is not the server that was expected",
                "Check url, protocol, the proxy, and whether this network has a login page")
        default: return notYet("refuses the request: \(status)", "Correct the destination's settings")
        }
    }
}

/// When a server wants to be asked again (RFC 9110, 10.2.3).
enum RetryAfter {
    /// - Parameter now: milliseconds since 1970.
    static func read(_ headers: HTTPHeaders, now: Int64) -> Duration? {
        guard let text = headers.first("Retry-After") else { return nil }
        if let seconds = Int64(text), (0...86_400).contains(seconds) { return .seconds(seconds) }
        return UTCTime(httpDate: text).map { .milliseconds(max(0, $0.milliseconds - now)) }
    }
}

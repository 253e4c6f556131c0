import Configuration
import CurlHTTPClient
import Time

/// Supports one kind of server that receives records over HTTP: makes the requests to the server, and interprets the answers. A plain value.
protocol RecordService: Sendable {
    /// The effect of delivering a segment again.
    var guarantee: DeliveryGuarantee { get }
    /// The server's address, for a person.
    var place: String { get }
    /// True if the server recognizes repeated batches. A segment must then always be cut into the same batches.
    var knowsBatches: Bool { get }

    /// The bytes that a record adds to a request's body.
    ///
    /// - Parameter number: the record's number in its segment, from 1.
    func part(_ record: UnsafeRawBufferPointer, number: Int, of segment: DeliverySegment) -> [UInt8]

    /// The request that stores a batch, without the secret.
    func request(_ batch: RecordBatch, of segment: DeliverySegment) -> HTTPRequest

    /// Adds the secret to a request.
    func authorize(_ request: inout HTTPRequest, _ secret: String)

    /// The outcome of sending a batch, according to the server's answer.
    func verdict(_ answer: ServiceAnswer, to batch: RecordBatch, of segment: DeliverySegment) -> BatchVerdict

    /// The request that asks whether the batch with this ticket is durable; `nil` if the server gives no tickets.
    func question(about ticket: Int) -> HTTPRequest?

    /// Whether an answer to ``question(about:)`` confirms that the batch is durable; `nil` if the answer does not say whether it is.
    func isDurable(_ answer: ServiceAnswer, ticket: Int) -> Bool?

    /// Tests the server without storing anything.
    func check(_ ask: (HTTPRequest) async -> Result<ServiceAnswer, DeliveryTrouble>) async -> [DestinationStep]
}

extension RecordService {
    func question(about ticket: Int) -> HTTPRequest? { nil }
    func isDurable(_ answer: ServiceAnswer, ticket: Int) -> Bool? { nil }
}

/// The outcome of sending a batch.
enum BatchVerdict: Sendable, Equatable {
    /// The whole batch is durable. `wasThere`: the number of records that an earlier attempt had stored.
    case stored(wasThere: Int)
    /// The server has accepted the batch. Later, the server can be asked with this ticket whether the batch is durable.
    case taken(ticket: Int)
    /// The server accepts only smaller requests.
    case tooLarge
    /// The attempt failed. The delivery tries again.
    case notYet(DeliveryTrouble, retryAfter: Duration?)
    /// The server refuses at least one of the records.
    case refused(DeliveryTrouble)
}

/// An answer of a server. Its methods interpret the answers that mean the same for all kinds of servers.
struct ServiceAnswer: Sendable {
    let response: HTTPResponse
    /// The host and port that answered.
    let host: String
    /// This host's wall clock, milliseconds since 1970.
    let now: Int64

    var status: Int { response.status }

    /// The meaning of a status according to HTTP.
    ///
    /// - Parameters:
    ///   - said: the server's own message in parentheses, or an empty text.
    ///   - rights: advice on the rights that the user or token needs.
    func verdict(said: String, rights: String) -> BatchVerdict {
        func notYet(_ message: String, _ remedy: String) -> BatchVerdict {
            .notYet(
                DeliveryTrouble("\(host) \(message)\(said)", remedy: remedy),
                retryAfter: RetryAfter.read(response.headers, now: now))
        }
        switch status {
        case 401:
            return notYet(
                "does not accept the credential",
                "Correct the user or the secret; a new secret is used automatically")
        case 403: return notYet("does not allow writing", rights)
        case 407: return notYet("can't be reached: a proxy asks for credentials", "Check the proxy settings")
        case 413: return .tooLarge
        case 408, 425, 429, 500...599:
            return notYet("can't accept records now: \(status)", "Tributary retries; check the server's status")
        case 300..<400:
            return notYet("redirects to another address", "Set “url” to the address of the server itself")
        case 200..<300:
            return notYet(
                "answered \(status) and does not seem to be the expected server",
                "Check “url”, “protocol”, the proxy, and whether this network has a login page")
        default: return notYet("refuses the request: \(status)", "Correct the destination's settings")
        }
    }
}

/// Reads the header `Retry-After`: the wait that a server asks for before the next request (RFC 9110, 10.2.3).
enum RetryAfter {
    /// - Parameter now: milliseconds since 1970.
    static func read(_ headers: HTTPHeaders, now: Int64) -> Duration? {
        guard let text = headers.first("Retry-After") else { return nil }
        if let seconds = Int64(text), (0...86_400).contains(seconds) { return .seconds(seconds) }
        return UTCTime(httpDate: text).map { .milliseconds(max(0, $0.milliseconds - now)) }
    }
}

import Configuration
import CurlHTTPClient
import FoundationEssentials
import OCSF

/// Splunk's HTTP Event Collector (https://docs.splunk.com/Documentation/Splunk/latest/Data/HECExamples).
///
/// Splunk does not recognize repeats: a batch whose answer was lost is stored again. With indexer acknowledgement, which is a setting of the token, a
/// batch counts as delivered once Splunk reports that it is indexed.
struct SplunkService: RecordService {
    /// The server's address: scheme, host and port.
    let url: String
    /// The index; `nil` for the token's default.
    let index: IndexName?
    /// A UUID that identifies this delivery to Splunk. Indexer acknowledgement requires it.
    let channel: String

    var guarantee: DeliveryGuarantee { DestinationProtocol.splunk.guarantee }
    var place: String { "splunk \(url)\(index.map { " index \($0)" } ?? "")" }
    var knowsBatches: Bool { false }

    func part(_ record: UnsafeRawBufferPointer, number: Int, of segment: DeliverySegment) -> [UInt8] {
        var part: [UInt8] = []
        part.reserveCapacity(record.count + 160)
        part += "{".utf8
        if let time = recordTime(of: record) {
            let thousandths = "\(1000 + time % 1000)".dropFirst()
            part += "\"time\":\(time / 1000).\(thousandths),".utf8
        }
        // These values need no escaping, because the configuration allows only certain characters in them.
        part += "\"source\":\"tributary:\(segment.integration)\",\"sourcetype\":\"tributary:ocsf\",".utf8
        if let index { part += "\"index\":\"\(index.name(for: segment))\",".utf8 }
        part += "\"event\":".utf8
        part += record
        part += "}\n".utf8
        return part
    }

    func request(_ batch: RecordBatch, of segment: DeliverySegment) -> HTTPRequest {
        var request = HTTPRequest(.post, "\(url)/services/collector/event")
        request.headers.append("Content-Type", "application/json")
        request.headers.append("X-Splunk-Request-Channel", channel)
        request.body = batch.body
        return request
    }

    func authorize(_ request: inout HTTPRequest, _ secret: String) {
        request.headers.set("Authorization", "Splunk \(secret)")
    }

    private struct Answer: Decodable {
        var text: String?
        var code: Int
        var ackId: Int?
        var invalidEventNumber: Int?

        enum CodingKeys: String, CodingKey {
            case text, code, ackId
            case invalidEventNumber = "invalid-event-number"
        }

        var said: String { " (\(code): \((text ?? "").oneLine(limit: 120)))" }
    }

    private static func read(_ answer: ServiceAnswer) -> Answer? {
        try? JSONDecoder().decode(Answer.self, from: Data(answer.response.body))
    }

    func verdict(_ answer: ServiceAnswer, to batch: RecordBatch, of segment: DeliverySegment) -> BatchVerdict {
        guard let said = Self.read(answer) else {
            return answer.verdict(said: "", rights: "Check the token in Splunk's HTTP Event Collector settings")
        }
        switch said.code {
        case 0 where answer.status == 200: return said.ackId.map { .taken(ticket: $0) } ?? .stored(wasThere: 0)
        case 7:
            return .notYet(
                DeliveryTrouble(
                    "\(answer.host) does not accept the index\(index.map { " " + $0.name(for: segment) } ?? "")\(said.said)",
                    remedy: "Create the index, and allow the token to use it"), retryAfter: nil)
        case 5, 6, 12, 13:
            let number = batch.first + (said.invalidEventNumber ?? 0)
            return .refused(
                DeliveryTrouble(
                    "\(answer.host) refuses record \(number) of \(segment.path)\(said.said)",
                    remedy: "Check Splunk's message. A retry repeats earlier records, so Splunk may store them twice"))
        default:
            return answer.verdict(said: said.said, rights: "Check the token in Splunk's HTTP Event Collector settings")
        }
    }

    func question(about ticket: Int) -> HTTPRequest? {
        var request = HTTPRequest(.post, "\(url)/services/collector/ack")
        request.headers.append("Content-Type", "application/json")
        request.headers.append("X-Splunk-Request-Channel", channel)
        request.body = Array("{\"acks\":[\(ticket)]}".utf8)
        return request
    }

    func isDurable(_ answer: ServiceAnswer, ticket: Int) -> Bool? {
        struct Acknowledgements: Decodable { var acks: [String: Bool] }
        guard answer.status == 200,
            let known = try? JSONDecoder().decode(Acknowledgements.self, from: Data(answer.response.body))
        else { return nil }
        return known.acks["\(ticket)"]
    }

    /// Tests the token with a request without an event. If Splunk answers that there is no data (code 5), the token is valid.
    func check(_ ask: (HTTPRequest) async -> Result<ServiceAnswer, DeliveryTrouble>) async -> [DestinationStep] {
        let none = DeliverySegment(sequence: 0, path: "", spool: "", bytes: 0, sha256: "")
        switch await ask(request(RecordBatch(first: 1), of: none)) {
        case .failure(let trouble): return [DestinationStep("server", trouble)]
        case .success(let answer):
            guard let said = Self.read(answer), said.code == 5 || said.code == 0 else {
                return [DestinationStep("server", answer.trouble(said: Self.read(answer)?.said ?? ""))]
            }
            return [DestinationStep("server", "\(answer.host) accepts the token")]
        }
    }
}

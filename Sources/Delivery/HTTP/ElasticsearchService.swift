import Configuration
import CurlHTTPClient
import FoundationEssentials
import OCSF

/// Elasticsearch or OpenSearch, through `_bulk` (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk).
///
/// Each record is created with its `metadata.uid` as `_id`. If the uid can't be used, the `_id` consists of the segment's SHA-256 and the record's
/// number. If there is already a record with the same `_id`, the answer is 409 and nothing changes. So a repeat stores nothing twice, however it is
/// cut into batches. This works only within one index, so the name of the index depends only on the segment.
struct ElasticsearchService: RecordService {
    /// The server's address: scheme, host and port.
    let url: String
    let index: IndexName
    /// With a user, the secret is that user's password. Without a user, the secret is an API key.
    let user: String?

    var guarantee: DeliveryGuarantee { DestinationProtocol.elasticsearch.guarantee }
    var place: String { "elasticsearch \(url)/\(index)" }
    var knowsBatches: Bool { false }

    func part(_ record: UnsafeRawBufferPointer, number: Int, of segment: DeliverySegment) -> [UInt8] {
        var part: [UInt8] = []
        part.reserveCapacity(record.count + 80)
        part += "{\"create\":{\"_id\":\"".utf8
        // 512 bytes is the server's limit for an _id. The record's uid is already escaped for a JSON string.
        if let uid = recordUID(of: record), uid.count <= 512 {
            part += uid
        } else {
            part += "\(segment.sha256)-\(number)".utf8
        }
        part += "\"}}\n".utf8
        part += record
        part.append(0x0A)
        return part
    }

    func request(_ batch: RecordBatch, of segment: DeliverySegment) -> HTTPRequest {
        // With this filter, the server's answer contains only these fields.
        let filter = "errors,error,items.create.status,items.create.error.type,items.create.error.reason"
        var request = HTTPRequest(.post, "\(url)/\(index.name(for: segment))/_bulk?filter_path=\(filter)")
        request.headers.append("Content-Type", "application/x-ndjson")
        request.body = batch.body
        return request
    }

    func authorize(_ request: inout HTTPRequest, _ secret: String) {
        let value = user.map { BasicAuthorization.value(user: $0, password: secret) } ?? "ApiKey \(secret)"
        request.headers.set("Authorization", value)
    }

    private struct Cause: Decodable {
        var type: String?
        var reason: String?

        /// The server's message in the form ` (type: reason)`; empty if there is none.
        var said: String {
            let words = [type?.oneLine(limit: 60), reason?.oneLine(limit: 160)].compactMap(\.self)
            return words.isEmpty ? "" : " (\(words.joined(separator: ": ")))"
        }
    }

    private struct Answer: Decodable {
        struct Item: Decodable { var create: Result? }
        struct Result: Decodable {
            var status: Int
            var error: Cause?
        }
        var errors: Bool?
        var items: [Item]?
    }

    private struct Failure: Decodable { var error: Cause? }

    func verdict(_ answer: ServiceAnswer, to batch: RecordBatch, of segment: DeliverySegment) -> BatchVerdict {
        let body = Data(answer.response.body)
        guard answer.status == 200, let decoded = try? JSONDecoder().decode(Answer.self, from: body),
            decoded.errors != nil
        else { return failure(answer, segment) }
        let items = (decoded.items ?? []).compactMap(\.create)
        guard items.count == batch.count else {
            return .notYet(
                DeliveryTrouble(
                    "\(answer.host) returned \(items.count) results for \(batch.count) records",
                    remedy: "Tributary retries; check which server answers at “url”"), retryAfter: nil)
        }
        var wasThere = 0
        var later: BatchVerdict?
        for (place, item) in items.enumerated() {
            switch (item.status, item.error?.type ?? "") {
            case (200..<300, _): break
            case (409, _): wasThere += 1
            case (401, _), (403, _), (404, _), (429, _), (500...599, _):
                later = .notYet(
                    DeliveryTrouble(
                        "\(answer.host) did not accept one or more records of \(segment.path): \(item.status)"
                            + (item.error?.said ?? ""),
                        remedy: "Tributary retries; check the state of the index \(index.name(for: segment))"),
                    retryAfter: RetryAfter.read(answer.response.headers, now: answer.now))
            default:
                return .refused(
                    DeliveryTrouble(
                        "\(answer.host) refuses record \(batch.first + place) of \(segment.path)"
                            + (item.error?.said ?? ": \(item.status)"),
                        remedy:
                            "Correct the mapping of the index \(index.name(for: segment)); records that are "
                            + "already stored are not stored again"))
            }
        }
        return later ?? .stored(wasThere: wasThere)
    }

    /// The verdict on an answer that has no results for single records.
    private func failure(_ answer: ServiceAnswer, _ segment: DeliverySegment) -> BatchVerdict {
        let said = Self.said(answer)
        if answer.status == 404 {
            return .notYet(
                DeliveryTrouble(
                    "\(answer.host) has no index \(index.name(for: segment))\(said)",
                    remedy: "Create the index, or let the server create indexes automatically"), retryAfter: nil)
        }
        return answer.verdict(
            said: said, rights: "Give the user or API key the privileges create_doc and create_index on the index")
    }

    private static func said(_ answer: ServiceAnswer) -> String {
        (try? JSONDecoder().decode(Failure.self, from: Data(answer.response.body)))?.error?.said ?? ""
    }

    func check(_ ask: (HTTPRequest) async -> Result<ServiceAnswer, DeliveryTrouble>) async -> [DestinationStep] {
        struct Server: Decodable {
            struct Version: Decodable {
                var number: String
                var distribution: String?
            }
            var version: Version
        }
        var steps: [DestinationStep] = []
        switch await ask(HTTPRequest(.get, "\(url)/")) {
        case .failure(let trouble): return [DestinationStep("server", trouble)]
        case .success(let answer):
            // The server refuses this request with 403 if the API key is limited to a single index. So 403 also means that the server accepts the
            // credential.
            if answer.status == 403 {
                steps.append(DestinationStep("server", "\(answer.host) accepts the credential"))
            } else if answer.status == 200,
                let server = try? JSONDecoder().decode(Server.self, from: Data(answer.response.body))
            {
                let name = server.version.distribution ?? "elasticsearch"
                steps.append(
                    DestinationStep("server", "\(name) \(server.version.number) at \(answer.host)".oneLine(limit: 120)))
            } else {
                return [DestinationStep("server", answer.trouble(said: Self.said(answer)))]
            }
        }
        switch await ask(HTTPRequest(.get, "\(url)/_data_stream/\(index.pattern)")) {
        case .failure(let trouble): steps.append(DestinationStep("index", trouble))
        case .success(let answer):
            let names = answer.response.body.firstRange(of: Array("\"name\"".utf8)) != nil
            steps.append(
                answer.status == 200 && names
                    ? DestinationStep(
                        "index", "\(index) is a data stream",
                        remedy: "Use an index: after a rollover, a data stream would store repeated records twice")
                    : DestinationStep("index", "\(index)"))
        }
        return steps
    }
}

extension ServiceAnswer {
    /// Describes an unexpected answer to a request that stores nothing.
    func trouble(said: String, rights: String = "Allow the user or token to write records") -> DeliveryTrouble {
        switch verdict(said: said, rights: rights) {
        case .notYet(let trouble, _), .refused(let trouble): trouble
        case .stored, .taken, .tooLarge:
            DeliveryTrouble(
                "\(host) answers \(status)\(said)", remedy: "Check the destination's settings “url” and “protocol”")
        }
    }
}

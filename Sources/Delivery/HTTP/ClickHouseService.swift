import Configuration
import CurlHTTPClient
import FoundationEssentials

/// ClickHouse through its HTTP interface (https://clickhouse.com/docs/interfaces/http): each batch is one synchronous insert, in which each record
/// becomes a value of the column `record`.
///
/// The server recognizes a repeat by `insert_deduplication_token`, which consists of the segment's SHA-256 and the numbers of the batch's first and
/// last records. So a segment must always be cut into the same batches. A setting of the table determines how many tokens the server remembers.
struct ClickHouseService: RecordService {
    /// The server's address: scheme, host and port.
    let url: String
    /// The name of the table, in the form `table` or `database.table`.
    let table: String
    let user: String

    var guarantee: DeliveryGuarantee { DestinationProtocol.clickhouse.guarantee }
    var place: String { "clickhouse \(url) \(table)" }
    var knowsBatches: Bool { true }

    func part(_ record: UnsafeRawBufferPointer, number: Int, of segment: DeliverySegment) -> [UInt8] {
        record + [0x0A]
    }

    func request(_ batch: RecordBatch, of segment: DeliverySegment) -> HTTPRequest {
        let name = table.split(separator: ".").map { "`\($0)`" }.joined(separator: ".")
        let query = "INSERT INTO \(name) (record) FORMAT JSONAsString"
        var request = HTTPRequest(
            .post,
            Self.address(
                url,
                [
                    ("query", query), ("insert_deduplicate", "1"),
                    ("insert_deduplication_token", Self.token(batch, of: segment)), ("async_insert", "0"),
                    // With this setting, the server answers only after all records are stored.
                    ("wait_end_of_query", "1"),
                    // Without parallel parsing, the server treats the batch as a single block, which has a single token.
                    ("input_format_parallel_parsing", "0"),
                ]))
        request.headers.append("Content-Type", "application/x-ndjson")
        request.body = batch.body
        return request
    }

    /// The token of a batch. It is unique to the segment's content and the batch's range of records.
    static func token(_ batch: RecordBatch, of segment: DeliverySegment) -> String {
        "\(segment.sha256)-\(batch.first)-\(batch.last)"
    }

    private static func address(_ url: String, _ query: [(String, String)]) -> String {
        "\(url)/?"
            + query.map { "\($0.0)=\(PercentEncoding.encode($0.1, keepingSlash: false))" }.joined(separator: "&")
    }

    func authorize(_ request: inout HTTPRequest, _ secret: String) {
        request.headers.set("Authorization", BasicAuthorization.value(user: user, password: secret))
    }

    func verdict(_ answer: ServiceAnswer, to batch: RecordBatch, of segment: DeliverySegment) -> BatchVerdict {
        let code = answer.response.headers.first("X-ClickHouse-Exception-Code").flatMap { Int($0) }
        let said = Self.said(answer, code)
        func notYet(_ message: String, _ remedy: String) -> BatchVerdict {
            .notYet(
                DeliveryTrouble("\(answer.host) \(message)\(said)", remedy: remedy),
                retryAfter: RetryAfter.read(answer.response.headers, now: answer.now))
        }
        // The numbers are from src/Common/ErrorCodes.cpp in ClickHouse's source code.
        switch code {
        case nil where answer.status == 200 && Self.isServer(answer): return .stored(wasThere: 0)
        case 193, 194, 516:
            return notYet("does not accept the user and password", "Correct the destination's user or its secret")
        case 497: return notYet("does not allow inserting into \(table)", "GRANT INSERT ON \(table) TO \(user)")
        case 60, 81:
            return notYet(
                "has no table \(table)", "Create the table; /usr/share/doc/tributary/delivery.md has an example")
        case 16, 36, 47:
            return notYet("can't insert into \(table)", "The table needs a column “record” of type String")
        case 6, 26, 27, 117, 131, 469:
            return .refused(
                DeliveryTrouble(
                    "\(answer.host) refuses records \(batch.first) to \(batch.last) of \(segment.path)\(said)",
                    remedy: "Correct the table's columns or constraints"))
        case 115:
            return notYet("does not know a setting of Tributary's request", "Use ClickHouse 22.3 or newer")
        case 252:
            return notYet("has too many parts in \(table)", "Raise “request_bytes”, and check the table's merges")
        case .some: return notYet("can't accept records now", "Tributary retries; check the server's log")
        case nil: return answer.verdict(said: said, rights: "Allow the user to insert into \(table)")
        }
    }

    private static func isServer(_ answer: ServiceAnswer) -> Bool {
        answer.response.headers.lines.contains { $0.name.lowercased().hasPrefix("x-clickhouse-") }
    }

    private static func said(_ answer: ServiceAnswer, _ code: Int?) -> String {
        guard code != nil || answer.status != 200 else { return "" }
        let text = String(decoding: answer.response.body.prefix(600), as: UTF8.self).oneLine(limit: 200)
        return text.isEmpty ? "" : " (\(text))"
    }

    func check(_ ask: (HTTPRequest) async -> Result<ServiceAnswer, DeliveryTrouble>) async -> [DestinationStep] {
        struct Table: Decodable { var engine, engine_full: String }
        let parts = table.split(separator: ".").map(String.init)
        let database = parts.count == 2 ? "'\(parts[0])'" : "currentDatabase()"
        let query =
            "SELECT engine, engine_full FROM system.tables WHERE database = \(database) AND name = '\(parts.last ?? "")' "
            + "FORMAT JSONEachRow"
        switch await ask(HTTPRequest(.get, Self.address(url, [("query", query)]))) {
        case .failure(let trouble): return [DestinationStep("server", trouble)]
        case .success(let answer):
            guard answer.status == 200, Self.isServer(answer) else {
                let batch = RecordBatch(first: 1)
                let none = DeliverySegment(sequence: 0, path: "", spool: "", bytes: 0, sha256: "")
                switch verdict(answer, to: batch, of: none) {
                case .notYet(let trouble, _), .refused(let trouble): return [DestinationStep("server", trouble)]
                case .stored, .taken, .tooLarge: return [DestinationStep("server", answer.trouble(said: ""))]
                }
            }
            var steps = [DestinationStep("server", "ClickHouse at \(answer.host) accepts the user")]
            guard let found = try? JSONDecoder().decode(Table.self, from: Data(answer.response.body)) else {
                return steps + [
                    DestinationStep(
                        "table", "there is no table \(table), or the user is not allowed to see it",
                        remedy: "Create the table; /usr/share/doc/tributary/delivery.md has an example")
                ]
            }
            steps.append(DestinationStep("table", "\(table), \(found.engine)".oneLine(limit: 120)))
            let isKnown =
                found.engine.hasPrefix("Replicated") || found.engine.hasPrefix("Shared")
                || found.engine_full.contains("non_replicated_deduplication_window")
            steps.append(
                isKnown
                    ? DestinationStep("once", "the table recognizes repeated inserts")
                    : DestinationStep(
                        "once", "the table does not recognize repeated inserts",
                        remedy: "ALTER TABLE \(table) MODIFY SETTING non_replicated_deduplication_window = 10000"))
            return steps
        }
    }
}

import CurlHTTPClient
import Foundation
import Spool
import Testing

@testable import Delivery

@Suite("A delivery over HTTP")
struct HTTPDestinationTests {
    typealias Fault = ScriptedService.Fault
    typealias Kind = ScriptedService.Kind

    /// A sealed segment, and the secret of a destination.
    private final class Fixture {
        let home: String
        let segment: DeliverySegment

        init(records: Int, compression: Compression = .zstd) throws {
            home = FileManager.default.temporaryDirectory.appending(path: "http-\(UUID().uuidString)").path
            let spool = try Spool(
                SpoolSettings(
                    directory: home + "/spool", stateDirectory: home + "/state", compression: compression,
                    recordSchema: "ocsf/1.8.0"),
                fileSystem: PosixFileSystem(), now: SpoolInstant(wall: 1_795_000_000_000, monotonic: 0))
            let writer = try spool.writer(
                integration: "acme", scratch: SpoolScratch(), now: SpoolInstant(wall: 1_795_000_000_000, monotonic: 0))
            let now = SpoolInstant(wall: 1_795_000_001_000, monotonic: 1000)
            let partition = try writer.partition("class=authentication/date=2026-11-23", kind: .records)
            for number in 1...records {
                let record =
                    "{\"metadata\":{\"uid\":\"u\(number)\",\"version\":\"1.8.0\"},\"time\":1795000000\(100 + number % 900),\"message\":\"\(String(repeating: "x", count: 900))\"}"
                try Array(record.utf8).withUnsafeBytes { try writer.append($0, to: partition, time: now.wall) }
            }
            try writer.commit(cursor: "1", at: now)
            try writer.seal(at: now)
            let line = try #require(try SpoolReader(directory: home + "/spool").segments().first)
            segment = try #require(DeliverySegment(line, spool: home + "/spool"))
            try Data("secret-word\n".utf8).write(to: URL(fileURLWithPath: home + "/secret"))
        }

        deinit { try? FileManager.default.removeItem(atPath: home) }

        func destination(_ server: ScriptedService, requestBytes: Int = 64 << 10) -> HTTPDestination {
            let service: any RecordService =
                switch server.kind {
                case .elasticsearch:
                    ElasticsearchService(url: "https://es.example", index: IndexName("okta-{class}-{date}"), user: nil)
                case .clickhouse: ClickHouseService(url: "https://ch.example:8443", table: "lake.okta", user: "loader")
                case .splunk: SplunkService(url: "https://splunk.example:8088", index: nil, channel: "c")
                }
            return HTTPDestination(
                service, transport: server, secretFile: home + "/secret", requestBytes: requestBytes,
                timeout: .seconds(10))
        }

        /// Repeats the delivery until it succeeds or stops. Returns the outcome of each attempt.
        func deliver(_ server: ScriptedService, restarting: Bool = false) async -> [DeliveryOutcome] {
            var destination = destination(server)
            var outcomes: [DeliveryOutcome] = []
            for _ in 0..<20 {
                if restarting { destination = self.destination(server) }
                outcomes.append(await destination.deliver(segment))
                guard case .notYet = outcomes.last else { break }
            }
            return outcomes
        }
    }

    @Test(
        "a segment is sent in requests of limited size, and each of its records is sent once",
        arguments: Kind.allCases, Compression.allCases)
    func plain(_ kind: Kind, _ compression: Compression) async throws {
        let fixture = try Fixture(records: 400, compression: compression)
        let server = ScriptedService(kind)
        #expect(await fixture.deliver(server) == [.delivered(wasThere: false)])
        #expect(server.records.count == 400)
        #expect(server.records.values.allSatisfy { $0 == 1 })
        #expect(server.requests.count > 4)
        #expect(server.requests.allSatisfy { ($0.body?.count ?? 0) <= 64 << 10 })
        // Each request except the last one is full: it has no room for another record.
        #expect(server.requests.dropLast().allSatisfy { ($0.body?.count ?? 0) > 62 << 10 })
    }

    @Test("a delivery authenticates as its kind of server requires, and the secret is never part of the address")
    func requests() async throws {
        let fixture = try Fixture(records: 1)
        let expected: [(Kind, String, String, String)] = [
            (
                .elasticsearch, "https://es.example/okta-authentication-2026-11-23/_bulk?", "ApiKey secret-word",
                "\"_id\":\"u1\""
            ),
            (
                .clickhouse, "insert_deduplication_token=\(fixture.segment.sha256)-1-1&async_insert=0",
                "Basic bG9hZGVyOnNlY3JldC13b3Jk", "\"uid\":\"u1\""
            ),
            (
                .splunk, "https://splunk.example:8088/services/collector/event", "Splunk secret-word",
                "{\"time\":1795000000.101,\"source\":\"tributary:acme\",\"sourcetype\":\"tributary:ocsf\",\"event\":{\"metadata\""
            ),
        ]
        for (kind, url, authorization, body) in expected {
            let server = ScriptedService(kind)
            _ = await fixture.deliver(server)
            let request = try #require(server.requests.first)
            #expect(request.url.contains(url))
            #expect(!request.url.contains("secret-word"))
            #expect(request.headers.first("Authorization") == authorization)
            #expect(String(decoding: request.body ?? [], as: UTF8.self).contains(body))
        }
    }

    static let answers: [(String, HTTPResponse?)] = [
        ("no answer", nil), ("429", HTTPResponse(status: 429, headers: HTTPHeaders([.init("Retry-After", "9")]))),
        ("500", HTTPResponse(status: 500)), ("502", HTTPResponse(status: 502)), ("503", HTTPResponse(status: 503)),
        ("504", HTTPResponse(status: 504)), ("408", HTTPResponse(status: 408)), ("401", HTTPResponse(status: 401)),
        ("403", HTTPResponse(status: 403)), ("404", HTTPResponse(status: 404)), ("302", HTTPResponse(status: 302)),
        ("a login page", HTTPResponse(status: 200, body: Array("<html>log in</html>".utf8))),
        ("400", HTTPResponse(status: 400)),
    ]

    @Test(
        "after any fault, with or without a crash, no record is lost, and none is stored twice if the server recognizes repeats",
        arguments: Kind.allCases, 0..<answers.count)
    func matrix(_ kind: Kind, _ number: Int) async throws {
        let fixture = try Fixture(records: 200)
        for isStored in [false, true] {
            for restarting in [false, true] {
                let server = ScriptedService(kind) { attempt, _ in
                    attempt == 2 ? Fault(response: Self.answers[number].1, isStored: isStored) : nil
                }
                let outcomes = await fixture.deliver(server, restarting: restarting)
                guard case .notYet(_, let wait) = outcomes.first else {
                    Issue.record("\(Self.answers[number].0): \(outcomes)")
                    continue
                }
                #expect(wait == (Self.answers[number].0 == "429" ? .seconds(9) : nil))
                guard case .delivered(let wasThere) = outcomes.last else {
                    Issue.record("\(Self.answers[number].0): \(outcomes)")
                    continue
                }
                #expect(server.records.count == 200)
                let most = server.records.values.max()
                if kind == .splunk {
                    // Splunk stores a record again if it is sent again. Only records sent before the fault or the restart may be stored twice.
                    #expect((most ?? 0) <= 2)
                    #expect(restarting || wasThere)
                    let repeated = server.records.values.count { $0 == 2 }
                    let batches = (isStored ? 1 : 0) + (restarting ? 1 : 0)
                    #expect(repeated <= batches * 80)
                    #expect(batches == 0 ? repeated == 0 : repeated > 0)
                } else {
                    #expect(most == 1)
                }
            }
        }
    }

    @Test(
        "if a server accepts only smaller requests, the requests are made smaller, and are the same again after a restart",
        arguments: Kind.allCases)
    func tooLarge(_ kind: Kind) async throws {
        let fixture = try Fixture(records: 200)
        let server = ScriptedService(kind, largest: 20_000) { attempt, _ in
            attempt == 9 ? Fault(response: nil, isStored: true) : nil
        }
        let outcomes = await fixture.deliver(server, restarting: true)
        guard case .delivered = outcomes.last else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(server.records.count == 200)
        if kind != .splunk { #expect(server.records.values.allSatisfy { $0 == 1 }) }
    }

    @Test(
        "if a record is larger than the server accepts, the delivery stops, and the message gives the record's number",
        arguments: Kind.allCases)
    func muchTooLarge(_ kind: Kind) async throws {
        let fixture = try Fixture(records: 3)
        let outcomes = await fixture.deliver(ScriptedService(kind, largest: 500))
        guard case .refused(let trouble) = outcomes.last else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(trouble.message.contains("record 1 of \(fixture.segment.path)"))
    }

    @Test("if a server refuses a record permanently, the server's message is reported")
    func refused() async throws {
        let fixture = try Fixture(records: 2)
        let rows: [(Kind, HTTPResponse, String)] = [
            (
                .elasticsearch,
                HTTPResponse(
                    status: 200,
                    body: Array(
                        "{\"errors\":true,\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":400,\"error\":{\"type\":\"document_parsing_exception\",\"reason\":\"failed to parse\"}}}]}"
                            .utf8)),
                "refuses record 2 of \(fixture.segment.path) (document_parsing_exception: failed to parse)"
            ),
            (
                .clickhouse,
                HTTPResponse(
                    status: 400, headers: HTTPHeaders([.init("X-ClickHouse-Exception-Code", "469")]),
                    body: Array("Code: 469. DB::Exception: Constraint".utf8)),
                "refuses records 1 to 2 of \(fixture.segment.path) (Code: 469. DB::Exception: Constraint)"
            ),
            (
                .splunk,
                HTTPResponse(
                    status: 400,
                    body: Array("{\"text\":\"Invalid data format\",\"code\":6,\"invalid-event-number\":1}".utf8)),
                "refuses record 2 of \(fixture.segment.path) (6: Invalid data format)"
            ),
        ]
        for (kind, response, words) in rows {
            let server = ScriptedService(kind) { _, _ in Fault(response: response, isStored: false) }
            guard case .refused(let trouble) = await fixture.deliver(server).last else {
                Issue.record("a delivery to \(kind) does not stop")
                continue
            }
            #expect(trouble.message.contains(words))
        }
    }

    @Test("if a server accepts only some records of a bulk request, all are sent again, and none is stored twice")
    func partly() async throws {
        let fixture = try Fixture(records: 2)
        let server = ScriptedService(.elasticsearch) { attempt, _ in
            guard attempt == 1 else { return nil }
            let body = "{\"errors\":true,\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":429}}]}"
            return Fault(response: HTTPResponse(status: 200, body: Array(body.utf8)), isStored: true)
        }
        let outcomes = await fixture.deliver(server)
        guard case .notYet(let trouble, _) = outcomes.first else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(trouble.message.contains("did not accept one or more records"))
        #expect(outcomes.last == .delivered(wasThere: true))
    }

    @Test("if an answer is about fewer records than were sent, the segment does not count as delivered")
    func short() async throws {
        let fixture = try Fixture(records: 2)
        let server = ScriptedService(.elasticsearch) { attempt, _ in
            attempt == 1
                ? Fault(
                    response: HTTPResponse(
                        status: 200, body: Array("{\"errors\":false,\"items\":[{\"create\":{\"status\":201}}]}".utf8)),
                    isStored: false) : nil
        }
        #expect(await fixture.deliver(server).count == 2)
        #expect(server.records.count == 2)
    }

    @Test("with indexer acknowledgement, a segment counts as delivered when Splunk reports that it is indexed")
    func acknowledgement() async throws {
        let fixture = try Fixture(records: 1)
        let server = ScriptedService(.splunk, acknowledges: true)
        #expect(await fixture.deliver(server) == [.delivered(wasThere: false)])
        #expect(server.questions == 2)
        #expect(server.requests.count == 1)
    }

    @Test("if a segment is damaged, no part of the segment is sent")
    func damaged() async throws {
        let fixture = try Fixture(records: 3)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: fixture.segment.file))
        try handle.truncate(atOffset: UInt64(fixture.segment.bytes - 1))
        try handle.close()
        let server = ScriptedService(.elasticsearch)
        guard case .refused(let trouble) = await fixture.deliver(server).last else {
            Issue.record("the damaged segment was delivered")
            return
        }
        #expect(trouble.message.contains("differs from the segment that was sealed"))
        #expect(server.requests.isEmpty)
    }

    @Test("if the secret is missing, the delivery waits, and the message says where to store the secret")
    func secretless() async throws {
        let fixture = try Fixture(records: 1)
        let server = ScriptedService(.clickhouse)
        let destination = fixture.destination(server)
        try FileManager.default.removeItem(atPath: fixture.home + "/secret")
        guard case .notYet(let trouble, _) = await destination.deliver(fixture.segment) else {
            Issue.record("the segment was delivered without a secret")
            return
        }
        #expect(trouble.message.contains("\(fixture.home)/secret can't be read"))
        try Data("word".utf8).write(to: URL(fileURLWithPath: fixture.home + "/secret"))
        #expect(await destination.deliver(fixture.segment) == .delivered(wasThere: false))
    }
}

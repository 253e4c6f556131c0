import Foundation
import OktaSimulator
import Testing

@Suite("the protocol around the log")
struct ProtocolTests {
    @Test("only a valid token may read the log")
    func authorisation() async throws {
        try await withOrg({ $0.powerlessTokens = ["weak"] }) { org, good in
            var client = good
            func code(_ answer: Client.Answer) -> String {
                (answer.json as? [String: Any])?["errorCode"] as? String ?? ""
            }
            client.token = "wrong"
            #expect(client.get("/api/v1/logs").status == 401 && code(client.get("/api/v1/logs")) == "E0000011")
            client.token = nil
            #expect(client.get("/api/v1/logs").status == 403 && code(client.get("/api/v1/logs")) == "E0000005")
            client.token = "weak"
            #expect(client.get("/api/v1/logs").status == 403 && code(client.get("/api/v1/logs")) == "E0000006")
            client.token = nil
            let organisation = client.get("/.well-known/okta-organization").json as? [String: Any]
            #expect(
                organisation?["id"] as? String == org.settings.orgId && organisation?["pipeline"] as? String == "idx")
            org.setTokens(["rotated"])
            #expect(good.get("/api/v1/logs").status == 401)
            client.token = "rotated"
            #expect(client.get("/api/v1/logs").status == 200)
        }
    }

    @Test(
        "unknown paths, and the log's path with a method other than GET, are refused",
        arguments: [("POST", "/api/v1/logs", 405), ("GET", "/api/v1/log", 404), ("GET", "/api/v1/logs/x", 404)])
    func refusals(method: String, path: String, status: Int) async throws {
        try await withOrg { _, client in
            var client = client
            client.method = method
            let answer = client.get(path)
            #expect(answer.status == status)
            #expect(answer.first("x-okta-request-id")?.count == 32)
        }
    }

    @Test("HEAD is refused, and the answer has no body")
    func head() async throws {
        try await withOrg { _, client in
            var client = client
            client.method = "HEAD"
            let answer = client.get("/api/v1/logs")
            #expect(answer.status == 405 && answer.body.isEmpty)
        }
    }

    @Test("when the rate limit is used up, the answer is 429 until the reset")
    func rateLimit() async throws {
        let clock = MovedClock()
        try await withOrg({
            $0.limitPerMinute = 3
            $0.eventCount = 3
            $0.clock = clock.read
        }) { org, client in
            for left in ["2", "1", "0"] {
                let answer = client.get("/api/v1/logs")
                #expect(answer.status == 200 && answer.first("x-rate-limit-limit") == "3")
                #expect(answer.first("x-rate-limit-remaining") == left)
            }
            let answer = client.get("/api/v1/logs")
            #expect(
                answer.status == 429 && answer.first("x-rate-limit-remaining") == "0"
                    && answer.first("cache-control") == nil)
            #expect((answer.json as? [String: Any])?["errorCode"] as? String == "E0000047")
            let reset = try #require(answer.first("x-rate-limit-reset").flatMap { Int64($0) })
            let wait = reset - clock.read() / 1000
            #expect((1...60).contains(wait))
            clock.advance(seconds: wait - 1)
            #expect(client.get("/api/v1/logs").status == 429)
            clock.advance(seconds: 1)
            #expect(client.get("/api/v1/logs").status == 200)
            #expect(org.stats.rateLimited == 2)
        }
    }

    @Test("a client that accepts gzip gets a compressed body with the same events")
    func gzip() async throws {
        try await withOrg({ $0.eventCount = 1500 }) { _, client in
            let plain = client.get("/api/v1/logs?limit=1000")
            #expect(plain.first("content-encoding") == nil && plain.isComplete)
            var other = client
            other.extra = ["Accept-Encoding: deflate, gzip"]
            let packed = other.get("/api/v1/logs?limit=1000")
            #expect(packed.first("content-encoding") == "gzip" && packed.body.count < plain.body.count / 3)
            #expect(gunzip(packed.body) == plain.body)
            other.extra = ["Accept-Encoding: gzip;q=0"]
            #expect(other.get("/api/v1/logs").first("content-encoding") == nil)
        }
    }

    @Test("the simulator listens only on loopback addresses")
    func loopback() async throws {
        var settings = OrgSettings()
        settings.host = "0.0.0.0"
        await #expect(throws: SimulatorError.notLoopback(host: "0.0.0.0")) {
            _ = try await SimulatedOrg.start(settings)
        }
        settings.host = "::1"
        settings.limitPerMinute = 1000
        let org = try await SimulatedOrg.start(settings)
        var client = Client(port: org.port)
        client.isV6 = true
        #expect(client.get("/api/v1/logs").status == 200)
        await org.stop()
    }

    @Test("after a restart on the same port, the org has the same log and accepts earlier cursors")
    func restart() async throws {
        var settings = OrgSettings()
        settings.limitPerMinute = 1000
        settings.eventCount = 500
        let first = try await SimulatedOrg.start(settings)
        let page = Client(port: first.port).get("/api/v1/logs?limit=300")
        let next = try #require(page.link("next"))
        let rest = Client(port: first.port).get(next)
        await first.stop()
        #expect(Client(port: first.port).get(next).status == 0)
        let second = try await SimulatedOrg.start(first.settings)
        #expect(second.port == first.port)
        let again = Client(port: second.port).get(next)
        #expect(again.body == rest.body && again.uuids.count == 200)
        await second.stop()
    }

    @Test("faults can be set and statistics can be read over HTTP")
    func control() async throws {
        try await withOrg { org, client in
            _ = client.get("/api/v1/logs?limit=5")
            var poster = client
            poster.method = "POST"
            #expect(
                poster.get("/_simulator/faults", body: #"[{"kind":"status","status":504,"count":1}]"#).status == 200)
            #expect(poster.get("/_simulator/faults", body: #"[{"kind":"nonsense"}]"#).status == 400)
            #expect(client.get("/api/v1/logs").status == 504)
            #expect(client.get("/api/v1/logs").status == 200)
            let stats = try JSONDecoder().decode(OrgStatistics.self, from: Data(client.get("/_simulator/stats").body))
            #expect(stats.byStatus == [200: 2, 504: 1] && stats.faults == ["status": 1] && stats.inFlight == 0)
            #expect(
                stats.byPath == ["/api/v1/logs": 3] && stats == org.stats || stats.connections < org.stats.connections)
            let uuids = client.get("/_simulator/uuids").text.split(separator: "\n").map(String.init)
            #expect(uuids == (0..<org.eventCount).compactMap(org.uuid))
        }
    }
}

import Foundation
import OktaSimulator
import Testing

@Suite("faults")
struct FaultTests {
    /// Sends a request that the org answers with the fault, and then a second request, which has to succeed. `check` gets the first answer.
    private func strike(_ rule: String, gzip: Bool = false, _ check: (SimulatedOrg, Client.Answer) throws -> Void)
        async throws
    {
        try await withOrg({ $0.eventCount = 40 }) { org, client in
            var client = client
            if rule == "hang" { client.givesUp = { org.stats.byStatus[0] == 1 } }
            if gzip { client.extra = ["Accept-Encoding: gzip"] }
            org.setFaults(try FaultRule.parse("\(rule)\(rule.contains(":") ? "," : ":")count=1"))
            try check(org, client.get("/api/v1/logs?limit=10"))
            client.givesUp = nil
            let good = client.get("/api/v1/logs?limit=10")
            #expect(good.status == 200 && good.isComplete && good.all("link").count == 2)
            #expect(org.stats.faults.values.reduce(0, +) == 1)
        }
    }

    @Test(
        "a fault with an error status has the body that Okta sends with that status",
        arguments: [
            ("status", 503, "{\"errorCode\":\"E0000181\""), ("status:status=500", 500, "{\"errorCode\":\"E0000009\""),
            ("status:status=502,body=html", 502, "<!DOCTYPE html>"), ("status:status=504,body=empty", 504, ""),
            ("unauthorized", 401, "{\"errorCode\":\"E0000011\""),
            ("forbidden", 403, "{\"errorCode\":\"E0000006\""), ("html", 200, "<!DOCTYPE html>"),
            ("not-array", 200, "{\"events\""), ("redirect", 302, ""),
            ("rate-limit", 429, "{\"errorCode\":\"E0000047\""), ("rate-limit-bare", 429, "{}"),
        ])
    func statuses(rule: String, status: Int, start: String) async throws {
        try await strike(rule) { _, answer in
            #expect(answer.status == status && answer.text.hasPrefix(start) && (answer.text.isEmpty == start.isEmpty))
            if rule == "redirect" { #expect(answer.first("location") != nil) }
            if rule == "rate-limit-bare" { #expect(answer.first("x-rate-limit-limit") == nil) }
        }
    }

    @Test("a fault can be a 429 with a reset in the past, or a 429 for too many concurrent requests")
    func limits() async throws {
        try await strike("rate-limit-past") { _, answer in
            let reset = answer.first("x-rate-limit-reset").flatMap { Double($0) } ?? 0
            #expect(answer.status == 429 && reset < Date().timeIntervalSince1970 - 3000)
        }
        try await strike("rate-limit-concurrency") { _, answer in
            #expect(
                answer.status == 429 && answer.first("x-rate-limit-limit") == "0"
                    && answer.first("x-rate-limit-remaining") == "0")
        }
    }

    @Test(
        "a fault can withhold an answer, or cut it off",
        arguments: ["hang", "disconnect", "truncate-body", "lying-length"])
    func broken(rule: String) async throws {
        try await strike(rule) { org, answer in
            #expect(!answer.isComplete)
            if rule == "hang" || rule == "disconnect" { #expect(answer.status == 0 && org.stats.byStatus == [0: 1]) }
            if rule == "truncate-body" { #expect(answer.events == nil && answer.body.count > 1000) }
        }
    }

    @Test("a fault can send a body slowly, but completely")
    func slow() async throws {
        let start = ContinuousClock.now
        try await strike("slow-body:bytesPerSecond=40000") { _, answer in
            #expect(answer.isComplete && answer.uuids.count == 10)
            #expect(ContinuousClock.now - start > .milliseconds(250))
        }
    }

    @Test(
        "a fault can send a body that is not an array of events",
        arguments: ["invalid-json", "unreadable-event:body=broken", "unreadable-event:body=utf8"])
    func invalid(rule: String) async throws {
        try await strike(rule) { _, answer in
            #expect(
                answer.status == 200 && answer.isComplete
                    && (try? JSONSerialization.jsonObject(with: Data(answer.body))) == nil)
        }
    }

    @Test(
        "a fault can add to a page an element that is not an event",
        arguments: ["unreadable-event", "unreadable-event:body=bare", "unreadable-event:body=deep"])
    func unreadable(rule: String) async throws {
        try await strike(rule) { org, answer in
            for index in 0..<10 { #expect(org.uuid(index).map(answer.text.contains) == true) }
            if !rule.contains("deep") { #expect((answer.json as? [Any])?.count == 11) }
        }
    }

    @Test("a fault can omit links, or send them with another address or in another form")
    func links() async throws {
        try await strike("no-links") { _, answer in #expect(answer.all("link").isEmpty && answer.uuids.count == 10) }
        try await strike("self-only") { _, answer in
            #expect(answer.all("link").count == 1 && answer.link("self") != nil)
        }
        try await strike("swapped-links") { _, answer in
            #expect(answer.all("link").first?.hasSuffix("rel=\"next\"") == true)
        }
        try await strike("doubled-links") { _, answer in #expect(answer.all("link").count == 4) }
        try await strike("joined-links") { _, answer in
            #expect(answer.all("link").count == 1 && answer.all("link")[0].contains("\"self\", <"))
        }
        for (body, part) in [
            ("origin", "<http://evil.example/api"), ("port", "127.0.0.1:9/api"), ("scheme", "<https://127.0.0.1"),
            ("path", "/api/v1/users?"),
            ("userinfo", "@evil.example/"), ("fragment", "#@evil"), ("crlf", "%0d%0a"),
        ] {
            try await strike("foreign-next:body=\(body)") { _, answer in
                #expect(answer.link("next").map { "<\($0)".contains(part) } == true)
            }
        }
    }

    @Test("a fault can send wrong values in Date, Content-Encoding and the headers of the rate limit")
    func headers() async throws {
        try await strike("date-skew:seconds=-86400") { _, answer in
            let now = Instant.text(Int64(Date().timeIntervalSince1970 * 1000))
            #expect(answer.first("date")?.contains(" \(now.dropFirst(8).prefix(2)) ") == false)
        }
        try await strike("no-rate-headers") { _, answer in
            #expect(answer.first("x-rate-limit-limit") == nil && answer.uuids.count == 10)
        }
        try await strike("absurd-rate-headers") { _, answer in #expect(answer.first("x-rate-limit-reset") == "many") }
        try await strike("doubled-rate-headers") { _, answer in #expect(answer.all("x-rate-limit-remaining").count == 2)
        }
        try await strike("false-gzip") { _, answer in
            #expect(answer.first("content-encoding") == "gzip" && gunzip(answer.body) == nil)
        }
        try await strike("corrupt-gzip", gzip: true) { _, answer in
            #expect(answer.first("content-encoding") == "gzip" && gunzip(answer.body) == nil)
        }
    }

    @Test("the fields `count`, `after`, `page` and `probability` of a fault rule select the requests that it affects")
    func rules() async throws {
        try await withOrg({ $0.eventCount = 30 }) { org, client in
            org.setFaults([FaultRule(.status, count: 2, after: 2), FaultRule(.unauthorized, page: "short")])
            let statuses = (0..<5).map { _ in client.get("/api/v1/logs?limit=10").status }
            #expect(statuses == [200, 200, 503, 503, 200])
            #expect(client.get("/api/v1/logs?limit=31").status == 401)
            org.setFaults([FaultRule(.status, probability: 0.5)])
            let mixed = (0..<60).map { _ in client.get("/api/v1/logs?limit=1").status }
            #expect((15...45).contains(mixed.filter { $0 == 503 }.count))
        }
        #expect(throws: SimulatorError.self) { try FaultRule.parse("statuss") }
        #expect(throws: SimulatorError.self) { try FaultRule.parse("status:count=many") }
    }

    @Test("the org can be stopped while a client waits for an answer", .timeLimit(.minutes(20)))
    func stop() async throws {
        var settings = OrgSettings()
        settings.faults = [FaultRule(.hang)]
        let org = try await SimulatedOrg.start(settings)
        let port = org.port
        // The client waits without a time limit, so only the stop of the org can end the request.
        let waiting = Task.detached { Client(port: port).get("/api/v1/logs").status }
        while org.stats.faults.isEmpty { await Task.yield() }
        await org.stop()
        #expect(await waiting.value == 0)
    }
}

import Foundation
import OktaSimulator
import Testing

/// The last midnight in UTC. All runs of a test on the same day therefore see an org with the same events.
let testEpoch: Int64 = Int64(Date().timeIntervalSince1970) / 86_400 * 86_400_000

func withOrg(_ change: (inout OrgSettings) -> Void = { _ in }, _ body: (SimulatedOrg, Client) async throws -> Void)
    async throws
{
    var settings = OrgSettings()
    settings.limitPerMinute = 100_000
    settings.epoch = testEpoch
    change(&settings)
    let org = try await SimulatedOrg.start(settings)
    do {
        try await body(org, Client(port: org.port))
    } catch {
        await org.stop()
        throw error
    }
    await org.stop()
}

/// The uuids of the events on the page `first` and on the following pages. Follows the next links until a page has fewer events than `limit`.
func collect(_ client: Client, from first: String, limit: Int) -> [String] {
    var all: [String] = []
    var target = first
    while true {
        let page = client.get(target)
        all += page.uuids
        guard page.status == 200, page.uuids.count == limit, let next = page.link("next") else { return all }
        target = next
    }
}

@Suite("the System Log")
struct LogTests {
    @Test(
        "paging to the end gives each event once, in the order in which they were stored", arguments: [1, 7, 200, 1000])
    func paging(limit: Int) async throws {
        try await withOrg({ $0.eventCount = limit < 100 ? 50 : 2345 }) { org, client in
            let all = collect(client, from: "/api/v1/logs?limit=\(limit)", limit: limit)
            #expect(all == (0..<org.eventCount).compactMap(org.uuid))
            #expect(Set(all).count == org.eventCount)
            #expect(all.enumerated().allSatisfy { org.index(ofUUID: $1) == $0 })
            #expect(org.stats.maximumInFlight == 1)
        }
    }

    @Test(
        "a polling query returns events in the order in which they were stored; a bounded query sorts them by published"
    )
    func late() async throws {
        try await withOrg({
            $0.eventCount = 6000
            $0.lateShare = 0.1
        }) { org, client in
            let polled = client.get("/api/v1/logs?limit=1000").events ?? []
            let times = polled.compactMap { $0["published"] as? String }
            #expect(times.count == 1000 && times != times.sorted())
            let since = Instant.text(testEpoch - 7_200_000)
            let until = Instant.text(testEpoch)
            var bounded: [String] = []
            var order: [String] = []
            var target = "/api/v1/logs?limit=700&since=\(since)&until=\(until)"
            while true {
                let page = client.get(target)
                #expect(page.status == 200)
                bounded += page.uuids
                order += (page.events ?? []).compactMap { $0["published"] as? String }
                guard let next = page.link("next") else { break }
                #expect(next.contains(/after=[0-9a-f]{8}-[0-9a-f-]{27}/))
                target = next
            }
            #expect(order == order.sorted())
            // Events whose `published` is outside of the range are not expected.
            let expected = (0..<6000).filter { index in
                let event = (try? JSONSerialization.jsonObject(with: Data(org.event(index)))) as? [String: Any]
                let published = event?["published"] as? String ?? ""
                return published >= since && published < until
            }
            #expect(bounded.count == expected.count)
            #expect(Set(bounded) == Set(expected.compactMap(org.uuid)))
            let down = client.get("/api/v1/logs?limit=1000&sortOrder=DESCENDING&since=\(since)&until=\(until)")
            #expect(down.uuids == Array(bounded.reversed().prefix(1000)))
        }
    }

    @Test("the answer to a polling query always has a next link, which leads to later events")
    func polling() async throws {
        try await withOrg({ $0.eventCount = 30 }) { org, client in
            let first = client.get("/api/v1/logs?limit=100&filter=severity+ge+%22DEBUG%22")
            #expect(first.uuids.count == 30)
            let next = try #require(first.link("next"))
            #expect(next.hasPrefix("\(org.url)/api/v1/logs?limit=100&filter=severity+ge+%22DEBUG%22&after="))
            #expect(first.all("link").count == 2 && first.all("link")[0].hasSuffix("rel=\"self\""))
            let empty = client.get(next)
            #expect(empty.text == "[]" && empty.link("next") == next)
            try org.append(events: [#"{"uuid":"u-1","severity":"INFO","published":"2020-01-01T00:00:00.000Z"}"#])
            #expect(client.get(next).uuids == ["u-1"])
            #expect(org.stats.eventsServed == 31)
        }
    }

    @Test("new events are added at the rate of the settings")
    func live() async throws {
        let clock = MovedClock()
        try await withOrg({
            $0.eventCount = 10
            $0.rate = 1000
            $0.epoch = clock.read()
            $0.clock = clock.read
        }) { org, client in
            #expect(org.eventCount == 10)
            clock.advance(seconds: 2)
            #expect(org.eventCount == 2010)
            #expect(collect(client, from: "/api/v1/logs?limit=200", limit: 200).count == 2010)
        }
    }

    @Test(
        "a cursor that does not come from the org is refused",
        arguments: ["1627500044869_1", "349996bd-5091-45dc-a39f-d357867a30d7", "x", ""])
    func forged(cursor: String) async throws {
        try await withOrg { _, client in
            for bounds in ["", "&since=\(Instant.text(testEpoch - 3_600_000))&until=\(Instant.text(testEpoch))"] {
                let answer = client.get("/api/v1/logs?limit=10\(bounds)&after=\(cursor)")
                #expect(answer.status == 400)
                #expect((answer.json as? [String: Any])?["errorCode"] as? String == "E0000001")
            }
        }
    }

    @Test(
        "parameters are checked as Okta documents them",
        arguments: [
            ("since=yesterday", 400, "E0000001"), ("since=2026-01-01", 400, "E0000001"),
            ("since=2026-02-30T00:00:00Z", 400, "E0000001"),
            ("until=2026-01-01T00:00:00+01:00", 400, "E0000001"), ("until=2026-01-01T00:00:00%2B01:00", 200, ""),
            ("since=2020-01-01T00:00:00Z", 400, "E0000053"), ("limit=1001", 400, "E0000001"),
            ("limit=-1", 400, "E0000001"),
            ("limit=0", 200, ""), ("sortOrder=UP", 400, "E0000001"), ("wrong=1&until=", 200, ""),
            ("q=%zz", 400, "E0000001"),
            ("q=a+b+c+d+e+f+g+h+i+j+k", 400, "E0000001"), ("filter=published+gt+%22a%22", 400, "E0000053"),
            ("filter=eventType+eq", 400, "E0000053"), ("filter=debugContext.debugData.url+co+%22a%22", 400, "E0000031"),
            ("filter=actor.id[x]", 400, "E0000053"), ("filter=not+(severity+eq+%22INFO%22)", 200, ""),
        ])
    func parameters(query: String, status: Int, code: String) async throws {
        try await withOrg({ $0.eventCount = 20 }) { _, client in
            let answer = client.get("/api/v1/logs?\(query)")
            #expect(answer.status == status)
            if status == 400 {
                let body = try #require(answer.json as? [String: Any])
                #expect(body["errorCode"] as? String == code)
                #expect(Set(body.keys) == ["errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"])
            }
        }
    }

    @Test("events older than 90 days are silently omitted")
    func retention() async throws {
        let clock = MovedClock()
        try await withOrg({
            $0.eventCount = 1200
            $0.historySpan = 120 * 86_400_000
            $0.clock = clock.read
        }) { org, client in
            let since = Instant.text(testEpoch - 119 * 86_400_000)
            let floor = clock.read() - 90 * 86_400_000
            let page = client.get("/api/v1/logs?limit=1000&since=\(since)")
            let first = try #require(page.uuids.first.flatMap(org.index(ofUUID:)))
            #expect(org.persisted(first) >= floor && org.persisted(first) < floor + 2 * 86_400_000)
        }
    }

    @Test("a cursor in which one digit was changed or added is refused")
    func changed() async throws {
        try await withOrg({ $0.eventCount = 40 }) { _, client in
            let next = try #require(client.get("/api/v1/logs?limit=10").link("next"))
            #expect(client.get(next).status == 200)
            let last = try #require(next.last?.wholeNumberValue)
            #expect(client.get(String(next.dropLast()) + "\((last + 1) % 10)").status == 400)
            #expect(client.get(next.replacing("_", with: "0_")).status == 400)
            #expect(client.get(next.replacing("_", with: "_0")).status == 400)
        }
    }

    @Test("if a public URL is set, the links contain it")
    func publicOrigin() async throws {
        try await withOrg({ $0.publicURL = "https://acme.example:8443" }) { _, client in
            let page = client.get("/api/v1/logs?limit=10")
            #expect(page.all("link").count == 2)
            #expect(page.all("link").allSatisfy { $0.hasPrefix("<https://acme.example:8443/api/v1/logs?limit=10") })
        }
    }

    @Test("a filter or keywords select exactly the matching events")
    func filter() async throws {
        try await withOrg({ $0.eventCount = 2000 }) { org, client in
            let target =
                "/api/v1/logs?limit=1000&filter=(eventType+eq+%22user.session.start%22+or+eventType+sw+%22policy.%22)+and+outcome.result+ne+%22DENY%22"
            let page = client.get(target)
            let expected = (0..<2000).filter { index in
                let event = (try? JSONSerialization.jsonObject(with: Data(org.event(index)))) as? [String: Any] ?? [:]
                let type = event["eventType"] as? String ?? ""
                let result = (event["outcome"] as? [String: Any])?["result"] as? String
                return (type == "user.session.start" || type.hasPrefix("policy.")) && result != "DENY"
            }
            #expect(!expected.isEmpty && page.uuids == expected.compactMap(org.uuid))
            let found = client.get("/api/v1/logs?limit=1000&q=singapore+FAILURE").events ?? []
            #expect(!found.isEmpty && found.count < 200)
        }
    }
}

import Foundation
import OktaSimulator
import Testing

@Suite("generated events")
struct EventTests {
    @Test("orgs with the same seed have the same events, and orgs with different seeds have different ones")
    func determinism() async throws {
        var bytes: [[UInt8]] = []
        for seed: UInt64 in [7, 7, 8] {
            try await withOrg({
                $0.seed = seed
                $0.eventCount = 200
            }) { _, client in bytes.append(client.get("/api/v1/logs?limit=200").body) }
        }
        #expect(bytes[0] == bytes[1] && bytes[0] != bytes[2] && bytes[0].count > 200_000)
    }

    @Test("every catalogued type occurs, and every event is JSON with a `uuid` and a valid `published`")
    func eachType() async throws {
        try await withOrg({
            $0.eachType = true
            $0.oddShare = 0.5
            $0.eventCount = SimulatedOrg.eventTypes.count * 4
        }) { org, _ in
            #expect(SimulatedOrg.eventTypes.count == 1274)
            var types: Set<String> = []
            var uuids: Set<String> = []
            for index in 0..<org.eventCount {
                let bytes = org.event(index)
                let event = try #require(
                    (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any],
                    "event \(index): \(String(decoding: bytes, as: UTF8.self))")
                types.insert(event["eventType"] as? String ?? "")
                uuids.insert(event["uuid"] as? String ?? "")
                #expect((event["published"] as? String).flatMap { Instant.parse($0) } != nil)
                #expect(String(validating: bytes, as: UTF8.self) != nil)
            }
            #expect(types == Set(SimulatedOrg.eventTypes))
            #expect(uuids.count == org.eventCount && uuids == Set((0..<org.eventCount).compactMap(org.uuid)))
        }
    }

    @Test("every kind of unusual event occurs, and events are as large as real ones")
    func shapes() async throws {
        try await withOrg({
            $0.oddShare = 0.3
            $0.eventCount = 4000
        }) { org, _ in
            var bytes = 0
            var found: Set<String> = []
            var largest = 0
            for index in 0..<org.eventCount {
                let raw = org.event(index)
                largest = max(largest, raw.count)
                if raw.count < 10_000 { bytes += raw.count }
                let event = try #require((try? JSONSerialization.jsonObject(with: Data(raw))) as? [String: Any])
                if event["actor"] is NSNull { found.insert("actor null") }
                if event["client"] == nil { found.insert("client absent") }
                if event["target"] is NSNull { found.insert("target null") }
                if event["target"] == nil { found.insert("target absent") }
                if event["version"] is Int { found.insert("version number") }
                if let device = event["device"] as? [String: Any] {
                    found.insert(device["os_platform"] == nil ? "device camel" : "device snake")
                }
                if ((event["request"] as? [String: Any])?["ipChain"] as? [Any])?.count ?? 0 > 1 { found.insert("hops") }
                for target in event["target"] as? [[String: Any]] ?? [] where target["changeDetails"] != nil {
                    found.insert("changes")
                }
                if String(decoding: raw, as: UTF8.self).contains("\\u") { found.insert("escapes") }
            }
            #expect(
                found == [
                    "actor null", "client absent", "target null", "target absent", "version number", "device camel",
                    "device snake", "hops",
                    "changes", "escapes",
                ])
            #expect((1500...3200).contains(bytes / org.eventCount))
            #expect(largest > 20_000 && largest < 200_000)
        }
    }

    @Test("hostile events are valid JSON")
    func hostile() async throws {
        try await withOrg({
            $0.hostileShare = 0.5
            $0.eventCount = 500
        }) { org, _ in
            let events = (0..<500).compactMap {
                (try? JSONSerialization.jsonObject(with: Data(org.event($0)))) as? [String: Any]
            }
            #expect(events.count == 500)
            #expect(events.contains { $0["uuid"] == nil } && events.contains { $0["published"] == nil })
        }
    }

    @Test("recorded events are served byte for byte, in order")
    func recorded() async throws {
        let lines = (0..<25).map {
            "{\"uuid\": \"r-\($0)\",  \"published\":\"2021-01-01T00:00:0\($0 % 10).000Z\",\"x\":\"\\u00e9\"}"
        }
        try await withOrg({ $0.recorded = lines.map { Array($0.utf8) } }) { org, client in
            #expect(collect(client, from: "/api/v1/logs?limit=10", limit: 10) == (0..<25).map { "r-\($0)" })
            #expect(client.get("/api/v1/logs?limit=2").text == "[\(lines[0]),\(lines[1])]")
            #expect(org.index(ofUUID: "r-7") == 7)
        }
    }
}

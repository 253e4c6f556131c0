import Foundation
import OktaSimulator
import Testing

@Suite("events of actions, and faults of their calls")
struct ActionEventTests {
    private func object(_ org: SimulatedOrg, _ index: Int) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(org.event(index)))) as? [String: Any] ?? [:]
    }

    @Test("each action has an event in the log with the transaction, the actor, the token and the targets")
    func events() async throws {
        try await withOrg({
            $0.eventCount = 10
            $0.actionEventDelay = 0
            $0.transitionSpan = 0
        }) { org, client in
            let user = try #require(org.user("adam.active"))
            let path = "/api/v1/users/\(user.id)"
            let group = try #require(client.get("/api/v1/groups?q=Quarantine").events?.first?["id"] as? String)
            let calls: [(String, String, String, String)] = [
                ("POST", path + "/lifecycle/suspend", "", "user.lifecycle.suspend"),
                ("POST", path + "/lifecycle/unsuspend", "", "user.lifecycle.unsuspend"),
                ("DELETE", path + "/sessions", "", "user.session.clear"),
                ("POST", path + "/lifecycle/reset_factors", "", "user.mfa.factor.reset_all"),
                ("POST", path + "/lifecycle/expire_password", "", "user.account.expire_password"),
                ("POST", path + "/lifecycle/reset_password?sendEmail=true", "", "user.account.reset_password"),
                ("PUT", "/api/v1/groups/\(group)/users/\(user.id)", "", "group.user_membership.add"),
                ("DELETE", "/api/v1/groups/\(group)/users/\(user.id)", "", "group.user_membership.remove"),
                ("PUT", path + "/risk", "{\"riskLevel\":\"HIGH\"}", "user.risk.change"),
                (
                    "POST", "/oauth2/v1/global-token-revocation",
                    "{\"sub_id\":{\"format\":\"opaque\",\"id\":\"\(user.id)\"}}", "user.authentication.universal_logout"
                ),
                ("POST", path + "/lifecycle/deactivate", "", "user.lifecycle.deactivate"),
                ("POST", path + "/lifecycle/activate", "", "user.lifecycle.activate"),
                ("POST", path + "/lifecycle/reactivate", "", "user.lifecycle.reactivate"),
            ]
            let owner = client.get("/api/v1/users/me").object?["id"] as? String
            for (place, call) in calls.enumerated() {
                let answer = client.send(call.0, call.1, body: call.2)
                #expect((200...204).contains(answer.status), "\(call.1): \(answer.text)")
                #expect(org.eventCount == 11 + place)
                let event = object(org, 10 + place)
                #expect(event["eventType"] as? String == call.3)
                let transaction = event["transaction"] as? [String: Any]
                #expect(
                    transaction?["id"] as? String == answer.first("x-okta-request-id")
                        && answer.first("x-okta-request-id") != nil)
                let token = (transaction?["detail"] as? [String: Any])?["requestApiTokenId"] as? String
                #expect(token?.hasPrefix("00T") == true && token?.count == 20)
                #expect((event["actor"] as? [String: Any])?["id"] as? String == owner)
                let targets = (event["target"] as? [[String: Any]])?.compactMap { $0["id"] as? String }
                #expect(targets == (call.3.hasPrefix("group.") ? [user.id, group] : [user.id]))
            }
            #expect(client.send("POST", path + "/lifecycle/suspend").status == 400)
            #expect(org.eventCount == 10 + calls.count, "a refused call adds no event")
            let page = client.get("/api/v1/logs?limit=1000")
            #expect(page.uuids == (0..<org.eventCount).compactMap(org.uuid) && Set(page.uuids).count == org.eventCount)
            for (index, uuid) in page.uuids.enumerated() { #expect(org.index(ofUUID: uuid) == index) }
        }
    }

    @Test("the event of an action is added after all events that a client may have read, and never moves")
    func live() async throws {
        let clock = MovedClock()
        try await withOrg({
            $0.clock = clock.read
            $0.epoch = nil
            $0.eventCount = 20
            $0.rate = 7
            $0.actionEventDelay = 3000
        }) { org, client in
            let user = try #require(org.user("adam.active"))
            var target = "/api/v1/logs?limit=1000&since=\(Instant.text(clock.read() - 8_000_000))"
            var read: [String] = []
            for round in 0..<30 {
                #expect(client.send("DELETE", "/api/v1/users/\(user.id)/sessions").status == 204)
                if round % 3 > 0 { clock.advance(seconds: 1) }
                let page = client.get(target)
                read += page.uuids
                target = try #require(page.link("next"))
                #expect(read == (0..<org.eventCount).compactMap(org.uuid), "round \(round)")
            }
            clock.advance(seconds: 3)
            read += client.get(target).uuids
            let types = (0..<org.eventCount).map { object(org, $0)["eventType"] as? String }
            #expect(types.filter { $0 == "user.session.clear" }.count >= 30 && read.count == org.eventCount)
            #expect(Set(read).count == read.count && zip(0..., read).allSatisfy { org.index(ofUUID: $1) == $0 })
            for index in 1..<org.eventCount { #expect(org.persisted(index) >= org.persisted(index - 1)) }
        }
    }

    @Test(
        "a fault can prevent an action, or hide its success, and does not affect requests for the log",
        arguments: [
            ("status:status=500", 500, false), ("status:status=500,done=true", 500, true),
            ("rate-limit", 429, false), ("disconnect", 0, false), ("disconnect:done=true", 0, true),
            ("hang", 0, false), ("hang:done=true", 0, true), ("unauthorized:done=true", 401, true),
        ])
    func faults(rule: String, status: Int, isDone: Bool) async throws {
        try await withOrg({
            $0.eventCount = 3
            $0.actionEventDelay = 0
        }) { org, good in
            var client = good
            client.givesUp = { org.stats.byStatus[0] == 1 }
            org.setFaults(try FaultRule.parse("\(rule)\(rule.contains(":") ? "," : ":")at=suspend,count=1"))
            #expect(client.get("/api/v1/logs").status == 200 && client.get("/api/v1/users/adam.active").status == 200)
            let answer = client.send("POST", "/api/v1/users/adam.active/lifecycle/suspend")
            #expect(answer.status == status)
            let user = try #require(org.user("adam.active"))
            #expect((user.status == .suspended) == isDone && user.done["suspend"] == (isDone ? 1 : nil))
            #expect(org.eventCount == (isDone ? 4 : 3))
            let again = good.send("POST", "/api/v1/users/adam.active/lifecycle/suspend")
            #expect(again.status == (isDone ? 400 : 200))
        }
    }

    @Test("a fault rule can apply to one call, to all actions or to all reads")
    func places() async throws {
        try await withOrg { org, client in
            org.setFaults([FaultRule(.status, at: "actions")])
            #expect(client.get("/api/v1/users/adam.active").status == 200)
            #expect(client.send("POST", "/api/v1/users/adam.active/lifecycle/suspend").status == 503)
            org.setFaults([FaultRule(.status, at: "reads")])
            #expect(client.get("/api/v1/users/adam.active").status == 503 && client.get("/api/v1/logs").status == 200)
            org.setFaults([FaultRule(.status)])
            #expect(client.get("/api/v1/users/adam.active").status == 200 && client.get("/api/v1/logs").status == 503)
        }
        #expect(throws: SimulatorError.self) { try FaultRule.parse("hang:at=nowhere") }
        #expect(throws: SimulatorError.self) { try FaultRule.parse("hang:at=suspend,done=perhaps") }
    }

    @Test("a test can read and change users directly")
    func control() async throws {
        try await withOrg { org, client in
            #expect(
                client.send("POST", "/_simulator/users", body: "{\"user\":\"adam.active\",\"status\":\"LOCKED_OUT\"}")
                    .status == 200)
            let users = try JSONDecoder().decode([SimulatedUser].self, from: Data(client.get("/_simulator/users").body))
            #expect(
                users == org.users && users.contains { $0.login.hasPrefix("adam.active") && $0.status == .lockedOut })
            for body in [
                "{\"user\":\"nobody\",\"status\":\"ACTIVE\"}", "{\"user\":\"adam.active\",\"status\":\"GONE\"}", "x",
            ] {
                #expect(client.send("POST", "/_simulator/users", body: body).status == 400)
            }
        }
    }
}

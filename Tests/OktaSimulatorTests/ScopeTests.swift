import Crypto
import Foundation
import OktaSimulator
import Testing

@Suite("scopes of service apps")
struct ScopeTests {
    private let key = P256.Signing.PrivateKey()

    private func org(_ scopes: [String], rights: AdminRights = AdminRights(roles: [.superAdmin])) async throws
        -> SimulatedOrg
    {
        var settings = OrgSettings()
        let jwk = try JSONSerialization.data(withJSONObject: TestJWT.jwk(key))
        var app = ServiceApp(clientID: "0oa1", publicKeys: [String(decoding: jwk, as: UTF8.self)])
        app.requiresDPoP = false
        app.scopes = scopes
        app.rights = rights
        settings.serviceApps = [app]
        settings.eventCount = 5
        settings.actionEventDelay = 0
        return try await SimulatedOrg.start(settings)
    }

    private func client(_ org: SimulatedOrg, _ scope: String) throws -> Client {
        try AppClient.client(org, key, [scope])
    }

    @Test("each endpoint requires its scope, and a manage scope includes the read scope")
    func endpoints() async throws {
        let all = [
            "users.read", "users.manage", "roles.read", "groups.read", "groups.manage", "sessions.read",
            "sessions.manage", "userRisk.read", "userRisk.manage", "universalLogout.manage", "logs.read",
        ].map { "okta.\($0)" }
        let org = try await org(all)
        let user = try #require(org.user("adam.active"))
        let path = "/api/v1/users/\(user.id)"
        let group = "/api/v1/groups/00gnone"
        let rows: [(method: String, path: String, scopes: Set<String>)] = [
            ("GET", path, ["users.read", "users.manage"]), ("GET", "/api/v1/users", ["users.read", "users.manage"]),
            ("GET", path + "/blocks", ["users.read", "users.manage"]), ("GET", path + "/roles", ["roles.read"]),
            ("POST", path + "/lifecycle/unlock", ["users.manage"]), ("DELETE", path + "/sessions", ["users.manage"]),
            ("GET", group, ["groups.read", "groups.manage"]), ("PUT", group + "/users/\(user.id)", ["groups.manage"]),
            ("DELETE", group + "/users/\(user.id)", ["groups.manage"]),
            ("GET", "/api/v1/sessions/x", ["sessions.read", "sessions.manage"]),
            ("DELETE", "/api/v1/sessions/x", ["sessions.manage"]),
            ("GET", path + "/risk", ["userRisk.read", "userRisk.manage"]), ("PUT", path + "/risk", ["userRisk.manage"]),
            ("POST", "/oauth2/v1/global-token-revocation", ["universalLogout.manage"]),
            ("GET", "/api/v1/logs", ["logs.read"]),
        ]
        for scope in all {
            let client = try client(org, scope)
            for row in rows {
                let answer = client.send(row.method, row.path)
                let isEnough = row.scopes.contains(String(scope.dropFirst(5)))
                #expect((answer.verdict != "403 insufficient_scope") == isEnough, "\(scope) \(row.method) \(row.path)")
                if !isEnough {
                    let challenge = answer.first("www-authenticate") ?? ""
                    #expect(challenge.hasPrefix("Bearer ") && challenge.contains("error=\"insufficient_scope\""))
                }
            }
        }
        #expect(org.user("adam.active")?.status == .active)
        await org.stop()
    }

    @Test("a service app is not a user, needs a role as well as a scope, and is the actor of its events")
    func app() async throws {
        let org = try await org(["okta.users.manage", "okta.users.read"])
        let good = try client(org, "okta.users.manage")
        #expect(good.get("/api/v1/users/me").verdict == "404 E0000007")
        let answer = good.send("POST", "/api/v1/users/adam.active/lifecycle/suspend")
        let event = try #require(try JSONSerialization.jsonObject(with: Data(org.event(5))) as? [String: Any])
        let actor = event["actor"] as? [String: Any]
        #expect(actor?["type"] as? String == "PublicClientAppEntity" && actor?["id"] as? String == "0oa1")
        let transaction = event["transaction"] as? [String: Any]
        #expect(transaction?["id"] as? String == answer.first("x-okta-request-id"))
        #expect((transaction?["detail"] as? [String: Any])?["requestApiTokenId"] == nil)
        await org.stop()
        let powerless = try await self.org(["okta.users.manage"], rights: AdminRights(roles: []))
        let client = try client(powerless, "okta.users.manage")
        #expect(client.send("POST", "/api/v1/users/adam.active/lifecycle/suspend").verdict == "403 E0000006")
        await powerless.stop()
    }
}

import Crypto
import Foundation
import OktaSimulator
import Testing

@Suite("users, groups and rights")
struct ManagementTests {
    private func logins(_ client: Client, _ parameter: String, _ value: String) -> [String] {
        let answer = client.get("/api/v1/users?\(parameter)=\(encoded(value))")
        return (answer.events ?? []).compactMap { ($0["profile"] as? [String: Any])?["login"] as? String }
    }

    private func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    @Test("a user is found by id, login or unique short name; a login with a slash is found only by a filter")
    func finding() async throws {
        try await withOrg { org, client in
            let adam = try #require(org.user("adam.active"))
            for key in [adam.id, "adam.active@corp.example", "Adam.Active%40Corp.Example", "adam.active"] {
                #expect(client.get("/api/v1/users/\(key)").object?["id"] as? String == adam.id, "\(key)")
            }
            for key in ["nobody", "sam.lee", "00u0000000000000000x"] {
                #expect(client.get("/api/v1/users/\(key)").verdict == "404 E0000007", "\(key)")
            }
            let slash = "corp/dora.doyle@corp.example"
            #expect(client.get("/api/v1/users/\(encoded(slash))").verdict == "404 E0000008")
            #expect(logins(client, "filter", "profile.login eq \"\(slash)\"") == [slash])
            let both = ["mia.meyer@corp.example", "mia.meyer2@corp.example"]
            #expect(logins(client, "search", "profile.email eq \"Mia.Meyer@corp.example\"") == both)
            #expect(logins(client, "filter", "profile.email eq \"Mia.Meyer@corp.example\"") == [])
            #expect(logins(client, "filter", "profile.email eq \"mia.meyer@corp.example\"") == both)
            #expect(logins(client, "filter", "status eq \"LOCKED_OUT\"").contains("lou.locked@corp.example"))
            #expect(client.get("/api/v1/users?filter=\(encoded("profile.login sw \"a\""))").verdict == "400 E0000031")
            #expect(client.get("/api/v1/users?filter=\(encoded("profile.mobile eq \"a\""))").verdict == "400 E0000031")
            let person = try #require(org.users.last { $0.sessions.count > 0 && $0.login.contains("\"") })
            #expect(client.get("/api/v1/users/\(encoded(person.login))").object?["id"] as? String == person.id)
        }
    }

    @Test("the list of users has several pages and omits deactivated users; a filter by status finds them")
    func list() async throws {
        try await withOrg({ $0.extraUsers = 30 }) { org, client in
            var found: [String] = []
            var target: String? = "/api/v1/users?limit=50"
            while let next = target {
                let page = client.get(next)
                found += (page.events ?? []).compactMap { $0["id"] as? String }
                target = page.link("next")
            }
            #expect(found == org.users.filter { $0.status != .deprovisioned }.map(\.id))
            #expect(org.user("user0030") != nil && org.user("user0031") == nil)
            #expect(
                logins(client, "q", "deprov") == []
                    && logins(client, "filter", "status eq \"DEPROVISIONED\"").count == 1)
        }
    }

    @Test("a changed status is in the results of a search only after a delay, but at once in those of a filter")
    func lateSearch() async throws {
        let clock = MovedClock()
        try await withOrg({ $0.clock = clock.read }) { org, client in
            func status(_ parameter: String) -> String? {
                let filter = encoded("profile.login eq \"adam.active@corp.example\"")
                return client.get("/api/v1/users?\(parameter)=\(filter)").events?.first?["status"] as? String
            }
            #expect(status("search") == "ACTIVE")
            #expect(client.send("POST", "/api/v1/users/adam.active/lifecycle/suspend").status == 200)
            #expect(status("search") == "ACTIVE" && status("filter") == "SUSPENDED")
            #expect(client.get("/api/v1/users/adam.active").object?["status"] as? String == "SUSPENDED")
            clock.advance(seconds: 1)
            #expect(status("search") == "SUSPENDED")
        }
    }

    @Test("an answer about a user omits the credentials if the request's Content-Type says so")
    func omitted() async throws {
        try await withOrg { _, good in
            var client = good
            #expect(client.get("/api/v1/users/adam.active").object?["credentials"] != nil)
            client.extra = ["Content-Type: application/json; okta-response=omitCredentials,omitCredentialsLinks"]
            #expect(client.get("/api/v1/users/adam.active").object?["credentials"] == nil)
        }
    }

    @Test("the list of a user's roles has direct roles and roles from groups")
    func roles() async throws {
        try await withOrg { _, client in
            func roles(_ user: String) -> [String] {
                (client.get("/api/v1/users/\(user)/roles").events ?? []).map {
                    "\($0["type"] as? String ?? "") \($0["assignmentType"] as? String ?? "")"
                }
            }
            #expect(roles("root.admin") == ["SUPER_ADMIN USER"] && roles("group.admin") == ["ORG_ADMIN GROUP"])
            #expect(roles("adam.active") == [])
            let owner = client.get("/api/v1/users/me").object?["id"] as? String
            #expect(roles(owner ?? "") == ["SUPER_ADMIN USER"])
        }
    }

    @Test("members can be added and removed only in Okta's own groups, and a repeated call is not an error")
    func groups() async throws {
        try await withOrg({ $0.limitedTokens["org"] = AdminRights(roles: [.orgAdmin]) }) { org, client in
            func group(_ name: String) -> String {
                let found = client.get("/api/v1/groups?search=\(encoded("profile.name eq \"\(name)\""))").events
                return found?.first?["id"] as? String ?? ""
            }
            #expect(client.get("/api/v1/groups?q=quar").events?.count == 1)
            let user = try #require(org.user("adam.active"))
            let member = "/api/v1/groups/\(group("Quarantine"))/users/\(user.id)"
            for _ in 0..<2 { #expect(client.send("PUT", member).status == 204) }
            #expect(org.user(user.id)?.groups.contains("Quarantine") == true)
            #expect(client.get("/api/v1/groups/\(group("Quarantine"))/users").events?.count == 1)
            for _ in 0..<2 { #expect(client.send("DELETE", member).status == 204) }
            #expect(org.user(user.id)?.groups.contains("Quarantine") == false)
            #expect(org.user(user.id)?.done == ["add-to-group": 1, "remove-from-group": 1])
            var second = client
            second.token = "org"
            let administrators = "/api/v1/groups/\(group("Okta Administrators"))/users/\(user.id)"
            #expect(second.send("PUT", member).status == 204)
            #expect(second.send("PUT", administrators).verdict == "403 E0000006")
            #expect(
                client.send("PUT", administrators).status == 204,
                "only a super administrator can appoint administrators")
            for name in ["Domain Users", "Everyone"] {
                #expect(client.send("PUT", "/api/v1/groups/\(group(name))/users/\(user.id)").verdict == "403 E0000006")
            }
            #expect(client.send("PUT", "/api/v1/groups/00gnone/users/\(user.id)").verdict == "404 E0000007")
            let byLogin = "/api/v1/groups/\(group("Quarantine"))/users/adam.active@corp.example"
            #expect(client.send("PUT", byLogin).verdict == "404 E0000007")
        }
    }

    @Test("the calls about a user's risk need a license; a universal logout also revokes the user's API tokens")
    func threatProtection() async throws {
        try await withOrg({ $0.tokens.append("second") }) { org, client in
            let user = try #require(org.user("adam.active"))
            let risk = "/api/v1/users/\(user.id)/risk"
            #expect(client.get(risk).object?["riskLevel"] as? String == "NONE")
            #expect(client.send("PUT", risk, body: "{\"riskLevel\":\"HIGH\"}").status == 201)
            #expect(client.send("PUT", risk, body: "{\"riskLevel\":\"LOW\"}").status == 200)
            #expect(client.send("PUT", risk, body: "{\"riskLevel\":\"MEDIUM\"}").verdict == "400 E0000001")
            #expect(client.send("PUT", risk, body: "{").verdict == "400 E0000003")
            #expect(org.user(user.id)?.riskLevel == "LOW")
            func logout(_ id: String) -> Client.Answer {
                client.send(
                    "POST", "/oauth2/v1/global-token-revocation",
                    body: "{\"sub_id\":{\"format\":\"opaque\",\"id\":\"\(id)\"}}")
            }
            #expect(logout("nobody").status == 400 && logout("nobody").body.isEmpty)
            #expect(logout(user.id).status == 204 && org.user(user.id)?.sessions == [])
            var second = client
            second.token = "second"
            let owner = try #require(second.get("/api/v1/users/me").object?["id"] as? String)
            #expect(logout(owner).status == 204 && second.get("/api/v1/users/me").verdict == "401 E0000011")
            #expect(client.get("/api/v1/users/me").status == 200)
        }
        try await withOrg({ $0.hasThreatProtection = false }) { org, client in
            let user = try #require(org.user("adam.active"))
            #expect(client.get("/api/v1/users/\(user.id)/risk").verdict == "401 E0000015")
        }
    }

    @Test("a request with an API token is refused if the roles of the token's owner do not allow it")
    func permissions() async throws {
        let limited = [
            "reader": try AdminRights(["READ_ONLY_ADMIN"]), "desk": try AdminRights(["HELP_DESK_ADMIN"]),
            "custom": try AdminRights(["okta.users.read", "okta.users.lifecycle.suspend"]),
            "broad": try AdminRights(["okta.users.manage"]),
        ]
        try await withOrg({
            $0.limitedTokens = limited
            $0.powerlessTokens = ["weak"]
        }) { org, good in
            let user = try #require(org.user("adam.active"))
            func verdicts(_ token: String) -> [Int] {
                org.setStatus(.active, of: user.id)
                var client = good
                client.token = token
                return [
                    client.get("/api/v1/users/me"), client.get("/api/v1/users/\(user.id)"),
                    client.get("/api/v1/users/\(user.id)/roles"),
                    client.send("DELETE", "/api/v1/users/\(user.id)/sessions"),
                    client.send("POST", "/api/v1/users/\(user.id)/lifecycle/suspend"), client.get("/api/v1/logs"),
                ].map(\.status)
            }
            #expect(verdicts("reader") == [200, 200, 403, 403, 403, 200])
            #expect(verdicts("desk") == [200, 200, 403, 204, 403, 403])
            #expect(verdicts("custom") == [200, 200, 403, 403, 200, 403])
            #expect(verdicts("broad") == [200, 200, 403, 204, 200, 403])
            #expect(verdicts("weak") == [200, 403, 403, 403, 403, 403])
            #expect(verdicts(org.settings.tokens[0]) == [200, 200, 200, 204, 200, 200])
            #expect(throws: SimulatorError.self) { try AdminRights(["KING"]) }
        }
    }

    @Test("each rate limit is counted separately, and when it is used up, the answer is 429")
    func budgets() async throws {
        let clock = MovedClock()
        try await withOrg({
            $0.clock = clock.read
            $0.managementLimit = 2
        }) { org, client in
            let user = try #require(org.user("adam.active"))
            let paths = ["/api/v1/users/\(user.id)", "/api/v1/users?limit=1", "/api/v1/groups/x", "/api/v1/groups"]
            for path in paths {
                let first = client.get(path)
                #expect(
                    first.first("x-rate-limit-remaining") == "1" && first.first("x-rate-limit-limit") == "2", "\(path)")
                #expect(client.get(path).status != 429)
                #expect(client.get(path).verdict == "429 E0000047", "\(path)")
            }
            let resets = Set(paths.compactMap { client.get($0).first("x-rate-limit-reset") })
            #expect(resets.count == paths.count, "each rate limit has its own window")
            clock.advance(seconds: 60)
            for path in paths { #expect(client.get(path).status != 429) }
            #expect(client.get("/api/v1/logs").status == 200)
        }
    }

    @Test("unknown paths, and known paths with a wrong method, are refused")
    func refusals() async throws {
        try await withOrg { _, client in
            for (method, path, verdict) in [
                ("GET", "/api/v1/users/adam.active/lifecycle/suspend", "405 E0000022"),
                ("POST", "/api/v1/users/adam.active/lifecycle/destroy", "404 E0000008"),
                ("DELETE", "/api/v1/users/adam.active", "405 E0000022"),
                ("GET", "/api/v1/users/adam.active/nothing", "404 E0000008"),
                ("GET", "/oauth2/v1/global-token-revocation", "405 E0000022"),
            ] {
                #expect(client.send(method, path).verdict == verdict, "\(method) \(path)")
            }
        }
    }
}

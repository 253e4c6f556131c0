import Crypto
import Foundation
import OktaSimulator
import ResponseLog
import Testing

/// Compares the table "What each action needs" in docs/respond.md with the simulator. In each row, the named rights must suffice, and none of
/// them may be superfluous.
@Suite("the table of the rights that each action needs")
struct NeedsTableTests {
    private struct Row {
        let name: String
        let scopes: [String]
        let permissions: [String]
        let roles: Set<String>
    }

    /// The texts between backticks in a cell of the table.
    private static func words(_ cell: Substring) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map {
            String($0.element)
        }
    }

    private static func rows() throws -> [Row] {
        let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs")
        let page = try String(contentsOf: docs.appendingPathComponent("respond.md"), encoding: .utf8)
        let section = page.split(separator: "## What each action needs", maxSplits: 1).last ?? ""
        return section.split(separator: "\n").drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.dropFirst(2)
            .map { line in
                let cells = line.split(separator: "|")
                let name = words(cells[0]).first ?? cells[0].trimmingCharacters(in: CharacterSet(charactersIn: " *"))
                return Row(
                    name: name, scopes: words(cells[1]), permissions: words(cells[2]), roles: Set(words(cells[3])))
            }
    }

    /// The calls of an action, as Tributary sends them; `{user}` and `{group}` are ids.
    private static let calls: [String: [(method: String, path: String, body: String)]] = {
        func lifecycle(_ operation: String) -> (method: String, path: String, body: String) {
            ("POST", "/api/v1/users/{user}/lifecycle/\(operation)", "")
        }
        let clear = ("DELETE", "/api/v1/users/{user}/sessions?oauthTokens=true&forgetDevices=true", "")
        func member(_ method: String) -> [(method: String, path: String, body: String)] {
            [
                ("GET", "/api/v1/groups?q=Quarantine", ""), ("GET", "/api/v1/groups/{group}", ""),
                (method, "/api/v1/groups/{group}/users/{user}", ""),
            ]
        }
        return [
            "all: find the user, read the state": [
                ("GET", "/api/v1/users?limit=1", ""), ("GET", "/api/v1/users/{user}", ""),
                ("GET", "/api/v1/users/{user}/blocks", ""),
            ],
            "tell administrators from others": [("GET", "/api/v1/users/{user}/roles", "")],
            "suspend": [lifecycle("suspend")], "unsuspend": [lifecycle("unsuspend")], "clear-sessions": [clear],
            "expire-password": [lifecycle("expire_password")],
            "reset-password": [lifecycle("reset_password?sendEmail=true")],
            "reset-factors": [lifecycle("reset_factors")], "unlock": [lifecycle("unlock")],
            "deactivate": [lifecycle("deactivate")], "activate": [lifecycle("activate")],
            "add-to-group": member("PUT"), "remove-from-group": member("DELETE"),
            "set-risk": [
                ("GET", "/api/v1/users/{user}/risk", ""),
                ("PUT", "/api/v1/users/{user}/risk", "{\"riskLevel\":\"HIGH\"}"),
            ],
            "universal-logout": [
                (
                    "POST", "/oauth2/v1/global-token-revocation",
                    "{\"sub_id\":{\"format\":\"opaque\",\"id\":\"{user}\"}}"
                )
            ],
            "contain": [lifecycle("suspend"), clear], "release": [lifecycle("unsuspend")],
        ]
    }()

    /// True if the client's rights allow all calls of the action. A refusal because of the user's status does not count.
    private func isAllowed(_ action: String, _ org: SimulatedOrg, _ client: Client) throws -> Bool {
        let user = try #require(org.user("adam.active"))
        let group = try #require(
            Client(port: org.port).get("/api/v1/groups?q=Quarantine").events?.first?["id"] as? String)
        return try #require(Self.calls[action], "\(action)").allSatisfy { call in
            func filled(_ text: String) -> String {
                text.replacing("{user}", with: user.id).replacing("{group}", with: group)
            }
            let verdict = client.send(call.method, filled(call.path), body: filled(call.body)).verdict
            return verdict != "403 E0000006" && verdict != "403 insufficient_scope"
        }
    }

    @Test("the table of rights has a row for each action, and two rows for the calls that all actions need")
    func complete() throws {
        let names = try Self.rows().map(\.name)
        #expect(Set(names) == Set(ResponseAction.allCases.map(\.rawValue) + Self.calls.keys))
        #expect(names.count == Set(names).count)
    }

    @Test("the permissions in the table of rights suffice, and each of them is needed")
    func permissions() async throws {
        for row in try Self.rows() where !row.permissions.isEmpty {
            var sets = row.permissions.map { left in row.permissions.filter { $0 != left } }
            sets.append(row.permissions)
            try await withOrg({ settings in
                settings.managementLimit = 10_000
                for (place, set) in sets.enumerated() { settings.limitedTokens["t\(place)"] = try? AdminRights(set) }
            }) { org, good in
                for place in sets.indices {
                    var client = good
                    client.token = "t\(place)"
                    let isEnough = place == sets.count - 1
                    let found = try isAllowed(row.name, org, client)
                    #expect(found == isEnough, "\(row.name): \(sets[place])")
                }
            }
        }
    }

    @Test(
        "a standard role allows an action exactly if the table of rights names the role for it",
        arguments: AdminRights.Role.allCases)
    func roles(role: AdminRights.Role) async throws {
        try await withOrg({
            $0.managementLimit = 10_000
            $0.limitedTokens["t"] = AdminRights(roles: [role])
        }) { org, good in
            var client = good
            client.token = "t"
            for row in try Self.rows() {
                let found = try isAllowed(row.name, org, client)
                #expect(
                    found == row.roles.contains(role.rawValue),
                    "\(row.name) \(role.rawValue)")
            }
        }
    }

    @Test("the scopes in the table of rights suffice, and each of them is needed")
    func scopes() async throws {
        let key = P256.Signing.PrivateKey()
        let rows = try Self.rows()
        let all = Set(rows.flatMap(\.scopes))
        var settings = OrgSettings()
        settings.managementLimit = 100_000
        settings.transitionSpan = 0
        let jwk = try JSONSerialization.data(withJSONObject: TestJWT.jwk(key))
        var app = ServiceApp(clientID: "0oa1", publicKeys: [String(decoding: jwk, as: UTF8.self)])
        app.requiresDPoP = false
        app.scopes = Array(all)
        settings.serviceApps = [app]
        let org = try await SimulatedOrg.start(settings)
        for row in rows {
            #expect(!row.scopes.isEmpty)
            let enough = try AppClient.client(org, key, row.scopes)
            let isEnough = try isAllowed(row.name, org, enough)
            #expect(isEnough, "\(row.name)")
            for left in row.scopes {
                // The scope okta.users.manage includes okta.users.read. So a client without okta.users.read must not have okta.users.manage, either.
                let implying: Set = left == "okta.users.read" ? [left, "okta.users.manage"] : [left]
                let poor = try AppClient.client(org, key, Array(all.subtracting(implying)))
                let isStillAllowed = try isAllowed(row.name, org, poor)
                #expect(!isStillAllowed, "\(row.name) without \(left)")
            }
        }
        await org.stop()
    }
}

import Crypto
import Foundation
import OktaSimulator
import ResponseLog
import Testing

@testable import Respond

@Suite("the rights of a credential")
struct CapabilityTests {
    /// An engine whose credential is a service app. Okta grants the app these scopes and administrator rights.
    private func app(_ scopes: [String], _ rights: AdminRights, dpop: Bool = true) async throws -> (
        EngineRig, ResponseEngine
    ) {
        let key = P256.Signing.PrivateKey()
        let rig = try await EngineRig { settings in
            var app = ServiceApp(clientID: "0oaResponder", publicKeys: [Self.publicJWK(key)])
            app.scopes = scopes
            app.rights = rights
            app.requiresDPoP = dpop
            settings.serviceApps = [app]
            settings.tokens = []
        }
        try rig.write("credentials/act", key.pemRepresentation)
        return (rig, try rig.engine(credential: ["type: oauth", "client_id: 0oaResponder"]))
    }

    private static func publicJWK(_ key: P256.Signing.PrivateKey) -> String {
        func coordinate(_ data: Data) -> String {
            data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
        let raw = key.publicKey.rawRepresentation
        return
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\(coordinate(raw.prefix(32)))\",\"y\":\"\(coordinate(raw.suffix(32)))\"}"
    }

    private func possible(_ rows: [ResponseCapability]) -> Set<ResponseAction> {
        Set(rows.filter { $0.isPossible == true }.map(\.action))
    }

    @Test("with a super administrator's token, every action is possible")
    func superAdministrator() async throws {
        let rig = try await EngineRig()
        let rows = await (try rig.engine()).capabilities(of: "acme")
        #expect(rows.map(\.action) == ResponseAction.allCases)
        #expect(possible(rows) == Set(ResponseAction.allCases))
        #expect(rows.first?.explanation.hasSuffix("who owns the token, has the role Super Administrator.") == true)
    }

    @Test("if the token's owner may not read roles, the list of actions says that each of them needs --force")
    func limitedToken() async throws {
        let rig = try await EngineRig { settings in
            settings.limitedTokens[EngineRig.token] = AdminRights(roles: [.helpDeskAdmin])
            settings.tokens = []
        }
        let rows = await (try rig.engine()).capabilities(of: "acme")
        #expect(rows.allSatisfy { $0.isPossible == nil })
        #expect(rows.allSatisfy { $0.explanation.contains("can't read roles") && $0.explanation.contains("--force") })
    }

    @Test(
        "if an integration has no response actions or its credential is refused, no action is possible, and the explanation says why"
    )
    func unusable() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        #expect(possible(await engine.capabilities(of: "watch")).isEmpty)
        try rig.write("credentials/act", "00wrong")
        let rows = await engine.capabilities(of: "acme")
        #expect(possible(rows).isEmpty)
        #expect(rows.first?.explanation.contains("The credential act can't be used: ") == true)
    }

    @Test(
        "with a service app, the actions that its scopes allow are possible, and the explanation of the others names the missing scope",
        arguments: [true, false])
    func serviceApp(_ dpop: Bool) async throws {
        let (rig, engine) = try await app(
            ["okta.users.manage", "okta.roles.read"], AdminRights(roles: [.superAdmin]), dpop: dpop)
        let rows = await engine.capabilities(of: "acme")
        #expect(
            Set(ResponseAction.allCases).subtracting(possible(rows))
                == [.addToGroup, .removeFromGroup, .setRisk, .universalLogout])
        let group = try #require(rows.first { $0.action == .addToGroup })
        #expect(group.explanation.contains("lacks the scope okta.groups.manage"))
        // Each action succeeds or is refused as `rows` says.
        #expect(await engine.act(.contain, "alice.active").outcomes == [.done, .done])
        #expect(await engine.act(.suspend, "root.admin").codes == ["administrator"])
        #expect(await engine.act(.addToGroup, "alice.active").codes == ["not-permitted"])
        #expect(await engine.act(.universalLogout, "alice.active").codes == ["not-permitted"])
        #expect(rig.done("alice.active") == ["suspend": 1, "clear-sessions": 1])
    }

    @Test(
        "an action succeeds with the rights that it needs, and is refused if one of them is missing",
        arguments: ResponseAction.allCases)
    func needs(_ action: ResponseAction) async throws {
        let needs = action.needs
        let user =
            action == .unsuspend || action == .release
            ? "sue.suspended"
            : action == .unlock
                ? "lou.locked"
                : action == .activate ? "dan.deprovisioned" : "alice.active"
        func outcomes(_ rights: AdminRights, _ scopes: [String]?) async throws -> [ResponseResult.Outcome?] {
            // For removeFromGroup, the user first becomes a member of the group.
            let isRemoval = action == .removeFromGroup
            let key = P256.Signing.PrivateKey()
            let rig = try await EngineRig { settings in
                settings.tokens = isRemoval ? ["00helper"] : []
                settings.limitedTokens = [EngineRig.token: rights]
                var app = ServiceApp(clientID: "0oaResponder", publicKeys: [Self.publicJWK(key)])
                app.scopes = scopes ?? []
                app.rights = rights
                settings.serviceApps = [app]
            }
            if isRemoval {
                try rig.write("credentials/act", "00helper")
                let engine = try rig.engine()
                _ = await engine.act(.addToGroup, user)
            }
            try rig.write("credentials/act", scopes == nil ? EngineRig.token : key.pemRepresentation)
            let oauth = ["type: oauth", "client_id: 0oaResponder"]
            let engine = try rig.engine(credential: scopes == nil ? [] : oauth)
            let report = await engine.act(action, user)
            #expect(report.outcomes.allSatisfy { $0 == .done } || report.codes.contains("not-permitted"))
            return report.outcomes
        }
        let reading = ["okta.users.read", "okta.iam.read"]
        let rights =
            needs.permissions.isEmpty
            ? AdminRights(roles: [.superAdmin]) : try AdminRights(reading + needs.permissions)
        let scopes = ["okta.users.read", "okta.roles.read", needs.scope.rawValue]
        #expect(try await outcomes(rights, nil).allSatisfy { $0 == .done })
        #expect(try await outcomes(rights, scopes).allSatisfy { $0 == .done })
        for left in needs.permissions.indices {
            var fewer = needs.permissions
            fewer.remove(at: left)
            #expect(try await !outcomes(AdminRights(reading + fewer), nil).allSatisfy { $0 == .done })
        }
        #expect(try await !outcomes(rights, scopes.filter { $0 != needs.scope.rawValue }).allSatisfy { $0 == .done })
    }

    @Test("if a service app may not read roles, an action is refused without --force, and the message says why")
    func withoutRoles() async throws {
        let (rig, engine) = try await app(["okta.users.manage"], try AdminRights(["okta.users.manage"]))
        let rows = await engine.capabilities(of: "acme")
        #expect(rows.first?.explanation.contains("each action needs --force") == true)
        let refused = await engine.act(.suspend, "alice.active")
        #expect(refused.codes == ["roles-unknown"], "\(refused.result?.message ?? "")")
        #expect(refused.result?.message.contains("okta.roles.read") == true)
        #expect(await engine.act(.suspend, "alice.active", force: true).outcomes == [.done])
        #expect(rig.org.user("alice.active")?.status == .suspended)
    }

    @Test("if a service app has no administrator role, every action is refused, even with --force")
    func withoutRole() async throws {
        let (rig, engine) = try await app(["okta.users.manage", "okta.roles.read"], AdminRights(roles: []))
        #expect(possible(await engine.capabilities(of: "acme")).isEmpty)
        let report = await engine.act(.suspend, "alice.active", force: true)
        #expect(report.codes == ["not-permitted"], "\(report.result?.message ?? "")")
        #expect(rig.done("alice.active").isEmpty)
    }

    @Test("if an access token is revoked, the engine gets a new one and carries out the action once")
    func revoked() async throws {
        let (rig, engine) = try await app(
            ["okta.users.manage", "okta.roles.read"], AdminRights(roles: [.superAdmin]))
        #expect(await engine.act(.suspend, "alice.active").outcomes == [.done])
        rig.org.revokeAccessTokens()
        #expect(await engine.act(.unsuspend, "alice.active").outcomes == [.done])
        #expect(rig.done("alice.active") == ["suspend": 1, "unsuspend": 1])
    }
}

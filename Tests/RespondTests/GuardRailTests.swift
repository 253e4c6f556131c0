import OktaSimulator
import ResponseLog
import Testing

@testable import Respond

@Suite("guard rails")
struct GuardRailTests {
    @Test(
        "once an account has reached its hourly limit of recorded refusals, more are not recorded, but actions are still possible"
    )
    func recordedRefusals() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine(response: ["protected_users: [adam.active]"])
        for _ in 0..<HourlyRefusals.limit {
            let report = await engine.act(.suspend, "adam.active")
            #expect(report.codes == ["protected-user"])
        }
        let more = await engine.act(.suspend, "adam.active")
        #expect(more.codes == ["busy"])
        #expect(more.result?.message.contains("this request is not recorded") == true)
        #expect(try rig.entries().count == HourlyRefusals.limit)
        #expect(await engine.act(.suspend, "alice.active").outcomes == [.done])
    }

    @Test(
        "an action on a protected user is refused even with --force, whichever name of the user is configured and requested"
    )
    func protected() async throws {
        let rig = try await EngineRig()
        let sam = try #require(rig.org.user("sam.lee@corp.example"))
        for name in ["Sam.Lee@CORP.example", sam.email.uppercased(), sam.id] {
            let engine = try rig.engine(response: ["protected_users: [\"\(name)\"]"])
            for asked in [sam.login, sam.id] {
                for force in [false, true] {
                    let report = await engine.act(.contain, asked, force: force)
                    #expect(report.outcomes == [.refused, .refused])
                    #expect(report.codes == ["protected-user", "protected-user"])
                    #expect(report.result?.message.contains("response.protected_users") == true)
                }
            }
        }
        #expect(rig.org.user(sam.id)?.status == .active)
        #expect(rig.done(sam.id).isEmpty)
    }

    @Test("if the requested name itself is in protected_users, the action is refused without a request to Okta")
    func protectedName() async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine(response: ["protected_users: [break-glass@corp.example]"])
        #expect(await engine.act(.suspend, "Break-Glass@corp.example", force: true).codes == ["protected-user"])
        #expect(rig.org.stats.requests == 0)
    }

    @Test(
        "an action on an administrator needs --force, even if the role comes from a group",
        arguments: [("root.admin", "Super Administrator"), ("group.admin", "Organization Administrator")])
    func administrators(_ user: String, _ role: String) async throws {
        let rig = try await EngineRig()
        let engine = try rig.engine()
        let refused = await engine.act(.suspend, user)
        #expect(refused.outcomes == [.refused])
        #expect(refused.codes == ["administrator"])
        #expect(
            refused.result?.message
                == "\(user)@corp.example is an administrator (\(role)). Tributary did nothing; use --force to do it anyway."
        )
        #expect(rig.calls(user)["suspend"] == nil)
        #expect(await engine.act(.suspend, user, force: true).outcomes == [.done])
        #expect(try rig.entries().map(\.isForced) == [false, true, true])
    }

    @Test("an action on the owner of the API token needs --force")
    func owner() async throws {
        let rig = try await EngineRig { settings in
            settings.limitedTokens[EngineRig.token] = try AdminRights(["okta.users.manage", "okta.iam.read"])
            settings.tokens = []
        }
        let owner = try #require(rig.org.users.first { $0.email == "token.owner@corp.example" })
        let engine = try rig.engine()
        let refused = await engine.act(.clearSessions, owner.login)
        #expect(refused.codes == ["credential-owner"])
        #expect(rig.done(owner.id).isEmpty)
        #expect(await engine.act(.clearSessions, owner.login, force: true).outcomes == [.done])
    }

    @Test("if the credential may not read roles, an action is refused without --force, and the message says why")
    func rolesUnknown() async throws {
        let rig = try await EngineRig { settings in
            settings.limitedTokens[EngineRig.token] = try AdminRights(["okta.users.manage"])
            settings.tokens = []
        }
        let engine = try rig.engine()
        let refused = await engine.act(.suspend, "alice.active")
        #expect(refused.outcomes == [.refused])
        #expect(refused.codes == ["roles-unknown"])
        #expect(
            refused.result?.message.contains("not allowed to find out whether the user is an administrator")
                == true)
        #expect(refused.result?.message.contains("okta.iam.read") == true)
        #expect(rig.calls("alice.active")["suspend"] == nil)
        #expect(await engine.act(.suspend, "alice.active", force: true).outcomes == [.done])
    }

    @Test("if the credential lacks a right for an action, the message names the right")
    func notPermitted() async throws {
        let rig = try await EngineRig { settings in
            settings.limitedTokens[EngineRig.token] = try AdminRights(["okta.users.read", "okta.iam.read"])
            settings.tokens = []
        }
        let engine = try rig.engine()
        let report = await engine.act(.contain, "alice.active")
        #expect(report.outcomes == [.refusedByOkta, .refusedByOkta])
        #expect(report.codes == ["not-permitted", "not-permitted"])
        #expect(report.entries.first?.result?.httpStatus == 403)
        #expect(report.entries.first?.result?.oktaErrorCode == "E0000006")
        #expect(report.entries.first?.result?.oktaRequestID?.isEmpty == false)
        #expect(
            report.entries.last?.result?.message.hasSuffix(
                "the token's owner needs an administrator role with okta.users.lifecycle.clearSessions.") == true)
    }

    @Test("the hourly limit counts only users who were changed, each once; with --force it may be exceeded")
    func hourly() async throws {
        let clock = TestClock()
        let rig = try await EngineRig {
            $0.clock = clock.wall; $0.extraUsers = 9
        }
        let limit = ["users_per_hour: 2"]
        let engine = try rig.engine(response: limit, clock: clock.clock)
        #expect(await engine.act(.suspend, "user0001", dryRun: true).outcomes == [.wouldDo])
        #expect(await engine.act(.suspend, "sue.suspended").outcomes == [.alreadyDone])
        #expect(await engine.act(.suspend, "lou.locked").outcomes == [.refused])
        #expect(await engine.act(.suspend, "root.admin").outcomes == [.refused])
        #expect(await engine.act(.contain, "user0002").outcomes == [.done, .done])
        clock.advance(.seconds(600))
        #expect(await engine.act(.suspend, "user0003").outcomes == [.done])
        #expect(await engine.act(.unsuspend, "user0002").outcomes == [.done])
        let third = await engine.act(.contain, "user0004")
        #expect(third.codes == ["hourly-limit", "hourly-limit"])
        #expect(third.result?.message.contains("limit of 2 users within an hour") == true)
        #expect(await engine.outlook(engine.request(.suspend, "user0004")).steps.first?.result.code == "hourly-limit")
        #expect(await engine.act(.suspend, "user0004", force: true).outcomes == [.done])
        #expect(rig.done("user0004") == ["suspend": 1])
    }

    @Test("the hourly limit is still in force after a restart, and ends after an hour")
    func hourlyAfterRestart() async throws {
        let clock = TestClock()
        let rig = try await EngineRig {
            $0.clock = clock.wall; $0.extraUsers = 9
        }
        do {
            let engine = try rig.engine(response: ["users_per_hour: 1"], clock: clock.clock)
            #expect(await engine.act(.suspend, "user0001").outcomes == [.done])
        }
        let engine = try rig.engine(response: ["users_per_hour: 1"], clock: clock.clock)
        #expect(await engine.act(.suspend, "user0002").codes == ["hourly-limit"])
        #expect(await engine.act(.unsuspend, "user0001").outcomes == [.done])
        clock.advance(.seconds(3601))
        #expect(await engine.act(.suspend, "user0002").outcomes == [.done])
    }

    @Test("concurrent requests do not exceed the hourly limit")
    func hourlyAtOnce() async throws {
        let rig = try await EngineRig { $0.extraUsers = 20 }
        let engine = try rig.engine(response: ["users_per_hour: 3"])
        let done = await withTaskGroup(of: Bool.self) { group in
            for number in 10..<20 {
                group.addTask { await engine.act(.suspend, "user00\(number)").outcomes == [.done] }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(done == 3)
        #expect(rig.org.users.filter { $0.done["suspend"] != nil }.count == 3)
    }
}

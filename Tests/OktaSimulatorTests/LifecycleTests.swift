import Foundation
import OktaSimulator
import Testing

/// A call of Okta's Users API, and its documented effect on a user in each status.
private struct Row: CustomTestStringConvertible, Sendable {
    let call: String
    let operation: String
    /// Keys: the statuses of a user in which the call is allowed. Values: the user's status after the call. In other statuses, the answer is
    /// `refusal`.
    let allowed: [UserStatus: UserStatus]
    let refusal: String
    var testDescription: String { call }

    init(_ call: String, _ operation: String, _ allowed: [UserStatus: UserStatus], _ refusal: String) {
        self.call = call
        self.operation = operation
        self.allowed = allowed
        self.refusal = refusal
    }

    static let all = [
        Row("suspend", "suspend", [.active: .suspended], "400 E0000001"),
        Row("unsuspend", "unsuspend", [.suspended: .active], "400 E0000001"),
        Row(
            "deactivate", "deactivate",
            Dictionary(
                uniqueKeysWithValues: UserStatus.allCases.filter { $0 != .deprovisioned }.map { ($0, .deprovisioned) }),
            "400 E0000001"),
        Row("activate", "activate", [.staged: .active, .deprovisioned: .provisioned], "403 E0000016"),
        Row(
            "reactivate", "reactivate", [.provisioned: .provisioned, .recovery: .recovery], "403 E0000038"),
        Row("unlock", "unlock", [.lockedOut: .active], "403 E0000032"),
        Row(
            "expire-password", "expire_password",
            [
                .active: .passwordExpired, .passwordExpired: .passwordExpired, .recovery: .passwordExpired,
                .lockedOut: .passwordExpired,
            ], "403 E0000038"),
        Row(
            "expire-password-with-temp-password", "expire_password_with_temp_password",
            [
                .active: .passwordExpired, .passwordExpired: .passwordExpired, .recovery: .passwordExpired,
                .lockedOut: .passwordExpired,
            ], "403 E0000038"),
        Row(
            "reset-password", "reset_password?sendEmail=true",
            [
                .active: .recovery, .passwordExpired: .recovery, .recovery: .recovery, .lockedOut: .recovery,
                .provisioned: .recovery,
            ], "403 E0000017"),
        Row(
            "reset-factors", "reset_factors",
            Dictionary(
                uniqueKeysWithValues: UserStatus.allCases.filter { $0 != .staged && $0 != .deprovisioned }.map {
                    ($0, $0)
                }), "403 E0000038"),
    ]
}

@Suite("users and the calls that change them")
struct LifecycleTests {
    @Test(
        "a call succeeds if the user's status allows it, and is refused in every other status", arguments: Row.all)
    fileprivate func matrix(row: Row) async throws {
        try await withOrg({
            $0.transitionSpan = 0
            $0.actionEventDelay = 0
        }) { org, client in
            let user = try #require(org.user("adam.active"))
            for status in UserStatus.allCases {
                org.setStatus(status, of: user.id)
                let before = try #require(org.user(user.id))
                #expect(before.status == status)
                let answer = client.send("POST", "/api/v1/users/\(user.id)/lifecycle/\(row.operation)")
                let after = try #require(org.user(user.id))
                let calls = (after.calls[row.call] ?? 0) - (before.calls[row.call] ?? 0)
                let done = (after.done[row.call] ?? 0) - (before.done[row.call] ?? 0)
                if let next = row.allowed[status] {
                    // A staged user may have no password, for example after a deactivation. Activation makes such a user PROVISIONED.
                    let expected = row.call == "activate" && status == .staged ? [.active, .provisioned] : [next]
                    #expect(answer.status == 200 && expected.contains(after.status), "\(status): \(answer.text)")
                    #expect(calls == 1 && done == 1, "\(status)")
                } else {
                    #expect(answer.verdict == row.refusal && after.status == status, "\(status): \(answer.text)")
                    #expect(calls == 1 && done == 0, "\(status)")
                }
            }
        }
    }

    @Test("after activation, a user with a password is ACTIVE, and a user without one is PROVISIONED")
    func activation() async throws {
        try await withOrg({ $0.transitionSpan = 0 }) { org, client in
            _ = client.send("POST", "/api/v1/users/ana.staged/lifecycle/activate")
            _ = client.send("POST", "/api/v1/users/stig.staged/lifecycle/activate")
            #expect(org.user("ana.staged")?.status == .provisioned && org.user("stig.staged")?.status == .active)
        }
    }

    @Test("suspending a user ends the sessions, but revokes no OAuth tokens")
    func suspension() async throws {
        try await withOrg { org, client in
            #expect(client.send("POST", "/api/v1/users/adam.active/lifecycle/suspend").status == 200)
            let user = try #require(org.user("adam.active"))
            #expect(user.sessions == [] && user.oauthTokens == 3 && user.rememberedDevices == 1 && user.factors == 2)
        }
    }

    @Test("the status changes some time after the answer to activate or deactivate")
    func transitions() async throws {
        let clock = MovedClock()
        try await withOrg({
            $0.clock = clock.read
            $0.transitionSpan = 5000
        }) { org, client in
            #expect(client.send("POST", "/api/v1/users/ana.staged/lifecycle/activate").status == 200)
            let under = client.get("/api/v1/users/ana.staged").object
            #expect(
                under?["status"] as? String == "STAGED" && under?["transitioningToStatus"] as? String == "PROVISIONED")
            #expect(client.send("POST", "/api/v1/users/ana.staged/lifecycle/suspend").verdict == "409 E0000112")
            #expect(client.send("POST", "/api/v1/users/adam.active/lifecycle/deactivate").status == 200)
            #expect(org.user("adam.active")?.transitioningToStatus == .deprovisioned)
            clock.advance(seconds: 5)
            let after = client.get("/api/v1/users/ana.staged").object
            #expect(after?["status"] as? String == "PROVISIONED" && after?["transitioningToStatus"] == nil)
            #expect(org.user("adam.active")?.status == .deprovisioned && org.user("adam.active")?.sessions == [])
        }
    }

    @Test("reset_password requires the parameter sendEmail, and its answer contains a link only with sendEmail=false")
    func secrets() async throws {
        try await withOrg { _, client in
            let path = "/api/v1/users/adam.active/lifecycle"
            #expect(client.send("POST", path + "/reset_password").verdict == "400 E0000028")
            #expect(client.send("POST", path + "/reset_password?sendEmail=perhaps").verdict == "400 E0000001")
            let mailed = client.send("POST", path + "/reset_password?sendEmail=true")
            #expect(mailed.status == 200 && mailed.object?.isEmpty == true)
            let link =
                client.send("POST", path + "/reset_password?sendEmail=false").object?["resetPasswordUrl"] as? String
            #expect(link?.contains("/signin/reset-password/") == true)
            let temporary = client.send("POST", path + "/expire_password_with_temp_password").object?["tempPassword"]
            #expect((temporary as? String)?.count == 20)
            let expired = client.send("POST", path + "/expire_password").object
            #expect(expired?["status"] as? String == "PASSWORD_EXPIRED")
            let staged = "/api/v1/users/ana.staged/lifecycle/activate"
            let activation = client.send("POST", staged + "?sendEmail=false").object
            #expect((activation?["activationToken"] as? String)?.count == 20 && activation?["activationUrl"] != nil)
        }
    }

    @Test("a user who is blocked from unknown devices can be unlocked, and a user of a directory can't")
    func unlock() async throws {
        try await withOrg { org, client in
            #expect(client.get("/api/v1/users/bea.blocked/blocks").text.contains("UNKNOWN_DEVICES"))
            #expect(client.send("POST", "/api/v1/users/bea.blocked/lifecycle/unlock").status == 200)
            #expect(client.get("/api/v1/users/bea.blocked/blocks").text == "[]")
            #expect(client.send("POST", "/api/v1/users/bea.blocked/lifecycle/unlock").verdict == "403 E0000032")
            #expect(client.send("POST", "/api/v1/users/lea.directory/lifecycle/unlock").verdict == "403 E0000032")
            #expect(org.user("lea.directory")?.status == .lockedOut)
        }
    }

    @Test("a POST or PUT without Content-Length is refused and changes nothing")
    func length() async throws {
        try await withOrg { org, good in
            var client = good
            client.omitsLength = true
            #expect(client.send("POST", "/api/v1/users/adam.active/lifecycle/suspend").status == 411)
            let user = try #require(org.user("adam.active"))
            #expect(client.send("PUT", "/api/v1/groups/x/users/\(user.id)").status == 411)
            #expect(org.user("adam.active")?.status == .active && org.user("adam.active")?.calls.isEmpty == true)
            #expect(good.send("POST", "/api/v1/users/adam.active/lifecycle/suspend").status == 200)
        }
    }

    @Test(
        "sessions can be cleared in any status, but only by the user's id; two parameters also remove tokens and devices"
    )
    func sessions() async throws {
        for (pipeline, forgets) in [("idx", true), ("v1", false)] {
            try await withOrg({ $0.pipeline = pipeline }) { org, client in
                let user = try #require(org.user("adam.active"))
                #expect(
                    client.send("DELETE", "/api/v1/users/adam.active@corp.example/sessions").verdict == "404 E0000007")
                let session = "/api/v1/sessions/\(user.sessions[0])"
                #expect(client.get(session).object?["userId"] as? String == user.id)
                #expect(client.send("DELETE", session).status == 204 && client.get(session).verdict == "404 E0000007")
                #expect(client.send("DELETE", "/api/v1/users/\(user.id)/sessions").status == 204)
                var now = try #require(org.user(user.id))
                #expect(now.sessions == [] && now.oauthTokens == 3 && (now.rememberedDevices == 0) == forgets)
                let rest = "/api/v1/users/\(user.id)/sessions?oauthTokens=true&forgetDevices=true"
                #expect(client.send("DELETE", rest).status == 204)
                now = try #require(org.user(user.id))
                #expect(now.oauthTokens == 0 && now.rememberedDevices == 0)
                for status in UserStatus.allCases {
                    org.setStatus(status, of: user.id)
                    #expect(client.send("DELETE", "/api/v1/users/\(user.id)/sessions").status == 204, "\(status)")
                }
            }
        }
    }
}

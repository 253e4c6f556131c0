import Foundation
import OktaSimulator
import Testing

@Suite("tributary respond", .serialized, .timeLimit(.minutes(20)))
struct RespondTests {
    private let adam = "adam.active@corp.example"

    private func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    // MARK: One user

    @Test(
        "on a terminal, the command shows the user's state and asks; after no, nothing changes; after yes, the user is suspended"
    )
    func confirmation() async throws {
        let helper = try await RunningHelper()
        let first = try helper.terminal("suspend", adam, "--case", "INC-1")
        try await first.wait(for: "\(adam) (Adam Active, 00u")
        try await first.wait(for: "in acme: ACTIVE")
        try await first.answer("Suspend \(adam) in acme? [y/N]", "")
        #expect(try await first.end() == 0)
        #expect(first.screen.contains("nothing was done"))
        #expect(helper.status("adam.active") == .active && helper.done("suspend", "adam.active") == 0)

        let second = try helper.terminal("suspend", adam, "--case", "INC-1", "--reason", "phished")
        try await second.answer("Suspend \(adam) in acme? [y/N]", "y")
        try await second.wait(for: "✔ suspend: \(adam) is suspended")
        #expect(try await second.end() == 0)
        #expect(helper.status("adam.active") == .suspended && helper.done("suspend", "adam.active") == 1)
        let record = try #require(try helper.history("--case", "INC-1").first)
        #expect(record["reason"] as? String == "phished")
        #expect((record["actor"] as? [String: Any])?["uid"] as? Int == Int(getuid()))
    }

    @Test("if standard input is not a terminal, --yes is required")
    func withoutTerminal() async throws {
        let helper = try await RunningHelper()
        let refused = try helper.respond("suspend", adam, "--case", "INC-1")
        #expect(refused.status == 64 && refused.errors.contains("--yes is required"))
        #expect(helper.org.user(adam)?.calls.isEmpty == true)
        let done = try helper.respond("suspend", adam, "--case", "INC-1", "--yes")
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output.hasPrefix("done suspend \(adam): "))
        // If the user already has the requested state, the command ends with 0 and sends no call.
        let again = try helper.respond("suspend", adam, "--case", "INC-1", "--yes", "--json")
        #expect(again.status == 0)
        let result = try json(again.output)
        #expect(result["outcome"] as? String == "already-done" && result["exit_code"] as? Int == 0)
        #expect(helper.done("suspend", adam) == 1)
    }

    @Test("a dry run changes nothing and is recorded")
    func dryRun() async throws {
        let helper = try await RunningHelper()
        let outcome = try helper.respond("contain", adam, "--case", "INC-1", "--dry-run", "--json")
        #expect(outcome.status == 0)
        let steps = try #require(try json(outcome.output)["steps"] as? [[String: Any]])
        #expect(steps.compactMap { $0["action"] as? String } == ["suspend", "clear-sessions"])
        #expect(helper.status(adam) == .active && helper.org.user(adam)?.done.isEmpty == true)
        #expect(try helper.history().allSatisfy { $0["is_dry_run"] as? Bool == true })
    }

    @Test("if several users match, the command refuses and lists them; if none matches, it ends with 66")
    func ambiguous() async throws {
        let helper = try await RunningHelper()
        let both = try helper.respond("suspend", "sam.lee@mail.corp.example", "--case", "INC-1", "--yes", "--json")
        #expect(both.status == 64)
        let result = try json(both.output)
        #expect(result["code"] as? String == "ambiguous")
        let logins = (result["candidates"] as? [[String: Any]])?.compactMap { $0["login"] as? String }.sorted()
        #expect(logins == ["sam.lee@corp.example", "sam.lee@emea.example"])
        let text = try helper.respond("suspend", "sam.lee@mail.corp.example", "--case", "INC-1", "--yes")
        #expect(text.output.contains("sam.lee@emea.example (Sam Lee, 00u"))
        let screen = try helper.terminal("suspend", "sam.lee@mail.corp.example", "--case", "INC-1")
        try await screen.wait(for: "sam.lee@emea.example")
        #expect(try await screen.end() == 64)
        #expect(
            helper.done("suspend", "sam.lee@corp.example") == 0 && helper.done("suspend", "sam.lee@emea.example") == 0)
        let nobody = try helper.respond("suspend", "nobody@corp.example", "--case", "INC-1", "--yes")
        #expect(nobody.status == 66 && nobody.output.hasPrefix("refused suspend nobody@corp.example"))
    }

    @Test(
        "an action on an administrator needs --force, one on a protected user is always refused, and refusals are recorded"
    )
    func guardRails() async throws {
        let helper = try await RunningHelper(response: ["protected_users: [\(adam)]"])
        let admin = try helper.respond("suspend", "root.admin@corp.example", "--case", "INC-1", "--yes", "--json")
        #expect(admin.status == 77)
        #expect(try json(admin.output)["code"] as? String == "administrator")
        #expect(helper.status("root.admin") == .active)
        let screen = try helper.terminal("suspend", "root.admin@corp.example", "--case", "INC-1")
        #expect(try await screen.end() == 77)
        #expect(!screen.screen.contains("[y/N]") && screen.screen.contains("--force"))
        let forced = try helper.respond("suspend", "root.admin@corp.example", "--case", "INC-1", "--yes", "--force")
        #expect(forced.status == 0, "\(forced.output)\(forced.errors)")
        #expect(helper.status("root.admin") == .suspended)
        let protected = try helper.respond("suspend", adam, "--case", "INC-1", "--yes", "--force", "--json")
        #expect(protected.status == 77)
        #expect(try json(protected.output)["code"] as? String == "protected-user")
        #expect(helper.status(adam) == .active)
        let outcomes = try helper.history().compactMap { ($0["result"] as? [String: Any])?["outcome"] as? String }
        #expect(outcomes == ["refused", "done", "refused", "refused"])
    }

    @Test("if a user can't be suspended, contain still clears the sessions, and says which step was refused")
    func partly() async throws {
        let helper = try await RunningHelper()
        let outcome = try helper.respond("contain", "lou.locked@corp.example", "--case", "INC-1", "--yes")
        #expect(outcome.status == 77)
        #expect(outcome.output.contains("refused suspend lou.locked@corp.example: "))
        #expect(outcome.output.contains("done clear-sessions lou.locked@corp.example: "))
        #expect(helper.done("clear-sessions", "lou.locked") == 1)
    }

    @Test("history finds actions by case and user; undo reverses an action, and a second undo is refused")
    func undo() async throws {
        let helper = try await RunningHelper()
        #expect(try helper.respond("contain", adam, "--case", "INC-7", "--yes").status == 0)
        #expect(try helper.respond("suspend", "alice.active@corp.example", "--case", "INC-8", "--yes").status == 0)
        let records = try helper.history("--case", "INC-7", "--user", adam.uppercased())
        #expect(records.compactMap { $0["action"] as? String } == ["clear-sessions", "suspend"])
        let text = try helper.respond("history", "--case", "INC-8")
        #expect(text.status == 0 && text.output.contains("done  suspend  alice.active@corp.example  INC-8"))
        let sessions = try #require(records[0]["id"] as? String)
        let none = try helper.respond("undo", sessions, "--yes")
        #expect(none.status == 77)
        let suspension = try #require(records[1]["id"] as? String)
        let screen = try helper.terminal("undo", suspension)
        try await screen.answer("Release \(adam) in acme? [y/N]", "y")
        #expect(try await screen.end() == 0)
        #expect(helper.status(adam) == .active)
        #expect(try helper.history("--case", "INC-7").first?["undoes"] as? String == suspension)
        #expect(try helper.respond("undo", suspension, "--yes").status == 77)
        #expect(helper.done("unsuspend", adam) == 1)
    }

    @Test("a link in Okta's answer is shown on a terminal and stored nowhere")
    func secrets() async throws {
        let helper = try await RunningHelper()
        let piped = try helper.respond("reset-password", adam, "--case", "INC-1", "--no-send-email", "--yes")
        #expect(piped.status == 64 && helper.done("reset-password", adam) == 0)
        let screen = try helper.terminal("reset-password", adam, "--case", "INC-1", "--no-send-email", "--yes")
        try await screen.wait(for: "shown only once and stored nowhere: http")
        #expect(try await screen.end() == 0)
        let link = try #require(screen.screen.split(separator: "nowhere: ").last?.split(separator: "\n").first)
        #expect(link.count > 20)
        let history = try helper.respond("history", "--json")
        #expect(!history.output.contains(link) && !helper.workspace.log.contains(link))
        let log = try FileManager.default.contentsOfDirectory(atPath: helper.workspace.path("actions-log")).map {
            name in
            try String(contentsOfFile: helper.workspace.path("actions-log/" + name), encoding: .utf8)
        }.joined()
        #expect(log.contains("reset-password") && !log.contains(link) && !log.contains(RunningHelper.token))
    }

    @Test("a second request with the same key does not repeat the action")
    func key() async throws {
        let helper = try await RunningHelper()
        let words = ["clear-sessions", adam, "--case", "INC-1", "--yes", "--json", "--key", "playbook-1"]
        func run() throws -> [String: Any] {
            let outcome = try Programs.tributary(helper.arguments(words), in: helper.workspace)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try json(outcome.output)
        }
        #expect(try run()["is_repeat"] as? Bool == false)
        #expect(try run()["is_repeat"] as? Bool == true)
        #expect(helper.done("clear-sessions", adam) == 1)
    }

    @Test(
        "with --wait, the command ends when the daemon has committed the action's event, or says that this did not happen in time"
    )
    func wait() async throws {
        let helper = try await RunningHelper()
        let late = try helper.respond(
            "suspend", "alice.active@corp.example", "--case", "INC-1", "--yes", "--wait", "--wait-for", "1s")
        #expect(late.status == 69 && late.errors.contains("the action is done, but the daemon has not committed"))
        #expect(helper.status("alice.active") == .suspended)

        let command = try helper.begin(
            "suspend", adam, "--case", "INC-2", "--yes", "--wait", "--json", output: "waited")
        try await helper.wait(for: "the suspension of the user") { helper.status(adam) == .suspended }
        var request: String?
        try await helper.wait(for: "the result in the history") {
            request = (try? helper.history("--case", "INC-2"))?.first.flatMap { entry in
                (entry["result"] as? [String: Any])?["okta_request_id"] as? String
            }
            return request != nil
        }
        let committed = """
            {"actions":[{"integration":"acme","event_type":"user.lifecycle.suspend","transaction_id":"\(try #require(request))",\
            "uuid":"u-1","committed_at":"2026-11-26T10:00:00Z"}]}
            """
        try Data(committed.utf8).write(to: URL(fileURLWithPath: helper.actionsFile), options: .atomic)
        command.waitUntilExit()
        #expect(command.terminationStatus == 0)
        let result = try json(try String(contentsOfFile: helper.workspace.path("waited"), encoding: .utf8))
        #expect((result["committed"] as? [[String: Any]])?.first?["uuid"] as? String == "u-1")
    }

    @Test("if no helper runs, the command says what to start and ends with 69; with --json it prints a code")
    func noHelper() async throws {
        let helper = try await RunningHelper()
        #expect(helper.stop() == 0)
        let outcome = try helper.respond("suspend", adam, "--case", "INC-1", "--yes", "--json")
        #expect(outcome.status == 69 && outcome.errors.contains("systemctl enable --now tributary-respond.socket"))
        let result = try json(outcome.output)
        #expect(result["code"] as? String == "helper-not-running" && result["exit_code"] as? Int == 69)
        #expect(result["user"] as? String == adam)
    }

    @Test("respond list prints a row for each action")
    func list() async throws {
        let helper = try await RunningHelper()
        let outcome = try helper.respond("list")
        #expect(outcome.status == 0 && outcome.output.split(separator: "\n").count == 15)
        #expect(outcome.output.contains("yes suspend"))
    }

    @Test("a second helper with the same response log refuses to start; SIGTERM ends the first helper with 0")
    func oneHelper() async throws {
        let helper = try await RunningHelper()
        let other = try Programs.tributary(
            helper.arguments(["serve", "--socket", helper.workspace.path("other.socket")]), in: helper.workspace)
        #expect(other.status == 73 && other.errors.contains("response log"))
        let same = try Programs.tributary(helper.arguments(["serve"]), in: helper.workspace)
        #expect(same.status == 73 && same.errors.contains("cannot listen on"))
        #expect(try helper.respond("list").status == 0)
        #expect(helper.stop() == 0)
        #expect(!FileManager.default.fileExists(atPath: helper.socket))
    }

    // MARK: Many users

    private func names(_ count: Int) -> [String] {
        (1...count).map { "user\(String(repeating: "0", count: 4 - "\($0)".count))\($0)@corp.example" }
    }

    /// How often the org has suspended each user.
    private func suspensions(_ users: [String], _ helper: RunningHelper) -> [Int] {
        users.map { helper.done("suspend", $0) }
    }

    @Test("on a terminal, a batch shows the number of users and asks once")
    func confirmedBatch() async throws {
        let helper = try await RunningHelper(users: 3)
        let screen = try helper.terminal("suspend", "--from", try helper.file(names(3)), "--case", "INC-1")
        try await screen.answer("Suspend 3 users in acme for INC-1? [y/N]", "y")
        try await screen.wait(for: "user0003@corp.example is suspended")
        #expect(try await screen.end() == 0)
        #expect(suspensions(names(3), helper) == [1, 1, 1])
    }

    @Test("a batch stops at the hourly limit, and the same command continues it after the limit is raised")
    func limit() async throws {
        let helper = try await RunningHelper(users: 30, response: ["users_per_hour: 20"])
        let users = names(30)
        let file = try helper.file(users)
        let first = try helper.respond("suspend", "--from", file, "--case", "INC-1", "--yes")
        #expect(first.status == 77)
        #expect(first.output.split(separator: "\n").count { $0.hasPrefix("done ") } == 20)
        #expect(first.errors.contains("20 of 30 done") && first.errors.contains("run the same command again"))
        #expect(suspensions(users, helper) == Array(repeating: 1, count: 20) + Array(repeating: 0, count: 10))
        try helper.configure(["users_per_hour: 40"])
        try await helper.reload()
        let second = try helper.respond("suspend", "--from", file, "--case", "INC-1", "--yes", "--json")
        #expect(second.status == 0, "\(second.errors)")
        let lines = try second.output.split(separator: "\n").map { try json(String($0)) }
        #expect(lines.count { $0["is_repeat"] as? Bool == true } == 20)
        #expect(suspensions(users, helper) == Array(repeating: 1, count: 30))
    }

    @Test("if the configuration is invalid at a reload, the helper keeps its earlier configuration")
    func refusedReload() async throws {
        let helper = try await RunningHelper(users: 3, response: ["users_per_hour: 1"])
        try helper.configure(["users_per_hour: many"])
        helper.hangUp()
        try await helper.wait(for: "the configuration's refusal") { helper.workspace.log.contains("users_per_hour") }
        try helper.configure([])
        let outcome = try helper.respond("suspend", "--from", try helper.file(names(3)), "--case", "INC-1", "--yes")
        #expect(outcome.status == 77 && outcome.errors.contains("1 of 3 done"))
    }

    @Test("after Ctrl-C during a batch, the same command continues the batch, and each user is suspended once")
    func interrupted() async throws {
        let helper = try await RunningHelper(users: 30, response: ["users_per_hour: 1000"], isSlow: true)
        let users = names(30)
        let file = try helper.file(users)
        let command = try helper.begin("suspend", "--from", file, "--case", "INC-1", "--yes", output: "stopped")
        try await helper.wait(for: "the suspension of the third user") { helper.done("suspend", users[2]) == 1 }
        kill(command.processIdentifier, SIGINT)
        command.waitUntilExit()
        #expect(command.terminationStatus == 130)
        let said = try String(contentsOfFile: helper.workspace.path("stopped"), encoding: .utf8)
        #expect(said.contains("run the same command again"))
        let begun = suspensions(users, helper)
        #expect(begun.reduce(0, +) < 30 && begun.allSatisfy { $0 <= 1 })
        let again = try helper.respond("suspend", "--from", file, "--case", "INC-1", "--yes")
        #expect(again.status == 0, "\(again.output)\(again.errors)")
        #expect(suspensions(users, helper) == Array(repeating: 1, count: 30))
    }

    @Test(
        "after the command of a batch was killed, the same command continues the batch, and each user is suspended once"
    )
    func killedCommand() async throws {
        let helper = try await RunningHelper(users: 30, response: ["users_per_hour: 1000"], isSlow: true)
        let users = names(30)
        let file = try helper.file(users)
        let command = try helper.begin("suspend", "--from", file, "--case", "INC-1", "--yes", output: "killed")
        try await helper.wait(for: "the suspension of the fifth user") { helper.done("suspend", users[4]) == 1 }
        kill(command.processIdentifier, SIGKILL)
        command.waitUntilExit()
        let again = try helper.respond("suspend", "--from", file, "--case", "INC-1", "--yes")
        #expect(again.status == 0, "\(again.output)\(again.errors)")
        #expect(suspensions(users, helper) == Array(repeating: 1, count: 30))
    }

    @Test("if the helper is killed and restarted during a batch, the batch continues, and each user is suspended once")
    func killedHelper() async throws {
        let helper = try await RunningHelper(users: 30, response: ["users_per_hour: 1000"], isSlow: true)
        let users = names(30)
        let file = try helper.file(users)
        let command = try helper.begin("suspend", "--from", file, "--case", "INC-1", "--yes", output: "batch")
        for place in [4, 12, 20] {
            try await helper.wait(for: "suspension of \(users[place])") { helper.done("suspend", users[place]) == 1 }
            helper.kill()
            try await helper.start()
        }
        command.waitUntilExit()
        let said = try String(contentsOfFile: helper.workspace.path("batch"), encoding: .utf8)
        #expect(command.terminationStatus == 0, "\(said)")
        #expect(suspensions(users, helper) == Array(repeating: 1, count: 30))
        // The history has one successful result for each user.
        let records = try helper.history("--limit", "1000").filter {
            ["done", "already-done"].contains(($0["result"] as? [String: Any])?["outcome"] as? String)
        }
        let logins = records.compactMap { ($0["user"] as? [String: Any])?["login"] as? String }
        #expect(Set(logins).count == 30)
    }

    @Test(
        "in a batch, a JSON line can have its own case and reason; if a line has no case, no action is carried out"
    )
    func lines() async throws {
        let helper = try await RunningHelper(users: 2)
        let input = """
            {"user":"user0001@corp.example","case":"INC-1","reason":"first"}

            {"user":"user0002@corp.example"}
            """
        let refused = try helper.respond("suspend", "--from", "-", "--yes", input: input)
        #expect(refused.status == 64 && refused.errors.contains("line 3"))
        #expect(helper.done("suspend", "user0001") == 0)
        let done = try helper.respond("suspend", "--from", "-", "--yes", "--case", "INC-2", input: input)
        #expect(done.status == 0, "\(done.errors)")
        #expect(try helper.history("--case", "INC-1").first?["reason"] as? String == "first")
        #expect(try helper.history("--case", "INC-2").count == 1)
        let broken = try helper.respond("suspend", "--from", "-", "--yes", "--case", "INC-2", input: "{\"user\":\n")
        #expect(broken.status == 64)
    }

    @Test("with --json, a command that fails prints an object with the code of the problem, and carries out no action")
    func failuresAsJSON() async throws {
        let helper = try await RunningHelper()
        func code(_ words: String...) throws -> String {
            let outcome = try Programs.tributary(helper.arguments(words + ["--json"]), in: helper.workspace)
            let result = try json(outcome.output)
            #expect(result["exit_code"] as? Int == Int(outcome.status), "\(outcome.output)")
            #expect(!outcome.errors.contains("Usage:"), "\(outcome.errors)")
            return "\(outcome.status) \(result["code"] as? String ?? "none")"
        }
        #expect(try code("suspend", adam, "--yes") == "64 invalid-request")
        #expect(try code("suspend", adam, "--case", "  ", "--yes") == "64 invalid-request")
        #expect(try code("suspend", adam, "--case", "INC-1") == "64 confirmation-needed")
        #expect(try code("suspend", "--from", "/nowhere", "--case", "INC-1", "--yes") == "66 unreadable-file")
        #expect(try code("history", "--integration", "nope") == "66 no-integration")
        #expect(helper.org.user(adam)?.calls.isEmpty == true)
        try Data("response: [\n".utf8).write(to: URL(fileURLWithPath: helper.workspace.configuration))
        #expect(try code("suspend", adam, "--case", "INC-1", "--yes") == "78 configuration")
    }

    @Test(
        "a response action works although a file in conf.d is broken, unless the file may change which integration is meant"
    )
    func brokenDropIn() async throws {
        let helper = try await RunningHelper()
        let directory = helper.workspace.path("conf.d")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let file = URL(fileURLWithPath: directory + "/x.yaml")
        try Data("destinations: [{name: x\n".utf8).write(to: file)
        let outcome = try helper.respond("suspend", " \(adam)\u{A0}", "--case", "INC-1", "--yes")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("x.yaml") && helper.status(adam) == .suspended)
        // The broken file may contain a second integration with response actions, so the command works only with --integration.
        try Data("integrations: [{name: x, response_action: {\n".utf8).write(to: file)
        #expect(try helper.respond("unsuspend", adam, "--case", "INC-1", "--yes").status == 78)
        let named = try helper.respond("unsuspend", adam, "--case", "INC-1", "--yes", "--integration", "acme")
        #expect(named.status == 0 && helper.status(adam) == .active, "\(named.errors)")
    }

    @Test("after Ctrl-C during --wait, the command says what was done and ends with 130")
    func interruptedWait() async throws {
        let helper = try await RunningHelper()
        let command = try helper.begin(
            "suspend", adam, "--case", "INC-1", "--yes", "--wait", "--json", output: "waiting")
        try await helper.wait(for: "the suspension of the user") {
            (try? helper.history("--case", "INC-1"))?.first?["result"] != nil
        }
        kill(command.processIdentifier, SIGINT)
        command.waitUntilExit()
        #expect(command.terminationStatus == 130)
        let said = try String(contentsOfFile: helper.workspace.path("waiting"), encoding: .utf8)
        let result = try json(String(said.split(separator: "\n").first { $0.hasPrefix("{") } ?? ""))
        #expect(result["outcome"] as? String == "done" && result["wait"] as? String == "interrupted")
        #expect((result["steps"] as? [Any])?.count == 1 && (result["not_committed"] as? [Any])?.count == 1)
    }

    @Test(
        "if Okta is slow, the command says that it waits; after Ctrl-C it says that the action can't be stopped and how to see the result"
    )
    func slowAction() async throws {
        let helper = try await RunningHelper()
        helper.org.setFaults([FaultRule(.slowBody, count: 1, bytesPerSecond: 200, at: "list-users")])
        let command = try helper.begin("suspend", adam, "--case", "INC-1", "--yes", output: "slow")
        func said() -> String {
            (try? String(contentsOfFile: helper.workspace.path("slow"), encoding: .utf8)) ?? ""
        }
        try await helper.wait(for: "the message “waiting for Okta”") { said().contains("waiting for Okta") }
        kill(command.processIdentifier, SIGINT)
        command.waitUntilExit()
        #expect(command.terminationStatus == 0, "\(said())")
        #expect(said().contains("action can't be stopped") && said().contains("tributary respond history --case INC-1"))
        #expect(helper.status(adam) == .suspended)
    }

    @Test("if a key belongs to another request, the command refuses the request and says that nothing was recorded")
    func reusedKey() async throws {
        let helper = try await RunningHelper()
        #expect(try helper.respond("suspend", adam, "--case", "INC-1", "--yes", "--key", "k1").status == 0)
        let other = try helper.respond(
            "suspend", "alice.active@corp.example", "--case", "INC-2", "--yes", "--key", "k1")
        #expect(other.status == 64 && !other.errors.contains("recorded for"))
        #expect(other.errors.contains("not recorded"))
    }
}

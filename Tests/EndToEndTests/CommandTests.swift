import Collector
import Foundation
import OktaSimulator
import TestSupport
import Testing

@Suite("The command line")
struct CommandTests {
    @Test("every command's help has an example, is printed on standard output, and ends with 0")
    func help() throws {
        let commands = try CommandTree.all()
        #expect(commands.contains { $0.path == ["spool", "ack"] } && commands.count > 25)
        for command in commands {
            let outcome = try Programs.tributary(command.path + ["--help"], in: try Workspace())
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("Example"), "\(command.path)")
            #expect(outcome.output.contains("tributary \(command.path.joined(separator: " "))"), "\(command.path)")
            #expect(outcome.errors.isEmpty)
        }
    }

    @Test(
        "an example can be copied from the help, because none of its lines is wrapped at 80 columns",
        arguments: [Programs.tributary, Programs.simulator])
    func examples(program: URL) throws {
        var found = 0
        for command in try CommandTree.all(program) {
            let outcome = try Programs.run(program, command.path + ["--help"], in: try Workspace())
            let shown = Set(outcome.output.components(separatedBy: "\n"))
            for line in command.discussion.components(separatedBy: "\n") where line.hasPrefix("  ") {
                found += 1
                #expect(
                    shown.contains(line),
                    "this line of an example was wrapped; break it with “ \\” before column 80: \(line)")
            }
        }
        #expect(found > 3)
    }

    @Test(
        "each configuration key of an integration and of a destination has a command-line flag",
        arguments: [
            // These two keys have no flag: `name` is a positional argument, and `paused` is changed by the commands pause and resume.
            ("integration", ["name", "paused"], ["response_action.credential": "response-credential"]),
            ("destination", ["name"], [:]),
        ] as [(String, [String], [String: String])])
    func flags(group: String, without: [String], renamed: [String: String]) throws {
        let page = try String(contentsOf: Repository.file("docs/configuration.md"), encoding: .utf8)
        let keys = page.matches(of: /(?m)^\| `([a-z]+)\[\]\.([a-z_.]+)`/).filter { $0.1 == "\(group)s" }
            .map { String($0.2) }
        #expect(keys.count > 5)
        for name in ["add", "edit"] {
            let found = try CommandTree.all().first { $0.path == [group, name] }
            let flags = try #require(found).flags
            // The type of a destination can't be changed.
            for key in keys where !without.contains(key) && !(name == "edit" && key == "type") {
                let flag = renamed[key] ?? String(key.split(separator: ".").last ?? "").replacing("_", with: "-")
                #expect(flags.contains(flag), "\(group) \(name) has no --\(flag) for \(group)s[].\(key)")
            }
        }
    }

    @Test(
        "after a wrong argument, the command ends with 64 and prints only on standard error",
        arguments: [["run", "--no-such"], ["fly"], ["spool", "prune"], ["check", "stray"]])
    func usage(arguments: [String]) throws {
        let outcome = try Programs.tributary(arguments, in: try Workspace())
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("Error:"))
    }

    @Test(
        "the message about a wrong argument contains the usage of the command that was called",
        arguments: [
            (["integration", "add", "--bogus"], "integration add"),
            (["credential", "add", "x", "--type", "no"], "credential add"),
            (["integration", "pause"], "integration pause"), (["spool", "prune", "--older-than", "x"], "spool prune"),
            (["credential", "rotate", "--for", "nobody", "x"], "credential rotate"),
        ])
    func usageOfCommand(arguments: [String], command: String) throws {
        let workspace = try Workspace()
        try workspace.configure([("acme", "http://127.0.0.1:9")], token: "00token")
        let outcome = try Programs.tributary(arguments + ["--config", workspace.configuration], in: workspace)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("Usage: tributary \(command) "), "\(outcome.errors)")
        #expect(outcome.errors.contains("See 'tributary \(command) --help'"), "\(outcome.errors)")
    }

    @Test(
        "the message about an unknown command suggests the nearest command, or lists the commands",
        arguments: [
            (["statsu"], "did you mean tributary status?"),
            (["integrations", "list"], "did you mean tributary integration?"),
            (["integration", "ad"], "did you mean tributary integration add?"),
            (["help", "statsu"], "did you mean tributary status?"),
            (["start"], "sudo systemctl start tributary"),
            (["rotate", "x"], "did you mean tributary credential rotate?"),
            (["spool", "frobnicate"], "; the commands are list"),
        ])
    func unknownCommand(arguments: [String], words: String) throws {
        let outcome = try Programs.tributary(arguments, in: try Workspace())
        #expect(outcome.status == 64 && outcome.output.isEmpty)
        #expect(
            outcome.errors.contains("there is no command “tributary ") && outcome.errors.contains(words),
            "\(outcome.errors)")
    }

    @Test("if a token was pasted instead of a command or a name, the message does not repeat the token")
    func pastedToken() throws {
        let token = "00aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kL9n"
        let workspace = try Workspace()
        try workspace.configure([("acme", "http://127.0.0.1:9")], token: "00token")
        for arguments in [
            [token], ["integration", token], ["integration", "pause", token], ["spool", String(token.prefix(20))],
            ["credential", "rotate", "x", token], ["integration", "add", token, "--url", token],
            ["check", "--config=\(token)"],
            ["credential", "add", "x", "--type", token], ["spool", "ack", "--loader", token, "--through", "1"],
        ] {
            let outcome = try Programs.tributary(arguments, in: workspace)
            #expect(outcome.status != 0)
            #expect(
                !(outcome.errors + outcome.output).contains(token.dropFirst(2).prefix(12)),
                "\(arguments): \(outcome.errors)")
        }
    }

    @Test(
        "if the configuration has a mistake, `run` and `check` end with 78 and name the file and line",
        arguments: ["run", "check"])
    func badConfiguration(command: String) throws {
        let workspace = try Workspace()
        try workspace.configure([("acme", "http://127.0.0.1:9")], token: "00token")
        let good = try String(contentsOfFile: workspace.configuration, encoding: .utf8)
        try Data(good.replacing("poll_interval: 1s", with: "poll_intervall: 1s").utf8).write(
            to: URL(fileURLWithPath: workspace.configuration))
        let line = good.split(separator: "\n").firstIndex { $0.contains("poll_interval") }.map { $0 + 1 } ?? 0
        let outcome = try Programs.tributary([command, "--config", workspace.configuration], in: workspace)
        #expect(outcome.status == 78)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("\(workspace.configuration):\(line)"), "\(outcome.errors)")
        #expect(outcome.errors.contains("poll_interval"))

        let missing = try Programs.tributary([command, "--config", workspace.path("none.yaml")], in: workspace)
        #expect(missing.status == 78)
        #expect(missing.errors.contains("none.yaml"))
    }

    @Test("`check` summarizes a valid configuration as text and as JSON, without secrets")
    func goodConfiguration() throws {
        let workspace = try Workspace()
        try workspace.configure([("acme", "http://127.0.0.1:9")], token: "00very-secret-token")
        let text = try Programs.tributary(["check", "--config", workspace.configuration], in: workspace)
        #expect(text.status == 0, "\(text.errors)")
        #expect(text.output.contains("acme"))
        let json = try Programs.tributary(["check", "--json", "--config", workspace.configuration], in: workspace)
        #expect(json.status == 0)
        #expect(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) is [String: Any])
        #expect(!(text.output + text.errors + json.output + json.errors).contains("very-secret"))
    }

    /// Changes the workspace's configuration file, usually so that the file has a mistake. Does not make a running daemon reload the file.
    private func breaking(_ workspace: Workspace, _ change: (String) -> String) throws {
        let good = try String(contentsOfFile: workspace.configuration, encoding: .utf8)
        try Data(change(good).utf8).write(to: URL(fileURLWithPath: workspace.configuration))
    }

    @Test(
        "if the configuration of a running daemon gets mistakes, `status` shows the mistakes and the daemon's status",
        arguments: ["spol: {}\n", "record: {raw_data: often}\n", "record:\n\traw_data: true\n", "metrics: [\n"])
    func statusOfBrokenConfiguration(mistake: String) async throws {
        let org = try await SimulatedOrg.start(OrgSettings())
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: org.settings.tokens[0])
        func run(_ arguments: String...) throws -> Programs.Outcome {
            try Programs.tributary(arguments + ["--config", workspace.configuration], in: workspace)
        }
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        try breaking(workspace) { $0 + mistake }
        let text = try run("status")
        #expect(text.status == 0, "\(text.errors)")
        #expect(text.output.hasPrefix("✔ 1 of 1 integrations well") && text.output.contains("✔ acme"))
        #expect(text.output.contains("! \(workspace.configuration) has mistakes: the daemon continues"))
        #expect(text.output.contains("  \(workspace.configuration):") && text.output.contains(" error: "))
        #expect(text.output.contains("tributary reload --config \(workspace.configuration)"))
        let json = try run("status", "--json")
        #expect(json.status == 0 && json.errors.contains("error:"))
        let report = try StatusReport(decoding: Data(json.output.utf8))
        #expect(report.pid == daemon.processIdentifier && report.configurationFile == workspace.configuration)
        let list = try run("integration", "list")
        #expect(list.status == 78 && list.errors.contains("error:"), "\(list.errors)")
        #expect(
            list.output.split(separator: "\n").contains { $0.hasPrefix("✔") && $0.contains("acme") }, "\(list.output)")
        #expect(try run("integration", "show", "acme").output.contains("✔ live"))
        #expect(try run("integration", "pause", "acme").status == 78)
        let destinations = try run("destination", "list")
        #expect(destinations.status == 78 && destinations.errors.contains("error:"))

        // After a reload, the daemon itself reports that it refused the configuration.
        #expect(try run("reload").status == 78)
        #expect(daemon.status?.configuration?.refused?.problems.isEmpty == false)
        let refused = try run("status")
        #expect(refused.status == 0 && refused.output.contains("the earlier one stays in force"))
        #expect(!refused.output.contains("has mistakes"), "the problem is reported only once: \(refused.output)")

        #expect(daemon.stop() == 0)
        let stopped = try run("status")
        #expect(stopped.status == 69 && stopped.output.hasPrefix("✘ tributary is not running"))
        #expect(stopped.output.contains("has mistakes: the daemon can't start:"))
        #expect(!stopped.output.contains("stays in force"))
        try FileManager.default.removeItem(atPath: workspace.path("run/status.json"))
        let nothing = try run("status")
        #expect(nothing.status == 78 && nothing.errors.contains("error:") && nothing.errors.contains("no status at"))
        await org.stop()
    }

    @Test("if the configuration has mistakes, the status of a daemon that runs with another configuration is not shown")
    func statusOfAnother() async throws {
        let org = try await SimulatedOrg.start(OrgSettings())
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: org.settings.tokens[0])
        try workspace.configure([("acme", org.url)], token: org.settings.tokens[0], file: "other.yaml")
        let link = workspace.path("link.yaml")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: workspace.configuration)
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        func status(_ file: String) throws -> Programs.Outcome {
            try Programs.tributary(["status", "--config", file], in: workspace)
        }
        let other = workspace.path("other.yaml")
        let shared = try status(other)
        #expect(shared.status == 0)
        #expect(shared.output.contains("! this daemon runs with \(workspace.configuration), not with \(other)"))
        #expect(try !status(link).output.contains("runs with"))
        try Data("spol: {}\nruntime_directory: \(workspace.path("run"))\n".utf8).write(to: URL(fileURLWithPath: other))
        let broken = try status(other)
        #expect(broken.status == 78 && broken.output.isEmpty)
        #expect(
            broken.errors.contains("unknown key") && broken.errors.contains("no daemon is known to run with \(other)"))
        #expect(try Programs.tributary(["reload", "--config", other], in: workspace).status == 78)
        #expect(daemon.status?.configuration?.refused == nil && daemon.status?.configuration?.reloadsBegun == 0)
        #expect(daemon.stop() == 0)
        await org.stop()
    }

    @Test(
        "spool and fleet commands work if the configuration has mistakes only in parts that they do not use"
    )
    func mistakesElsewhere() throws {
        let workspace = try Workspace()
        try workspace.configure([("acme", "http://127.0.0.1:9")], token: "00token")
        try breaking(workspace) { $0.replacing("page_size: 200", with: "page_size: many") }
        let list = try Programs.tributary(["spool", "list", "--config", workspace.configuration], in: workspace)
        #expect(list.status == 74 && list.errors.contains("has no _spool.json"), "\(list.errors)")
        try breaking(workspace) { $0 + "record: {raw_data: often}\n" }
        let next = try Programs.tributary(["spool", "list", "--config", workspace.configuration], in: workspace)
        #expect(next.status == 74 && next.errors.contains("“raw_data”") && next.errors.contains("has no _spool.json"))
        try breaking(workspace) { $0.replacing("spool:\n", with: "spol:\n") }
        let other = try Programs.tributary(["spool", "list", "--config", workspace.configuration], in: workspace)
        #expect(
            other.status == 78 && !other.errors.contains("_spool.json"),
            "the name of the spool's section is mistyped, and the command has used the default spool")
        try breaking(workspace) {
            $0.replacing("spol:\n", with: "spool:\n").replacing("record: {raw_data: often}\n", with: "")
        }
        let fleet = """
            fleet:
              name: prod
              host: a
              log: {bucket: b-u, endpoint: http://127.0.0.1:9, region: eu-west-1}
              lease: {type: etcd, endpoints: ['http://127.0.0.1:9']}

            """
        try breaking(workspace) { fleet + $0 + "spol: {}\n" }
        let status = try Programs.tributary(["fleet", "status", "--config", workspace.configuration], in: workspace)
        #expect(status.status == 69, "the command must ask etcd: \(status.errors)")
        #expect(status.errors.contains("unknown key “spol”") && status.errors.contains("127.0.0.1"))
        try breaking(workspace) { $0.replacing("  host: a\n", with: "  host: a\n  hots: b\n") }
        let refused = try Programs.tributary(["fleet", "drain", "--config", workspace.configuration], in: workspace)
        #expect(refused.status == 78 && refused.errors.contains("unknown key “hots”"), "\(refused.errors)")
    }

    @Test(
        "`status` ends with 69 and a message if no daemon runs; otherwise it ends with 0 and prints the daemon's report"
    )
    func status() async throws {
        let org = try await SimulatedOrg.start(OrgSettings())
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: org.settings.tokens[0])
        let arguments = ["status", "--config", workspace.configuration]
        let none = try Programs.tributary(arguments, in: workspace)
        #expect(none.status == 69)
        #expect(none.output.isEmpty)
        #expect(none.errors.contains("is the daemon running?"))

        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        let text = try Programs.tributary(arguments, in: workspace)
        #expect(text.status == 0)
        #expect(text.output.contains("✔ acme"))
        let json = try Programs.tributary(arguments + ["--json"], in: workspace)
        #expect(json.status == 0)
        #expect(try StatusReport(decoding: Data(json.output.utf8)).pid == daemon.processIdentifier)
        #expect(daemon.stop() == 0)
        let stopped = try Programs.tributary(arguments, in: workspace)
        #expect(stopped.status == 69)
        #expect(stopped.output.hasPrefix("✘ tributary is not running"))
        await org.stop()
    }
}

import Collector
import Foundation
import OktaSimulator
import TestSupport
import Testing

@Suite("The command line")
struct CommandTests {
    /// What a program says of itself and of each of its commands.
    private struct Command: Decodable {
        struct Argument: Decodable {
            struct Spelling: Decodable { var name: String }
            var names: [Spelling]?
        }

        var commandName: String
        var discussion: String?
        var shouldDisplay: Bool
        var arguments: [Argument]?
        var subcommands: [Command]?

        var flags: Set<String> { Set((arguments ?? []).flatMap { $0.names ?? [] }.map(\.name)) }

        /// This command and those in it, each with the arguments that lead to it.
        func leaves(_ path: [String] = []) -> [(path: [String], command: Command)] {
            let inner = (subcommands ?? []).filter { $0.commandName != "help" && $0.shouldDisplay }
            return [(path, self)] + inner.flatMap { $0.leaves(path + [$0.commandName]) }
        }
    }

    private func commands(_ program: URL) throws -> [(path: [String], command: Command)] {
        struct Description: Decodable { var command: Command }
        let outcome = try Programs.run(program, ["--experimental-dump-help"], in: try Workspace())
        return try JSONDecoder().decode(Description.self, from: Data(outcome.output.utf8)).command.leaves()
    }

    @Test("every command's help has an example, on standard output, and ends with 0")
    func help() throws {
        let commands = try commands(Programs.tributary)
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
        "an example can be copied from the help as it is: no line of it is broken at 80 columns",
        arguments: [Programs.tributary, Programs.simulator])
    func examples(program: URL) throws {
        var found = 0
        for command in try commands(program) {
            let outcome = try Programs.run(program, command.path + ["--help"], in: try Workspace())
            let shown = Set(outcome.output.components(separatedBy: "\n"))
            for line in (command.command.discussion ?? "").components(separatedBy: "\n") where line.hasPrefix("  ") {
                found += 1
                #expect(shown.contains(line), "end the line with “ \\” below 80 columns: \(line)")
            }
        }
        #expect(found > 3)
    }

    @Test(
        "each key of an integration and of a destination has its flag",
        arguments: [
            // The name is an argument, and pause and resume are commands.
            ("integration", ["name", "paused"], ["response_action.credential": "response-credential"]),
            ("destination", ["name"], [:]),
        ] as [(String, [String], [String: String])])
    func flags(group: String, without: [String], renamed: [String: String]) throws {
        let page = try String(contentsOf: Repository.file("docs/configuration.md"), encoding: .utf8)
        let keys = page.matches(of: /(?m)^\| `([a-z]+)\[\]\.([a-z_.]+)`/).filter { $0.1 == "\(group)s" }
            .map { String($0.2) }
        #expect(keys.count > 5)
        for name in ["add", "edit"] {
            let found = try commands(Programs.tributary).first { $0.path == [group, name] }
            let flags = try #require(found).command.flags
            // A destination keeps its type.
            for key in keys where !without.contains(key) && !(name == "edit" && key == "type") {
                let flag = renamed[key] ?? String(key.split(separator: ".").last ?? "").replacing("_", with: "-")
                #expect(flags.contains(flag), "\(group) \(name) has no --\(flag) for \(group)s[].\(key)")
            }
        }
    }

    @Test(
        "a wrong argument is 64, with words on standard error alone",
        arguments: [["run", "--no-such"], ["fly"], ["spool", "prune"], ["check", "stray"]])
    func usage(arguments: [String]) throws {
        let outcome = try Programs.tributary(arguments, in: try Workspace())
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("Error:"))
    }

    @Test(
        "what is wrong with an argument is said with the usage of that very command",
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
        "a word that is no command is named, with the nearest one or with what there is",
        arguments: [
            (["statsu"], "did you mean tributary status?"),
            (["integrations", "list"], "did you mean tributary integration?"),
            (["integration", "ad"], "did you mean tributary integration add?"),
            (["start"], "sudo systemctl start tributary"),
            (["rotate", "x"], "did you mean tributary credential rotate?"),
            (["spool", "frobnicate"], "; there are list"),
        ])
    func unknownCommand(arguments: [String], words: String) throws {
        let outcome = try Programs.tributary(arguments, in: try Workspace())
        #expect(outcome.status == 64 && outcome.output.isEmpty)
        #expect(
            outcome.errors.contains("there is no command “tributary ") && outcome.errors.contains(words),
            "\(outcome.errors)")
    }

    @Test("a token where a command or a name is expected is not repeated")
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

    @Test("a bad configuration is 78 with file and line, from run and from check alike", arguments: ["run", "check"])
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

    @Test("a good configuration is summed up, also as JSON, without its secrets")
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

    @Test("status without a daemon is 69 with words; with one it is 0, and the JSON is the daemon's own")
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

import Collector
import Foundation
import OktaSimulator
import Testing

@Suite("The command line")
struct CommandTests {
    /// The arguments that lead to each command, from the program's own description of itself.
    private func commands() throws -> [[String]] {
        struct Command: Decodable {
            var commandName: String
            var shouldDisplay: Bool
            var subcommands: [Command]?
        }
        struct Description: Decodable { var command: Command }
        func leaves(_ command: Command, _ path: [String]) -> [[String]] {
            let inner = (command.subcommands ?? []).filter { $0.commandName != "help" && $0.shouldDisplay }
            return [path] + inner.flatMap { leaves($0, path + [$0.commandName]) }
        }
        let outcome = try Programs.tributary(["--experimental-dump-help"], in: try Workspace())
        return leaves(try JSONDecoder().decode(Description.self, from: Data(outcome.output.utf8)).command, [])
    }

    @Test("every command's help has an example, on standard output, and ends with 0")
    func help() throws {
        let commands = try commands()
        #expect(commands.contains(["spool", "ack"]) && commands.count > 25)
        for command in commands {
            let outcome = try Programs.tributary(command + ["--help"], in: try Workspace())
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("Example"), "\(command)")
            #expect(outcome.output.contains("tributary \(command.joined(separator: " "))"), "\(command)")
            #expect(outcome.errors.isEmpty)
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

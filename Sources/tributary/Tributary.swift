import ArgumentParser
import CThreadPriority
import Collector
import Configuration
import Glibc

/// The command line. Standard output carries only a command's result; everything else goes to standard error.
@main
struct Tributary: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tributary",
        abstract: "Collects Okta's System Log as OCSF records into an on-disk spool.",
        discussion: """
            A daemon reads the System Log of one or many Okta orgs, turns each event into an OCSF record, and writes the \
            records to immutable files, each event in exactly one of them.

            Example: set up an org interactively; check a configuration, then run it in the foreground
              sudo tributary integration add
              tributary check --config /etc/tributary/tributary.yaml
              tributary run --config /etc/tributary/tributary.yaml

            Exit codes: 0 done, 64 usage, 65 bad data, 66 no such input, 69 not available, 70 a bug, 73 can't write, 74 read or write error, \
            77 refused, 78 bad configuration.
            """,
        version: Version.current,
        subcommands: [
            Run.self, Check.self, Reload.self, Status.self, IntegrationGroup.self, CredentialGroup.self,
            NetworkGroup.self,
            Normalize.self, SpoolGroup.self,
            ReplayCommand.self, Deliver.self, DestinationGroup.self, FleetGroup.self, RespondGroup.self,
        ]
    )

    /// Replaces the library's own `main`, whose messages repeat arguments. A person may have pasted a token into the command line, so messages are
    /// printed with secrets masked.
    static func main() async {
        var kind: any ParsableCommand.Type = Self.self
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "help", let unknown = UnknownCommand(arguments.dropFirst(), below: Self.self) {
            Terminal.complain(LiteralSecret.masked("Error: \(unknown.words)"))
            Glibc.exit(ExitStatus.usage.rawValue)
        }
        do {
            var command = try parseAsRoot()
            kind = type(of: command)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            Terminal.complain(failure.text)
            Glibc.exit(failure.code.rawValue)
        } catch {
            let code = exitCode(for: error)
            guard code != .success, !(error is ExitCode) else { exit(withError: error) }
            let text =
                UnknownCommand(arguments, below: Self.self).map {
                    "Error: \($0.words)\n\(usage(of: $0.parent))"
                } ?? (error as? ValidationError).map { "Error: \($0.message)\n\(usage(of: kind))" }
                ?? fullMessage(for: error)
            Terminal.complain(
                text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                    LiteralSecret.masked(String(line))
                }.joined(separator: "\n"))
            Glibc.exit(code.rawValue)
        }
    }

    /// The usage line of a command. If a command's own code finds an error, the library would show the usage line of the root command instead.
    private static func usage(of command: any ParsableCommand.Type) -> String {
        let lines = helpMessage(for: command).split(separator: "\n", omittingEmptySubsequences: false)
        let usage = lines.drop { !$0.hasPrefix("USAGE: ") }.prefix { !$0.isEmpty }.joined(separator: "\n")
        let names = path(to: command).map { $0._commandName }.joined(separator: " ")
        return "Usage: \(usage.dropFirst("USAGE: ".count))\n  See '\(names) --help' for more information."
    }

    /// The commands from the root to this one.
    private static func path(
        to command: any ParsableCommand.Type, from above: [any ParsableCommand.Type] = [Tributary.self]
    ) -> [any ParsableCommand.Type] {
        guard let last = above.last, last != command else { return above }
        for inner in last.configuration.subcommands {
            let found = path(to: command, from: above + [inner])
            if found.last == command { return found }
        }
        return above
    }
}

import ArgumentParser
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
            A daemon pages the System Log of one or many Okta orgs, turns each event into an OCSF record, and writes the \
            records to immutable files, each event in exactly one of them.

            Example: set up an org, by questions; check a configuration, then run it in the foreground
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

    /// Like the library's own, except that messages do not repeat arguments, because a token may have been pasted into the command line.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let code = exitCode(for: error)
            guard code != .success, !(error is ExitCode) else { exit(withError: error) }
            Terminal.complain(
                fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false).map { line in
                    LiteralSecret.masked(String(line))
                }.joined(separator: "\n"))
            Glibc.exit(code.rawValue)
        }
    }
}

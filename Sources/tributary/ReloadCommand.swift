import ArgumentParser
import Collector
import CommandHints
import Configuration

struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the running daemon apply the changed configuration, without a restart.",
        discussion: """
            Checks the configuration, sends SIGHUP to the daemon, and waits until the daemon has applied it. Integrations are added, changed and \
            removed without affecting the others, and credentials are read again. A configuration with a mistake is refused, and the \
            daemon continues with the earlier one. systemctl reload tributary runs this command.

            Exits with 0 when the configuration is in force, with 69 if no daemon runs or the daemon does not answer in time, with 77 if \
            the daemon belongs to another user, and with 78 if the configuration is refused.

            Example:
              tributary reload
            """)

    @OptionGroup var options: ConfigurationOptions

    @Option(help: ArgumentHelp("How long to wait for the daemon.", valueName: "seconds"))
    var timeout: Int = 60

    func validate() throws {
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout must be from 1 to 3600 seconds") }
    }

    func run() async throws {
        let directory: String
        do {
            directory = try checked().runtimeDirectory
        } catch {
            // The daemon will refuse this configuration, too. It is still asked to reload, so that its status shows the refusal until a reload
            // succeeds.
            let directory = FoundConfiguration(options).runtimeDirectory
            let daemon = RunningReport(directory: directory, configuration: options.config)
            let isOfAnother = daemon.current?.isOfAnother(than: options.path) == true
            if daemon.isRunning, !isOfAnother { _ = try? await daemon.reload(within: timeout) }
            throw error
        }
        let daemon = RunningReport(directory: directory, configuration: options.config)
        let outcome = try await daemon.reload(within: timeout)
        if let refused = outcome.refused {
            for problem in refused.problems { Terminal.complain(problem) }
            Terminal.complain("tributary: the daemon has refused the configuration; the earlier one stays in force")
            throw ExitStatus.configuration
        }
        print(outcome.lastChange ?? "reloaded")
        if let words = outcome.restartWords { Terminal.complain("tributary: \(words): \(CommandHint.restart)") }
    }

    /// - Throws: exit code 78, after printing every problem.
    private func checked() throws -> Configuration {
        let configuration = try options.load()
        do throws(Daemon.StartError) {
            _ = try Normalizing(configuration).catalog()
        } catch {
            Terminal.complain(error.description)
            throw ExitStatus.configuration
        }
        return configuration
    }
}

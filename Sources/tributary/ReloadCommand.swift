import ArgumentParser
import Collector
import Configuration
import FoundationEssentials
import Glibc

struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Has the running daemon take over the changed configuration, without a restart.",
        discussion: """
            Checks the configuration, sends SIGHUP to the daemon, and waits until it has taken it over. Integrations are added, changed and \
            removed without disturbing the others, and credentials are read again. A configuration with a mistake is refused, and the \
            daemon goes on with the earlier one. The unit runs this command: systemctl reload tributary.

            Ends with 0 when the configuration is in force, with 69 when no daemon runs or none answers in time, with 77 when \
            the daemon belongs to another user, with 78 when the configuration is refused.

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
            // The daemon refuses it too, so that its status says so until a reload succeeds.
            let daemon = RunningReport(directory: options.runtimeDirectory(), configuration: options.config)
            if StatusFile.isHeld(inDirectory: daemon.directory) { _ = try? await outcome(of: daemon) }
            throw error
        }
        let outcome = try await outcome(of: RunningReport(directory: directory, configuration: options.config))
        if let refused = outcome.refused {
            for problem in refused.problems { Terminal.complain(problem) }
            Terminal.complain("tributary: the daemon has refused the configuration; the earlier one stays in force")
            throw ExitStatus.configuration
        }
        print(outcome.lastChange ?? "reloaded")
        if let words = outcome.restartWords { Terminal.complain("tributary: \(words): systemctl restart tributary") }
    }

    /// - Throws: exit code 78, after saying every problem.
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

    /// Waits for a reload that began after this was called: only that has read the files as they are now.
    private func outcome(of daemon: RunningReport) async throws -> StatusReport.Configuration {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(timeout)
        var before: StatusReport?
        var signalAgain = clock.now
        while clock.now < deadline {
            // There is none in the first moments of a daemon.
            if let report = try daemon.read() {
                let first = before ?? report
                before = first
                guard report.pid == first.pid else {
                    Terminal.complain(
                        "tributary: the daemon was restarted meanwhile: it has read the configuration by itself")
                    throw ExitStatus.unavailable
                }
                let begun = first.configuration?.reloadsBegun ?? 0
                if let configuration = report.configuration, configuration.reloadsFinished > begun {
                    return configuration
                }
                if clock.now >= signalAgain, (report.configuration?.reloadsBegun ?? 0) <= begun {
                    try daemon.signal(report.pid)
                    // One that came in the first moments of the process may have been lost.
                    signalAgain = clock.now + .seconds(5)
                }
            }
            try await clock.sleep(for: .milliseconds(20))
        }
        let state = before.map { $0.waiting?.words ?? "it has not answered" } ?? "it has not reported yet"
        Terminal.complain(
            "tributary: the configuration was not reloaded within \(timeout) s (\(state)): see `tributary status` and the journal"
        )
        throw ExitStatus.unavailable
    }
}

/// The status of a daemon that runs.
private struct RunningReport {
    let directory: String
    let configuration: String

    /// Nil while a daemon runs that has not reported yet.
    ///
    /// - Throws: exit code 69 when no daemon runs.
    func read() throws -> StatusReport? {
        let path = directory + "/" + StatusReport.fileName
        guard StatusFile.isHeld(inDirectory: directory) else {
            Terminal.complain(
                "tributary: no daemon runs with \(configuration) (by its runtime directory, \(directory)): systemctl start tributary"
            )
            throw ExitStatus.unavailable
        }
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try StatusReport(decoding: data)
        } catch {
            Terminal.complain("tributary: \(path) is not a status report of this version: \(error)")
            throw ExitStatus.dataError
        }
    }

    func signal(_ process: Int32) throws {
        // 0 and negative numbers would be groups of processes (kill(2)).
        guard process > 1, kill(process, SIGHUP) == 0 else {
            let reason = String(cString: strerror(errno))
            Terminal.complain(
                "tributary: SIGHUP can't be sent to process \(process): \(reason); run this as root or as the service's user"
            )
            throw ExitStatus.noPermission
        }
    }
}

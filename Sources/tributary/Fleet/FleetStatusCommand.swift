import ArgumentParser
import Collector
import Fleet

struct FleetStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the hosts of the fleet and the integrations that each collects.",
        discussion: """
            Shows all hosts of the fleet, and whether the store of the leases answers. For each integration, shows which host holds it, since when, \
            and from which host it was taken over. Integrations that no host holds come first.

            Exits with 0 if each integration of this host's configuration is held by a host. Exits with 69 if one of them is not, or if etcd or \
            the bucket can't be reached.

            Example:
              sudo tributary fleet status
              sudo tributary fleet status --json | \\
                jq '.integrations[] | select(.host == null)'
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Also read each integration's newest seal from the bucket: its generation and its time.")
    var seals =
        false

    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        let connection = try FleetConnection(options)
        let asked = ContinuousClock.now
        let seen = try await connection.observe()
        let took = asked.duration(to: .now)
        var report = FleetReport(connection.fleet, seen, integrations: connection.integrations, answeredIn: took)
        if seals { report.add(try await connection.seals(of: report.integrations.map(\.name))) }
        if json {
            Terminal.result(try IntegrationTable.json(report))
        } else {
            for line in FleetStatusText(report: report, now: WallClock.now(), terminal: .output).lines {
                Terminal.result(line)
            }
        }
        if !report.isWell { throw ExitStatus.unavailable }
    }
}

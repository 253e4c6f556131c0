import ArgumentParser
import Collector
import Fleet

struct FleetStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "The hosts of the fleet, and which of them collects what.",
        discussion: """
            Shows where the leases are and whether that answers, each host with what it holds, and each integration with its host, since when, and from \
            which host it was taken over. What no host holds comes first.

            Ends with 0 when every integration of this host's configuration is held by a host, and with 69 when one is not, or when etcd or the bucket \
            can't be reached.

            Example:
              sudo tributary fleet status
              sudo tributary fleet status --json | jq '.integrations[] | select(.host == null)'
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Also read the newest seal of each integration from the bucket: its generation, and when it was.")
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

import ArgumentParser
import Configuration
import Setup

struct IntegrationList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List all integrations with their purpose, credential and progress.",
        discussion: """
            The first column is a mark. ✔: the integration collects. ✘: the daemon can't collect it now, or its configuration can't be used. ‖: it \
            is paused. Three dots: it is starting. A single dot: no daemon runs on this host, the daemon has not loaded the integration, the \
            integration is only for response actions, or its log is left to another host of the fleet.

            If the configuration has a mistake that concerns more than one integration, the command shows it after the list, and exits with 78.

            Example:
              tributary integration list
              tributary integration list --json | jq -r '.[] | select(.paused) | .name'
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        let administration = Administration(configuration: options.config)
        try await administration.attempt {
            let table = try IntegrationTable(administration)
            if json {
                Terminal.result(try IntegrationTable.json(table.rows + table.unusable))
            } else {
                if table.report == nil {
                    Terminal.complain("no daemon runs with this configuration, so only the configuration is shown")
                }
                for line in table.text(.output) { Terminal.result(line) }
            }
            if let refusal = table.refusal { throw refusal }
        }
    }
}

struct IntegrationShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show all details of an integration.",
        discussion: """
            Example:
              tributary integration show acme
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The integration.", completion: .names(of: .integrations)) var name: String
    @Flag(help: "As JSON.") var json = false

    func run() async throws {
        let administration = Administration(configuration: options.config)
        try await administration.attempt {
            let table = try IntegrationTable(administration)
            if let broken = table.configuration.unusable.first(where: { $0.name == name }) {
                for problem in broken.problems { Terminal.complain("\(problem)".printable) }
                throw ExitStatus.configuration
            }
            if let refusal = table.refusal, table.configuration.integration(named: name) == nil { throw refusal }
            let record = IntegrationRecord(try table.configuration.known(name))
            guard var row = table.rows.first(where: { $0.name == name }) else { return }
            let settings = IntegrationRecord.keys.filter { !["description", "url"].contains($0) }.compactMap { path in
                record[path].map { (path, path.hasSuffix(".credential") ? $0 : LiteralSecret.masked($0)) }
            }
            row.settings = Dictionary(settings) { first, _ in first }
            if json {
                Terminal.result(try IntegrationTable.json(row))
            } else {
                if table.report == nil {
                    Terminal.complain("no daemon runs with this configuration, so only the configuration is shown")
                }
                Terminal.result(row.details(.output, isRunning: table.report != nil, settings: settings))
            }
            if let refusal = table.refusal { throw refusal }
        }
    }
}

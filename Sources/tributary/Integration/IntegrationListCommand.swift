import ArgumentParser
import Configuration
import Setup

struct IntegrationList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "All integrations: what each is for, with which credential, and how far it is.",
        discussion: """
            ✔ collects, ✘ does not or is not usable as it is written, … starts, ‖ is paused; · no daemon runs, so only the configuration is known.

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
            if json { return Terminal.result(try IntegrationTable.json(table.rows + table.unusable)) }
            if table.report == nil { Terminal.complain("no daemon runs: this is the configuration alone") }
            for line in table.text(.output) { Terminal.result(line) }
        }
    }
}

struct IntegrationShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "One integration in all detail.",
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
            let record = IntegrationRecord(try table.configuration.known(name))
            guard var row = table.rows.first(where: { $0.name == name }) else { return }
            let settings = IntegrationRecord.keys.filter { !["description", "url"].contains($0) }.compactMap { path in
                record[path].map { (path, path.hasSuffix(".credential") ? $0 : LiteralSecret.masked($0)) }
            }
            row.settings = Dictionary(settings) { first, _ in first }
            if json { return Terminal.result(try IntegrationTable.json(row)) }
            if table.report == nil { Terminal.complain("no daemon runs: this is the configuration alone") }
            Terminal.result(row.details(.output, isRunning: table.report != nil, settings: settings))
        }
    }
}

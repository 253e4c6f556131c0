import ArgumentParser
import Collector
import Configuration
import FoundationEssentials
import Glibc

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the configuration.",
        discussion: """
            Prints every mistake with its file, its line and a correction, and exits with 78. If there is no mistake, prints a summary of the \
            configuration without secrets. With root's rights (sudo), the installed configuration is checked as the service sees it: with the \
            service's user and credentials, and the paths to which the unit lets the service write. The service need not be running.

            Example:
              sudo tributary check
              tributary check --config ./tributary.yaml --online
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(
        help:
            "Also test each org step by step (name, connection, organization, credential, permission, rate limit, clock, newest event), and the fleet's bucket and leases. Exits with 69, 77 or 78 if a step fails."
    )
    var online = false

    @Flag(help: "Print the checked configuration as JSON, including default values.")
    var json = false

    func run() async throws {
        // A configuration other than the installed one is checked with this user's rights, because the service's user may be unable to read it.
        let isInstalled = options.path == ConfigurationOptions.installed
        let view = isInstalled ? ServiceView() : nil
        defer { view?.leave() }
        if isInstalled, geteuid() != 0 {
            Terminal.complain(
                "note: the configuration is checked with your rights; to check with the service's rights: sudo tributary check"
            )
        }
        try await run(view, isInstalled ? InstalledUnit.environment : ProcessInfo.processInfo.environment)
    }

    /// - Parameter environment: the environment that determines the directories if `view` is nil.
    private func run(_ view: ServiceView?, _ environment: [String: String]) async throws {
        func shown(_ text: String) -> String { view?.asShown(text) ?? text }
        let configuration: Configuration
        do {
            configuration =
                try view.map { view in
                    try options.load(options.context(environment: view.environment, secrets: .required)) { shown($0) }
                }
                ?? options.load(options.context(environment: environment))
        } catch {
            for problem in view?.problems ?? [] { Terminal.complain("error: \(shown(problem))") }
            throw error
        }
        for warning in configuration.warnings { Terminal.complain(shown(warning.description)) }
        for warning in view?.warnings(about: configuration) ?? [] { Terminal.complain("warning: \(warning)") }
        let objections = view?.objections(to: configuration) ?? []
        for objection in objections { Terminal.complain("error: \(shown(objection))") }
        let normalizing = Normalizing(configuration)
        do throws(Daemon.StartError) {
            _ = try normalizing.catalog()
        } catch {
            Terminal.complain(error.description)
            throw ExitStatus.configuration
        }
        guard objections.isEmpty else { throw ExitStatus.configuration }
        guard online else {
            print(shown(json ? try configuration.summary.json() : configuration.describe()))
            return
        }
        if !json { print(shown(configuration.describe()) + "\n") }
        var reports: [OnlineReport] = []
        let check = try startCheck(configuration)
        await check.ask(configuration.integrations) { report in
            reports.append(report)
            if !json { print(shown(OnlineText(output: .output).text(report))) }
        }
        await check.shutdown()
        if configuration.fleet != nil, !json {
            print("\nfleet")
            if !(await FleetTrial(try FleetConnection(configuration)).tell()) { throw ExitStatus.unavailable }
        }
        if json { print(shown(try CheckedConfiguration(summary: configuration.summary, online: reports).json())) }
        switch reports.map(\.verdict).max() ?? .good {
        case .good: break
        case .unreachable: throw ExitStatus.unavailable
        case .refused: throw ExitStatus.noPermission
        case .misconfigured: throw ExitStatus.configuration
        }
    }

    private func startCheck(_ configuration: Configuration) throws -> OnlineCheck {
        do throws(Daemon.StartError) {
            return try OnlineCheck(configuration)
        } catch {
            Terminal.complain(error.description)
            throw ExitStatus.configuration
        }
    }
}

/// The summary, and the results of the online tests under the key `online`, so that the output is one JSON document.
private struct CheckedConfiguration: Encodable {
    var summary: ConfigurationSummary
    var online: [OnlineReport]

    private enum Key: String, CodingKey {
        case online
    }

    func encode(to encoder: any Encoder) throws {
        try summary.encode(to: encoder)
        var more = encoder.container(keyedBy: Key.self)
        try more.encode(online, forKey: .online)
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

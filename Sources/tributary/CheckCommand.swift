import ArgumentParser
import Collector
import Configuration
import FoundationEssentials

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Is this configuration good?",
        discussion: """
            Says every mistake with file, line and what to write instead, and ends with 78. A good configuration is summed up, \
            without secrets.

            Example:
              tributary check
              tributary check --config ./tributary.yaml --online
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(
        help:
            "Also ask each org, step by step: name, connection, organization, credential, permission, rate limit, clock, newest event. Ends with 69, 77 or 78 when one fails."
    )
    var online = false

    @Flag(help: "The checked configuration as JSON, with its defaults filled in.")
    var json = false

    func run() async throws {
        let configuration = try options.load()
        for warning in configuration.warnings { Terminal.complain(warning.description) }
        for warning in VersionLimits(configuration).warnings {
            Terminal.complain("\(options.config): warning: \(warning)")
        }
        let normalizing = Normalizing(configuration)
        do throws(Daemon.StartError) {
            _ = try normalizing.catalog()
        } catch {
            Terminal.complain(error.description)
            throw ExitStatus.configuration
        }
        guard online else {
            print(json ? try configuration.summary.json() : configuration.describe())
            return
        }
        if !json { print(configuration.describe() + "\n") }
        var reports: [OnlineReport] = []
        let check = try startCheck(configuration)
        await check.ask(configuration.integrations) { report in
            reports.append(report)
            if !json { print(OnlineText(output: .output).text(report)) }
        }
        await check.shutdown()
        if json { print(try CheckedConfiguration(summary: configuration.summary, online: reports).json()) }
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

/// The summary with the key `online`: one JSON document.
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

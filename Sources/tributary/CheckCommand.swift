import ArgumentParser
import Collector
import Configuration
import Foundation

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

    @Flag(help: "Also ask each org: is it one, and is the credential accepted? Ends with 69 or 77 when not.")
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
        print(json ? try configuration.summary.json() : configuration.describe())
        guard online else { return }
        var worst = OnlineCheck.Verdict.good
        let check = try OnlineCheck(configuration)
        for integration in configuration.integrations where integration.dataIngest != nil {
            let result = await check.ask(integration)
            let mark = result.verdict == .good ? Terminal.output.green("✔") : Terminal.output.red("✘")
            let line = "\(mark) \(integration.name.text)  \(integration.url.origin)  \(result.words)"
            // Standard output has one JSON document, or text.
            if json { Terminal.complain(line) } else { print(line) }
            worst = max(worst, result.verdict)
        }
        await check.shutdown()
        switch worst {
        case .good: break
        case .unreachable: throw ExitStatus.unavailable
        case .refused: throw ExitStatus.noPermission
        }
    }
}

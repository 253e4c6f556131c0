import ArgumentParser
import Configuration
import FoundationEssentials
import Glibc
import Logging
import Systemd

/// Where the configuration is, for every command that needs it.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The configuration; conf.d/*.yaml next to it is read too.", valueName: "file"))
    var config = ConfigurationOptions.installed

    /// The one that the unit runs with.
    static let installed = "/etc/tributary/tributary.yaml"

    /// Loads and checks it.
    ///
    /// - Parameters:
    ///   - environment: what directories go by.
    ///   - secrets: whether a missing secret file is an error, or only worth a warning, as for a person who may not read it.
    ///   - shown: what becomes of a message before it is said.
    /// - Throws: exit code 78, after saying every problem.
    func load(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        secrets: ConfigurationContext.SecretCheck = .warned, shown: (String) -> String = { $0 }
    ) throws -> Configuration {
        let context = ConfigurationContext(
            environment: environment,
            today: CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970)), secrets: secrets)
        do {
            return try Configuration.load(path: config, context: context)
        } catch {
            Terminal.complain(shown(error.description))
            throw ExitStatus.configuration
        }
    }

    /// The configuration, without a word where it is broken.
    func loadedQuietly() -> Configuration? {
        let context = ConfigurationContext(
            environment: ProcessInfo.processInfo.environment,
            today: CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970)), secrets: .warned,
            mistakes: .integration)
        return try? Configuration.load(path: config, context: context)
    }

    /// The runtime directory, as the configuration says or as it would be without one: a status can be asked for although the
    /// configuration is broken at the moment.
    func runtimeDirectory() -> String {
        loadedQuietly()?.runtimeDirectory ?? ProcessInfo.processInfo.environment["RUNTIME_DIRECTORY"]
            ?? "/run/tributary"
    }
}

extension ConfigurationError {
    /// Says every problem in the journal, and the first one to the service manager.
    func announce(_ logger: Logger) {
        for problem in problems { logger.announce(.configurationRefused, "\(problem)") }
        ServiceNotifier().failed(
            errno: EINVAL, status: "configuration refused: \(problems.first.map(String.init(describing:)) ?? "")")
    }
}

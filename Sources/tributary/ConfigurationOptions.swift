import ArgumentParser
import Configuration
import FoundationEssentials
import Glibc
import Logging
import Systemd

/// The option `--config`, for every command that needs the configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The configuration; conf.d/*.yaml next to it is read too.", valueName: "file"))
    var config = ConfigurationOptions.installed

    /// The configuration that the unit uses.
    static let installed = CommandHint.installed

    func validate() throws {
        // Messages repeat the path. In a path, a random part is normal; but a bare word that looks like a secret probably is one.
        let isBare = !config.contains("/") && !config.contains(".")
        guard !LiteralSecret.isPresent(in: config, identifiers: true),
            !(isBare && LiteralSecret.mayBePresent(in: config))
        else {
            throw ValidationError(
                "--config: the value looks like a secret, so it is not repeated here; give the path of the configuration file"
            )
        }
        CommandHint.use(configuration: path)
    }

    /// The absolute path.
    var path: String { config.hasPrefix("/") ? config : FileManager.default.currentDirectoryPath + "/" + config }

    /// Loads and checks the configuration.
    ///
    /// - Parameters:
    ///   - environment: the environment that determines directories.
    ///   - secrets: whether a missing secret file is an error, or only a warning because this person may not read it.
    ///   - shown: changes a message before it is printed.
    /// - Throws: exit code 78, after printing every problem.
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

    /// The configuration; nil if it is invalid. Prints nothing.
    func loadedQuietly() -> Configuration? {
        let context = ConfigurationContext(
            environment: ProcessInfo.processInfo.environment,
            today: CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970)), secrets: .warned,
            mistakes: .integration)
        return try? Configuration.load(path: config, context: context)
    }

    /// The runtime directory according to the configuration, or the default one if there is none, so that the status can be shown even while the
    /// configuration is invalid.
    func runtimeDirectory() -> String {
        loadedQuietly()?.runtimeDirectory ?? ProcessInfo.processInfo.environment["RUNTIME_DIRECTORY"]
            ?? "/run/tributary"
    }
}

extension ConfigurationError {
    /// Logs every problem, and reports the first one to the service manager.
    func announce(_ logger: Logger) {
        for problem in problems { logger.announce(.configurationRefused, "\(problem)") }
        ServiceNotifier().failed(
            errno: EINVAL, status: "configuration refused: \(problems.first.map(String.init(describing:)) ?? "")")
    }
}

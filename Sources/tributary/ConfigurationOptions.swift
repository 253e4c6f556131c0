import ArgumentParser
import CommandHints
import Configuration
import FoundationEssentials
import Glibc
import Logging
import Systemd

/// The option `--config`, for every command that needs the configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The main file of the configuration; the files conf.d/*.yaml in the same directory are read, too.",
            valueName: "file"))
    var config = ConfigurationOptions.installed

    /// The configuration that the unit uses.
    static let installed = CommandHint.installed

    func validate() throws {
        // A path that looks like a secret is refused, because messages repeat the path.
        try PastedArguments.refuse(config, what: "--config")
        CommandHint.use(configuration: path)
    }

    /// The absolute path of the configuration's main file.
    var path: String { config.hasPrefix("/") ? config : FileManager.default.currentDirectoryPath + "/" + config }

    /// The conditions for reading the configuration.
    ///
    /// - Parameters:
    ///   - mistakes: which part of the configuration is refused because of a mistake in one integration.
    ///   - environment: the environment that determines directories.
    ///   - secrets: whether a secret that can't be read is an error or only a warning. By default, it is only a warning, because this user may have
    ///     fewer rights than the service.
    func context(
        mistakes: ConfigurationContext.MistakeScope = .whole,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        secrets: ConfigurationContext.SecretCheck = .warned
    ) -> ConfigurationContext {
        ConfigurationContext(
            environment: environment, today: CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970)),
            secrets: secrets, mistakes: mistakes)
    }

    /// Loads and checks the configuration.
    ///
    /// - Parameters:
    ///   - context: the conditions. By default, a single mistake makes the whole configuration unusable.
    ///   - shown: changes a message before it is printed.
    /// - Throws: exit code 78, after printing every problem.
    func load(_ context: ConfigurationContext? = nil, shown: (String) -> String = { $0 }) throws -> Configuration {
        do throws(ConfigurationError) {
            return try Configuration.load(path: config, context: context ?? self.context())
        } catch {
            Terminal.complain(shown(error.description))
            throw ExitStatus.configuration
        }
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

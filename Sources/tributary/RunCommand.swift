import ArgumentParser
import CLinux
import Collector
import CommandHints
import Configuration
import FoundationEssentials
import Glibc
import Logging
import Monitoring
import Systemd

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the daemon in the foreground until SIGTERM or SIGINT.",
        discussion: """
            Logs to systemd's journal if there is one, otherwise as text to standard error. When the daemon stops, it makes pending pages \
            durable and seals all records.

            Example:
              tributary run --config ./tributary.yaml --log-level debug
            """)

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "The lowest level of log messages: trace, debug, info, notice, warning, error or critical.")
    var logLevel: Logger.Level = .info

    func run() async throws {
        LogOutput.detected().bootstrap(level: logLevel)
        let logger = Logger(label: "tributary")
        tributary_guard_memory()
        tributary_return_free_memory()
        let configuration = try load(logger)
        logger.announce(
            .started,
            """
            tributary \(Version.current), \(configuration.integrations.count, "integration", "integrations") from \(options.config)
            """)
        let path = options.config
        let monitoring = MonitoringService(configuration, logger: logger)
        let daemon = Daemon(configuration, logger: logger, observer: monitoring) { () throws(ConfigurationError) in
            try Configuration.load(path: path, context: Self.context(mistakes: .whole))
        }
        do {
            try await daemon.run()
        } catch let error as Daemon.StartError {
            throw refuse(error, logger)
        } catch {
            logger.critical("stopped by an internal error; please report it: \(error)")
            throw ExitStatus.software
        }
    }

    /// The conditions for reading the configuration. A secret that can't be read is only a warning: it stops only the integrations that need it, and
    /// they try again automatically.
    private static func context(mistakes: ConfigurationContext.MistakeScope) -> ConfigurationContext {
        ConfigurationContext(
            environment: ProcessInfo.processInfo.environment,
            today: CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970)), secrets: .warned,
            mistakes: mistakes)
    }

    private func load(_ logger: Logger) throws -> Configuration {
        do throws(ConfigurationError) {
            let configuration = try Configuration.load(
                path: options.config, context: Self.context(mistakes: .integration))
            for warning in configuration.warnings { logger.warning("\(warning)") }
            return configuration
        } catch {
            error.announce(logger)
            throw ExitStatus.configuration
        }
    }

    private func refuse(_ error: Daemon.StartError, _ logger: Logger) -> ExitCode {
        let status: ExitCode
        switch error {
        case .configuration:
            logger.announce(.configurationRefused, "\(error)")
            status = ExitStatus.configuration
        case .cannotCreate:
            logger.announce(.spoolError, "\(error)")
            status = ExitStatus.cannotCreate
        case .spool, .fleet:
            logger.announce(.spoolError, "\(error)")
            status = ExitStatus.inputOutput
        }
        ServiceNotifier().failed(errno: EIO, status: error.description)
        return status
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

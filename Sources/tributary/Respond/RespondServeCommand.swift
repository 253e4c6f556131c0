import ArgumentParser
import CLinux
import Collector
import Configuration
import FoundationEssentials
import Glibc
import Logging
import Respond
import Systemd

struct RespondServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "The helper that alone has the credentials, in the foreground, until SIGTERM or SIGINT.",
        discussion: """
            Takes requests on the socket that systemd hands over, else on one of its own, and answers those of root, of its own user and of \
            members of the socket's group. It has the response log for itself. tributary-respond.service runs it.

            SIGHUP applies a changed configuration, after the requests under way. Ends with 73 when it can't listen, or the response log is \
            another process's or can't be written; with 78 for a bad configuration.

            The commands look for it at response.socket of their configuration.

            Example: on a host without systemd, with response.socket in ./tributary.yaml
              tributary respond serve --config ./tributary.yaml
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(
        help: ArgumentHelp(
            "Where to listen when systemd hands over no socket. (default: response.socket)", valueName: "path"))
    var socket: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical.") var logLevel: Logger.Level = .info

    func run() async throws {
        LogOutput.detected().bootstrap(level: logLevel)
        let logger = Logger(label: "tributary-respond")
        tributary_guard_memory()
        // The daemon reads the response log by the group.
        umask(0o027)
        let path = options.config
        guard let configuration = Self.load(path, logger) else { throw ExitStatus.configuration }
        logger.announce(.started, "tributary \(Version.current), helper of the response actions, configuration \(path)")
        do {
            let daemon = try ResponseDaemon(
                configuration, socket: socket, logger: logger, makeEngine: Self.engine,
                load: { Self.load(path, logger) })
            try await daemon.run()
        } catch let error as ResponseServer.Failure {
            throw refuse(error.description, logger)
        } catch let error as ResponseEngine.StartError {
            throw refuse(error.description, logger)
        } catch {
            logger.critical("stopped by an error that should not happen: \(error)")
            throw ExitStatus.software
        }
    }

    private func refuse(_ words: String, _ logger: Logger) -> ExitCode {
        logger.error("\(words)")
        ServiceNotifier().failed(errno: EIO, status: words)
        return ExitStatus.cannotCreate
    }

    private static func engine(
        _ configuration: Configuration
    ) throws(ResponseEngine.StartError) -> ResponseEngine {
        try ResponseEngine(
            configuration: configuration, userAgent: Version.userAgent,
            environment: ProcessInfo.processInfo.environment, logger: Logger(label: "tributary-respond"))
    }

    /// Reads the configuration; nil after saying what is wrong. A secret that can't be read is the trouble of its integration alone.
    private static func load(_ path: String, _ logger: Logger) -> Configuration? {
        let context = ConfigurationContext(
            environment: Responder.environment,
            today: CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970)), secrets: .warned,
            mistakes: .integration)
        do throws(ConfigurationError) {
            return try Configuration.load(path: path, context: context)
        } catch {
            error.announce(logger)
            return nil
        }
    }
}

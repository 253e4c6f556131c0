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
        abstract: "Run the helper, the only process with the credentials, in the foreground until SIGTERM or SIGINT.",
        discussion: """
            The helper accepts requests on the socket that systemd passes, or else on its own socket. It serves root, its own user and \
            members of the socket's group. No other process may write its response log. tributary-respond.service runs this command.

            SIGHUP applies a changed configuration after the current requests. Exits with 73 if it can't listen on the \
            socket, or if the response log can't be written or is in use by another process; with 78 for a bad configuration.

            The respond commands find the helper by response.socket in their configuration.

            Example: on a host without systemd, with response.socket in ./tributary.yaml
              tributary respond serve --config ./tributary.yaml
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(
        help: ArgumentHelp(
            "The socket to listen on if systemd passes none. (default: response.socket)", valueName: "path"))
    var socket: String?
    @Option(help: "The lowest level of log messages: trace, debug, info, notice, warning, error or critical.")
    var logLevel: Logger.Level = .info

    func validate() throws {
        if let socket { try PastedArguments.refuse(socket, what: "--socket") }
    }

    func run() async throws {
        LogOutput.detected().bootstrap(level: logLevel)
        let logger = Logger(label: "tributary-respond")
        tributary_guard_memory()
        // The response log must be readable by the group, because the daemon reads it.
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
            logger.critical("stopped by an internal error; please report it: \(error)")
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

    /// Reads the configuration; nil after reporting its problems. A secret that can't be read affects only the integrations that use it.
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

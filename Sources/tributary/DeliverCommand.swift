import ArgumentParser
import CLinux
import Collector
import Configuration
import CurlHTTPClient
import Delivery
import Fleet
import FoundationEssentials
import Glibc
import Logging
import Spool
import Systemd

struct Deliver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deliver sealed segments to one destination, in the foreground, until SIGTERM or SIGINT.",
        discussion: """
            A delivery is a loader that reads the spool: the manifest lists the segments, and the acknowledgement with the destination's name \
            records what is delivered. Failed deliveries are retried; nothing is dropped. Each destination has a process of its own, which does \
            not need a running daemon. On a host of a fleet, the process reads from the fleet's bucket. If several hosts deliver to one \
            destination, one is active, and the others wait.

            SIGHUP applies a changed configuration. Exits with 78 if the configuration has no such destination, and with 73 if \
            another process already delivers to it.

            Example:
              tributary deliver lake
              systemctl enable --now tributary-deliver@lake
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The destination, by its name in the configuration.", completion: .names(of: .destinations))
    var name: String

    @Option(help: "The lowest level of log messages: trace, debug, info, notice, warning, error or critical.")
    var logLevel: Logger.Level = .info

    func validate() throws { try PastedArguments.refuse(name, what: "NAME") }

    func run() async throws {
        LogOutput.detected().bootstrap(level: logLevel)
        var logger = Logger(label: "tributary-deliver")
        logger[metadataKey: LogKey.destination] = "\(name)"
        tributary_guard_memory()
        // The acknowledgement must be readable by the group, because the daemon reads it.
        umask(0o027)
        let path = options.config
        let announcer = logger
        guard let configuration = Self.load(path, announcer) else { throw ExitStatus.configuration }
        logger.announce(.started, "tributary \(Version.current), delivery to \(name), configuration \(path)")
        let daemon: DeliveryDaemon
        do throws(DeliveryDaemon.StartError) {
            daemon = try DeliveryDaemon(
                name, configuration, version: Version.current, userAgent: Version.userAgent, logger: logger,
                source: { [name, logger] (configuration, restart) throws(DeliveryTrouble) in
                    try Self.source(name, configuration, logger, restart)
                },
                load: { Self.load(path, announcer) })
        } catch {
            logger.announce(.configurationRefused, "\(error)")
            ServiceNotifier().failed(errno: EINVAL, status: error.description)
            if case .cannotCreate = error { throw ExitStatus.cannotCreate }
            throw ExitStatus.configuration
        }
        do {
            try await daemon.run()
        } catch {
            logger.critical("stopped by an internal error; please report it: \(error)")
            throw ExitStatus.software
        }
    }

    /// The source of the segments: the spool of this host or, in a fleet, the fleet's bucket.
    private static func source(
        _ name: String, _ configuration: Configuration, _ logger: Logger, _ restart: @escaping @Sendable () -> Void
    ) throws(DeliveryTrouble) -> any SegmentSource {
        guard let fleet = configuration.fleet else {
            let spool = configuration.spool.directory
            return SpoolSource(loader: name, directory: spool) {
                // The installed package creates the directory of acknowledgements only in the standard spool. In any other spool, this process
                // creates it. If that fails, the error is reported as soon as the directory is used.
                try? AcknowledgementDirectory(path: AcknowledgementFiles(spool: spool).directory, spool: spool)
                    .makeIfMissing()
            }
        }
        let bucket: FleetBucket
        do throws(TransportError) {
            bucket = try FleetBucket(
                fleet, network: configuration.network, userAgent: Version.userAgent,
                connections: 16, logger: logger)
        } catch {
            throw DeliveryTrouble(error.description, remedy: "Correct the configuration")
        }
        return try FleetSource(
            bucket.list, loader: name, temporary: TemporaryDirectory.standard,
            logger: logger, restart: restart)
    }

    /// Reads the configuration. If it can't be used, reports its problems and returns nil. A secret for Okta that can't be read is ignored, because
    /// this process does not need it. Mistakes in integrations are not reported here, because the collector reports them.
    private static func load(_ path: String, _ logger: Logger) -> Configuration? {
        let context = ConfigurationContext(
            environment: ProcessInfo.processInfo.environment,
            today: CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970)), secrets: .warned,
            mistakes: .everyIntegration)
        do throws(ConfigurationError) {
            let configuration = try Configuration.load(path: path, context: context)
            for warning in configuration.warnings where warning.key.hasPrefix("destinations") {
                logger.warning("\(warning)")
            }
            return configuration
        } catch {
            error.announce(logger)
            return nil
        }
    }
}

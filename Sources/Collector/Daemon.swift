import Configuration
import FoundationEssentials
import Logging
import OCSF
import OktaAPI
import ServiceLifecycle
import Spool
import Systemd
import UnixSignals

/// The daemon as a list of services run by one group: status, watchdog, reload, and the collection of all integrations.
///
/// ```swift
/// let daemon = Daemon(configuration, logger: logger) { () throws(ConfigurationError) in try Configuration.load(…) }
/// try await daemon.run()   // until SIGTERM or SIGINT
/// ```
package struct Daemon: Sendable {
    /// Reads the configuration again.
    package typealias Load = @Sendable () throws(ConfigurationError) -> Configuration

    /// Why it can't start, each with what to do.
    package enum StartError: Error, CustomStringConvertible {
        /// The configuration asks for what is not possible: exit code 78.
        case configuration(String)
        /// A directory can't be used: exit code 73.
        case cannotCreate(String)
        /// The spool can't be used: exit code 74.
        case spool(SpoolError)

        package var description: String {
            switch self {
            case .configuration(let words), .cannotCreate(let words): words
            case .spool(let error): error.description
            }
        }
    }

    /// How long after SIGTERM collection may take to come to its end: within the unit's `TimeoutStopSec=`.
    static let stopWithin = Duration.seconds(25)

    private let configuration: Configuration
    private let load: Load
    private let observer: (any StatusObserver)?
    private let logger: Logger
    private let notifier = ServiceNotifier()

    /// Nothing is opened yet.
    ///
    /// - Parameters:
    ///   - configuration: what to run with.
    ///   - observer: runs along with the daemon, and is told how it is.
    ///   - load: called on SIGHUP; it must refuse a configuration with any mistake.
    package init(
        _ configuration: Configuration, logger: Logger, observer: (any StatusObserver)? = nil, load: @escaping Load
    ) {
        self.observer = observer
        self.configuration = configuration
        self.logger = logger
        self.load = load
    }

    /// Runs until SIGTERM or SIGINT, then seals what is durable and returns. While the spool or a directory can't be used and that can pass, it
    /// waits.
    ///
    /// - Throws: `StartError`.
    package func run() async throws {
        // From here on SIGHUP ends nothing: one that comes before the services run is answered then.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        for warning in VersionLimits(configuration).warnings { logger.warning("\(warning)") }
        let ingesting = configuration.integrations.count(where: \.isCollected)
        if let warning = DescriptorLimit.raised().warning(integrations: ingesting) { logger.warning("\(warning)") }
        // What is wrong with the configuration is told before anything is waited for.
        let transport = try CurlTransport(configuration)
        let normalizing = Normalizing(configuration)
        let catalog = try normalizing.catalog()
        let startedAt = WallClock.text(WallClock.now())
        let (statusFile, spool) = try await open(startedAt: startedAt)
        let workers: [IngestWorker]
        do {
            workers = try (0..<Self.workerCount).map { number in
                try IngestWorker(
                    name: "ingest-\(number)", spool: spool, catalog: catalog, settings: normalizing.settings)
            }
        } catch {
            throw StartError.configuration("\(error)")
        }

        let board = StatusBoard()
        let heartbeats = Heartbeats()
        var factory = CollectorFactory(
            transport: transport, workers: workers, board: board, heartbeats: heartbeats, logger: logger)
        let collectors = configuration.integrations.compactMap { factory.collector($0, of: ingesting) }
        UnusableIntegrations(board: board, logger: logger).add(configuration.unusable)
        PausedIntegrations(board: board).add(configuration.integrations)
        let collection = CollectionService(
            collectors: collectors, unusable: Set(configuration.unusable.map(\.name)), workers: workers, spool: spool,
            transport: transport, board: board, heartbeats: heartbeats, notifier: notifier, logger: logger)
        let reporter = StatusReporter(
            board: board, file: statusFile, spool: spool, heartbeats: heartbeats, notifier: notifier,
            observer: observer, startedAt: startedAt, logger: logger)
        let credentials = CredentialWatch(configuration, board: board, logger: logger)
        let reloader = Reloader(
            configuration, load: load, factory: factory, collection: collection, workers: workers, spool: spool,
            board: board, reporter: reporter, credentials: credentials, observer: observer, logger: logger)
        let watchdog = WatchdogService(watchdog: Watchdog(heartbeats: heartbeats, notifier: notifier, logger: logger))
        // They are stopped in reverse: the watchdog and the status see collection to its end.
        let observers: [any Service] = observer.map { [$0] } ?? []
        var settings = ServiceGroupConfiguration(
            services: observers + [
                watchdog, reporter, credentials, collection, ReloadService(hangups: hangups, reloader: reloader),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: quiet(logger))
        settings.maximumGracefulShutdownDuration = Self.stopWithin
        try await ServiceGroup(configuration: settings).run()
    }

    /// Takes the locks and opens the spool.
    private func open(startedAt: String) async throws(StartError) -> (StatusFile, Spool) {
        let wait = StartWait(startedAt: startedAt, spool: configuration.spool, notifier: notifier, logger: logger)
        let directory = configuration.runtimeDirectory
        let statusFile = try await wait.until(reportingTo: nil) { () throws(StartError) in
            do throws(StatusFile.Failure) {
                return try StatusFile(directory: directory)
            } catch {
                throw .cannotCreate(error.description)
            }
        }
        let settings = SpoolSettings(configuration)
        let spool = try await wait.until(reportingTo: statusFile) { () throws(StartError) in
            do throws(SpoolError) {
                return try Spool(settings, fileSystem: PosixFileSystem(), now: SystemTime().spool)
            } catch {
                throw .spool(error)
            }
        }
        return (statusFile, spool)
    }

    /// A thread a core, and no more than one disk has use for. As many with one integration as with many: others may be added later.
    private static var workerCount: Int { max(1, min(ProcessInfo.processInfo.activeProcessorCount, 8)) }
}

/// The group's own lines are about its services, which are ours to announce; its troubles are kept.
private func quiet(_ logger: Logger) -> Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .error)
    return logger
}

import Configuration
import CurlHTTPClient
import FoundationEssentials
import Logging
import OCSF
import ResponseLog
import ServiceLifecycle
import Spool
import Systemd
import UnixSignals

/// The daemon as a group of services: status, watchdog, reload, and the collection of all integrations.
///
/// ```swift
/// let daemon = Daemon(configuration, logger: logger) { () throws(ConfigurationError) in try Configuration.load(…) }
/// try await daemon.run()   // until SIGTERM or SIGINT
/// ```
package struct Daemon: Sendable {
    /// Reads the configuration again.
    package typealias Load = @Sendable () throws(ConfigurationError) -> Configuration

    /// Why the daemon can't start, with what to do.
    package enum StartError: Error, CustomStringConvertible {
        /// The configuration asks for something that is not possible: exit code 78.
        case configuration(String)
        /// A directory can't be used: exit code 73.
        case cannotCreate(String)
        /// The fleet's bucket can't be used now: exit code 74.
        case fleet(String)
        /// The spool can't be used: exit code 74.
        case spool(SpoolError)

        package var description: String {
            switch self {
            case .configuration(let words), .cannotCreate(let words), .fleet(let words): words
            case .spool(let error): error.description
            }
        }
    }

    /// How long collection may take to finish after SIGTERM. It is within the unit's `TimeoutStopSec=`.
    static let stopWithin = Duration.seconds(25)

    private let configuration: Configuration
    private let load: Load
    private let observer: (any StatusObserver)?
    private let logger: Logger
    private let notifier = ServiceNotifier()

    /// Does not open anything yet.
    ///
    /// - Parameters:
    ///   - configuration: what to run with.
    ///   - observer: a service that runs along with the daemon, from before it waits for anything, and receives its reports.
    ///   - load: called on SIGHUP; must refuse a configuration with any mistake.
    package init(
        _ configuration: Configuration, logger: Logger, observer: (any StatusObserver)? = nil, load: @escaping Load
    ) {
        self.observer = observer
        self.configuration = configuration
        self.logger = logger
        self.load = load
    }

    /// Runs until SIGTERM or SIGINT, then seals all durable records and returns. If the spool or a directory can't be used, but that may be temporary, it
    /// waits.
    ///
    /// - Throws: `StartError`.
    package func run() async throws {
        guard let observer else { return try await collect() }
        // It shows what the start waits for, and the stop.
        try await withThrowingTaskGroup { group in
            group.addTask { try await observer.run() }
            defer { group.cancelAll() }
            try await collect()
        }
    }

    private func collect() async throws {
        // From here on SIGHUP does not end the process. One that arrives before the services run is handled once they do.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let ingesting = configuration.integrations.count(where: \.isCollected)
        if let warning = DescriptorLimit.raised().warning(integrations: ingesting) { logger.warning("\(warning)") }
        // Errors in the configuration are reported before anything is waited for.
        let transport = try CurlTransport(configuration)
        let normalizing = Normalizing(configuration)
        let catalog = try normalizing.catalog()
        let startedAt = WallClock.text(WallClock.now())
        let fleet = try configuration.fleet.map { (fleet) throws(StartError) in
            try FleetStart(fleet, network: configuration.network, logger: logger)
        }
        let (statusFile, spool) = try await open(startedAt: startedAt, fleet)
        let actions = CommittedActions()
        let workers: [IngestWorker]
        do {
            workers = try (0..<Self.workerCount).map { number in
                try IngestWorker(
                    name: "ingest-\(number)", spool: spool, catalog: catalog, settings: normalizing.settings,
                    actions: actions, seals: fleet?.seals)
            }
        } catch {
            throw StartError.configuration("\(error)")
        }

        let board = StatusBoard()
        board.updateConfiguration { $0.file = configuration.mainFile }
        let heartbeats = Heartbeats()
        var factory = CollectorFactory(
            transport: transport, workers: workers, board: board, heartbeats: heartbeats, logger: logger)
        // In a fleet collectors begin when this host holds their integrations.
        let collectors =
            fleet == nil ? configuration.integrations.compactMap { factory.collector($0, of: ingesting) } : []
        if let fleet {
            board.updateFleet { $0 = FleetBoard(fleet.fleet) }
            StandbyIntegrations(board: board).add(configuration.integrations)
        }
        UnusableIntegrations(board: board, logger: logger).add(configuration.unusable)
        PausedIntegrations(board: board).add(configuration.integrations)
        let collection = CollectionService(
            collectors: collectors, unusable: Set(configuration.unusable.map(\.name)), workers: workers,
            isShared: fleet != nil, spool: spool, transport: transport, board: board, heartbeats: heartbeats,
            notifier: notifier, logger: logger)
        let reporter = StatusReporter(
            board: board, file: statusFile, spool: spool, heartbeats: heartbeats, notifier: notifier,
            observer: observer, startedAt: startedAt, logger: logger)
        let responses = ResponseSource(
            logDirectory: configuration.response.logDirectory, runtimeDirectory: configuration.runtimeDirectory,
            integration: ResponseSource.integration(host: fleet?.fleet.host), actions: actions, worker: workers[0],
            board: board, heartbeats: heartbeats, logger: logger)
        let credentials = CredentialWatch(configuration, board: board, logger: logger)
        let reloader = Reloader(
            configuration, load: load, factory: factory, collection: collection, workers: workers, spool: spool,
            board: board, reporter: reporter, credentials: credentials, observer: observer, logger: logger)
        let membership = fleet.map {
            FleetMembership(
                $0.fleet, store: $0.store, integrations: configuration.integrations, reloader: reloader, board: board,
                logger: logger)
        }
        if let membership { await reloader.join(membership) }
        let watchdog = WatchdogService(watchdog: Watchdog(heartbeats: heartbeats, notifier: notifier, logger: logger))
        // Services are stopped in reverse order, so the watchdog and the status run until collection has ended.
        // Leases are given up only then, too.
        let memberships: [any Service] = membership.map { [$0] } ?? []
        var settings = ServiceGroupConfiguration(
            services: [watchdog, reporter, credentials] + memberships + [
                collection, responses, ReloadService(hangups: hangups, reloader: reloader),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: quiet(logger))
        settings.maximumGracefulShutdownDuration = Self.stopWithin
        try await ServiceGroup(configuration: settings).run()
    }

    /// Acquires the locks and opens the spool; in a fleet, its bucket first.
    private func open(startedAt: String, _ fleet: FleetStart?) async throws(StartError) -> (StatusFile, Spool) {
        let wait = StartWait(
            startedAt: startedAt, file: configuration.mainFile, spool: configuration.spool, notifier: notifier,
            logger: logger, observer: observer)
        let directory = configuration.runtimeDirectory
        let statusFile = try await wait.until(reportingTo: nil) { () throws(StartError) in
            do throws(StatusFile.Failure) {
                return try StatusFile(directory: directory)
            } catch {
                throw .cannotCreate(error.description)
            }
        }
        var settings = SpoolSettings(configuration)
        if let fleet {
            settings.sharedID = try await wait.until(reportingTo: statusFile) { () throws(StartError) in
                try await fleet.spoolID()
            }
        }
        let opened = settings
        let spool = try await wait.until(reportingTo: statusFile) { () throws(StartError) in
            do throws(SpoolError) {
                return try Spool(opened, fileSystem: PosixFileSystem(), now: SystemTime().spool)
            } catch {
                throw .spool(error)
            }
        }
        return (statusFile, spool)
    }

    /// One thread per core, but no more than a disk can use. The number does not depend on the number of integrations, because some may be added later.
    private static var workerCount: Int { max(1, min(ProcessInfo.processInfo.activeProcessorCount, 8)) }
}

/// The service group's own messages concern services that we announce ourselves. Only its errors are kept.
private func quiet(_ logger: Logger) -> Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .error)
    return logger
}

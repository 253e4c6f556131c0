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

/// The daemon as a group of services, such as the collection of all integrations, the status, the watchdog and reloads.
///
/// ```swift
/// let daemon = Daemon(configuration, logger: logger) { () throws(ConfigurationError) in try Configuration.load(…) }
/// try await daemon.run()   // until SIGTERM or SIGINT
/// ```
package struct Daemon: Sendable {
    /// Reads the configuration again.
    package typealias Load = @Sendable () throws(ConfigurationError) -> Configuration

    /// Why the daemon can't start, and what to do.
    package enum StartError: Error, CustomStringConvertible {
        /// The configuration asks for something that is not possible: exit code 78.
        case configuration(String)
        /// The runtime directory can't be used: exit code 73.
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

    /// How long collection may take to finish after SIGTERM. It is shorter than the unit's `TimeoutStopSec=`.
    static let stopWithin = Duration.seconds(25)

    private let configuration: Configuration
    private let load: Load
    private let observer: (any StatusObserver)?
    private let logger: Logger
    private let notifier = ServiceNotifier()

    /// Creates the daemon. ``run()`` opens everything that it needs.
    ///
    /// - Parameters:
    ///   - configuration: the configuration at the start.
    ///   - observer: a service that receives the daemon's reports. It starts first and ends last.
    ///   - load: called on SIGHUP; must throw if the configuration has any mistake.
    package init(
        _ configuration: Configuration, logger: Logger, observer: (any StatusObserver)? = nil, load: @escaping Load
    ) {
        self.observer = observer
        self.configuration = configuration
        self.logger = logger
        self.load = load
    }

    /// Runs until SIGTERM or SIGINT, then seals all durable records and returns. If a problem with the spool, the runtime directory or the fleet's
    /// bucket may be temporary, the start waits until the problem is solved.
    ///
    /// - Throws: `StartError`.
    package func run() async throws {
        guard let observer else { return try await collect() }
        // The observer also runs while the daemon starts and stops, and shows what the daemon is waiting for.
        try await withThrowingTaskGroup { group in
            group.addTask { try await observer.run() }
            defer { group.cancelAll() }
            try await collect()
        }
    }

    private func collect() async throws {
        // From here on SIGHUP does not end the process. A SIGHUP that arrives before the services run causes a reload once they run.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        if let warning = DescriptorLimit.raised().warning(integrations: collectedCount) { logger.warning("\(warning)") }
        let resources = try await openResources()
        var settings = ServiceGroupConfiguration(
            services: await services(resources, hangups), gracefulShutdownSignals: [.sigterm, .sigint],
            logger: quiet(logger))
        settings.maximumGracefulShutdownDuration = Self.stopWithin
        try await ServiceGroup(configuration: settings).run()
    }

    private var collectedCount: Int { configuration.integrations.count(where: \.isCollected) }

    /// The objects that several services use.
    private struct Resources {
        let startedAt: String
        let transport: CurlTransport
        let fleet: FleetStart?
        let statusFile: StatusFile
        let spool: Spool
        let workers: [IngestWorker]
        let actions: CommittedActions
        let board = StatusBoard()
        let heartbeats = Heartbeats()
    }

    /// Checks the configuration, acquires the locks, opens the spool, and starts the workers.
    private func openResources() async throws -> Resources {
        let startedAt = WallClock.text(WallClock.now())
        // Errors in the configuration are reported before the start waits for anything.
        let transport = try CurlTransport(configuration)
        let normalizing = Normalizing(configuration)
        let catalog = try normalizing.catalog()
        let fleet = try configuration.fleet.map { (fleet) throws(StartError) in
            try FleetStart(fleet, network: configuration.network, logger: logger)
        }
        let (statusFile, spool) = try await open(startedAt: startedAt, fleet)
        let actions = CommittedActions()
        do {
            let workers = try (0..<Self.workerCount).map { number in
                try IngestWorker(
                    name: "ingest-\(number)", spool: spool, catalog: catalog, settings: normalizing.settings,
                    actions: actions, seals: fleet?.seals)
            }
            return Resources(
                startedAt: startedAt, transport: transport, fleet: fleet, statusFile: statusFile, spool: spool,
                workers: workers, actions: actions)
        } catch {
            throw StartError.configuration("\(error)")
        }
    }

    /// Creates the collectors, except in a fleet, and shows every integration on the status board.
    private func collectors(_ factory: inout CollectorFactory, _ resources: Resources) -> [IntegrationCollector] {
        // In a fleet, a collector starts when this host holds its integration.
        let collectors =
            resources.fleet == nil
            ? configuration.integrations.compactMap { factory.collector($0, of: collectedCount) } : []
        if let fleet = resources.fleet {
            resources.board.updateFleet { $0 = FleetBoard(fleet.fleet) }
            StandbyIntegrations(board: resources.board).add(configuration.integrations)
        }
        UnusableIntegrations(board: resources.board, logger: logger).add(configuration.unusable)
        PausedIntegrations(board: resources.board).add(configuration.integrations)
        return collectors
    }

    /// Creates the services in the order in which they start. They stop in reverse order. So the watchdog and the status run until collection has
    /// ended. In a fleet, the leases are released only after collection has ended.
    private func services(_ resources: Resources, _ hangups: UnixSignalsSequence) async -> [any Service] {
        let (board, heartbeats, workers) = (resources.board, resources.heartbeats, resources.workers)
        board.updateConfiguration { $0.file = configuration.mainFile }
        var factory = CollectorFactory(
            transport: resources.transport, workers: workers, board: board, heartbeats: heartbeats, logger: logger)
        let collection = CollectionService(
            collectors: collectors(&factory, resources), unusable: Set(configuration.unusable.map(\.name)),
            workers: workers, isShared: resources.fleet != nil, spool: resources.spool, transport: resources.transport,
            board: board, heartbeats: heartbeats, notifier: notifier, logger: logger)
        let reporter = StatusReporter(
            board: board, file: resources.statusFile, spool: resources.spool, heartbeats: heartbeats,
            notifier: notifier,
            observer: observer, startedAt: resources.startedAt, logger: logger)
        let responses = ResponseSource(
            logDirectory: configuration.response.logDirectory, runtimeDirectory: configuration.runtimeDirectory,
            integration: ResponseSource.integration(host: resources.fleet?.fleet.host), actions: resources.actions,
            worker: workers[0], board: board, heartbeats: heartbeats, logger: logger)
        let credentials = CredentialWatch(configuration, board: board, logger: logger)
        let reloader = Reloader(
            configuration, load: load, factory: factory, collection: collection, workers: workers,
            spool: resources.spool,
            board: board, reporter: reporter, credentials: credentials, observer: observer, logger: logger)
        let membership = resources.fleet.map {
            FleetMembership(
                $0.fleet, store: $0.store, integrations: configuration.integrations, reloader: reloader, board: board,
                logger: logger)
        }
        if let membership { await reloader.join(membership) }
        let watchdog = WatchdogService(watchdog: Watchdog(heartbeats: heartbeats, notifier: notifier, logger: logger))
        let memberships: [any Service] = membership.map { [$0] } ?? []
        return [watchdog, reporter, credentials] + memberships
            + [collection, responses, ReloadService(hangups: hangups, reloader: reloader)]
    }

    /// Acquires the locks and opens the spool. In a fleet, the bucket is opened before the spool.
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

    /// The number of worker threads: one per core, but at most 8, because more threads would not write to a disk any faster. The number does not
    /// depend on the number of integrations, because a reload may add integrations.
    static var workerCount: Int { max(1, min(ProcessInfo.processInfo.activeProcessorCount, 8)) }
}

/// Returns a logger for the service group. It logs only errors, because the daemon itself logs when its services start and stop.
private func quiet(_ logger: Logger) -> Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .error)
    return logger
}

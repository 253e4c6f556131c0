import Configuration
import FoundationEssentials
import Logging
import OCSF
import OktaAPI
import ServiceLifecycle
import Spool
import Systemd

/// The daemon as a list of services run by one group: status, watchdog, and the collection of all integrations.
///
/// ```swift
/// let daemon = try Daemon(configuration, logger: logger)
/// try await daemon.run()   // until SIGTERM or SIGINT
/// ```
package struct Daemon {
    /// Why it can't start, each with what to do.
    package enum StartError: Error, CustomStringConvertible {
        /// The configuration asks for what can't be had: exit code 78.
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

    private let group: ServiceGroup

    /// Opens the spool and prepares every integration; nothing is asked of Okta yet.
    ///
    /// - Throws: `StartError`.
    package init(_ configuration: Configuration, logger: Logger) throws(StartError) {
        for warning in VersionLimits(configuration).warnings { logger.warning("\(warning)") }
        let ingesting = configuration.integrations.count { $0.dataIngest != nil }
        if let warning = DescriptorLimit.raised().warning(integrations: ingesting) { logger.warning("\(warning)") }
        let statusFile: StatusFile
        do throws(StatusFile.Failure) {
            statusFile = try StatusFile(directory: configuration.runtimeDirectory)
        } catch {
            throw .cannotCreate(error.description)
        }
        let spool: Spool
        do throws(SpoolError) {
            spool = try Spool(SpoolSettings(configuration), fileSystem: PosixFileSystem(), now: SystemTime().spool)
        } catch {
            throw .spool(error)
        }
        let transport = try CurlTransport(configuration)
        let normalizing = Normalizing(configuration)
        let catalog = try normalizing.catalog()
        let workers: [IngestWorker]
        do {
            workers = try (0..<Self.workerCount(configuration)).map { number in
                try IngestWorker(
                    name: "ingest-\(number)", spool: spool, catalog: catalog, settings: normalizing.settings)
            }
        } catch {
            throw .configuration("\(error)")
        }

        let board = StatusBoard()
        let heartbeats = Heartbeats()
        let notifier = ServiceNotifier()
        var factory = CollectorFactory(
            transport: transport, workers: workers, board: board, heartbeats: heartbeats, logger: logger)
        let collectors = configuration.integrations.filter { $0.dataIngest != nil }.enumerated().compactMap {
            factory.collector($1, number: $0, of: ingesting)
        }
        let collection = CollectionService(
            collectors: collectors, workers: workers, spool: spool, transport: transport, board: board,
            heartbeats: heartbeats, notifier: notifier, logger: logger)
        let reporter = StatusReporter(
            board: board, file: statusFile, spool: spool, settings: configuration.spool, heartbeats: heartbeats,
            notifier: notifier, logger: logger)
        let watchdog = WatchdogService(watchdog: Watchdog(heartbeats: heartbeats, notifier: notifier, logger: logger))
        // They are stopped in reverse: the watchdog and the status see collection to its end.
        var settings = ServiceGroupConfiguration(
            services: [watchdog, reporter, HangupService(logger: logger), collection],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: quiet(logger))
        settings.maximumGracefulShutdownDuration = Self.stopWithin
        group = ServiceGroup(configuration: settings)
    }

    /// Runs until SIGTERM or SIGINT, then seals what is durable and returns.
    package func run() async throws {
        try await group.run()
    }

    /// A thread a core, as far as there is work for it, and no more than one disk has use for.
    private static func workerCount(_ configuration: Configuration) -> Int {
        max(1, min(ProcessInfo.processInfo.activeProcessorCount, configuration.integrations.count, 8))
    }
}

/// The group's own lines are about its services, which are ours to announce; its troubles are kept.
private func quiet(_ logger: Logger) -> Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .error)
    return logger
}

extension SpoolSettings {
    init(_ configuration: Configuration) {
        self.init(
            directory: configuration.spool.directory, stateDirectory: configuration.stateDirectory,
            compression: Compression(configuration.spool.compression),
            segmentMaxBytes: Int(configuration.spool.segmentMaxBytes.bytes),
            segmentMaxAge: configuration.spool.segmentMaxAge.duration,
            maxBytes: Int64(configuration.spool.maxBytes.bytes),
            retention: RetentionSetting(configuration.spool.retention),
            recordSchema: SchemaVersion(configuration.record.schemaVersion).name)
    }
}

extension Compression {
    init(_ configured: Configuration.Compression) {
        switch configured {
        case .zstd: self = .zstd
        case .gzip: self = .gzip
        case .none: self = .none
        }
    }
}

extension RetentionSetting {
    fileprivate init(_ configured: Configuration.Retention) {
        switch configured {
        case .never: self = .never
        case .after(let age): self = .after(age.duration)
        case .acknowledged: self = .acknowledged
        }
    }
}

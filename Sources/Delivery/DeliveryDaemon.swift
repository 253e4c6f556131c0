import Configuration
import FoundationEssentials
import Logging
import ServiceLifecycle
import Synchronization
import Systemd
import UnixSignals

/// Makes the source of a delivery's segments from the configuration. The source may call the given closure to restart the delivery with a new source.
///
/// Throws if the source can't be made. The error says why, and what an operator can do.
package typealias DeliverySourceMaker =
    @Sendable (Configuration, @escaping @Sendable () -> Void) throws(DeliveryTrouble) -> any SegmentSource

/// The process that delivers to one destination. It is a group of three services: watchdog, reload and delivery.
package struct DeliveryDaemon {
    /// How long the services may take to end after SIGTERM. It is less than the unit's `TimeoutStopSec=`.
    static let stopWithin = Duration.seconds(25)

    private let services: [ServiceGroupConfiguration.ServiceConfiguration]
    private let reload: Reload
    private let logger: Logger

    /// - Parameters:
    ///   - source: makes the source of the segments. The source may restart the delivery, as a reload does.
    ///   - load: reads the configuration for a reload. If the configuration is refused, reports why and returns `nil`.
    /// - Throws: ``StartError``.
    package init(
        _ name: String, _ configuration: Configuration, version: String, userAgent: String, logger: Logger,
        source: @escaping DeliverySourceMaker, load: @escaping @Sendable () -> Configuration?
    ) throws(StartError) {
        guard let destination = configuration.destination(named: name) else {
            throw .configuration(Self.unknown(name, configuration))
        }
        let factory = DestinationFactory(
            environment: ProcessInfo.processInfo.environment, userAgent: userAgent, logger: logger)
        do throws(DestinationProblem) {
            // Makes a destination only to check the settings, so that unusable settings are reported before anything begins.
            _ = try factory.make(destination, network: configuration.network)
        } catch {
            throw .configuration(error.description)
        }
        let statusFile: DeliveryStatusFile
        do throws(DeliveryStatusFile.Failure) {
            statusFile = try DeliveryStatusFile(
                directory: "\(configuration.deliveryDirectory)/\(name)", name: name)
        } catch {
            throw .cannotCreate(error.description)
        }
        let heartbeats = Heartbeats()
        let notifier = ServiceNotifier()
        let plan = Mutexed(configuration)
        let windDown = WindDown()
        let delivery = DeliveryService(
            name: name, version: version, plan: plan, factory: factory, makeSource: source, statusFile: statusFile,
            heartbeats: heartbeats, notifier: notifier, logger: logger, windDown: windDown)
        reload = Reload(
            name: name, plan: plan, factory: factory, notifier: notifier, logger: logger, windDown: windDown, load: load
        )
        let watchdog = DeliveryWatchdog(
            watchdog: Watchdog(heartbeats: heartbeats, notifier: notifier, logger: logger))
        services = [
            .init(service: watchdog), .init(service: delivery, successTerminationBehavior: .gracefullyShutdownGroup),
        ]
        self.logger = logger
    }

    /// Delivers until SIGTERM or SIGINT.
    package func run() async throws {
        // From here on, SIGHUP does not end the process. A signal that arrives before the services have started is handled after their start.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .error)
        var settings = ServiceGroupConfiguration(
            services: [.init(service: Hangups(signals: hangups, reload: reload))] + services,
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        settings.maximumGracefulShutdownDuration = Self.stopWithin
        try await ServiceGroup(configuration: settings).run()
    }

    /// Why the delivery can't start.
    package enum StartError: Error, CustomStringConvertible {
        /// The configuration has no such destination, or the destination's settings can't be used. The process ends with exit code 78.
        case configuration(String)
        /// The status directory can't be used, or another process delivers to this destination. The process ends with exit code 73.
        case cannotCreate(String)

        package var description: String {
            switch self {
            case .configuration(let words), .cannotCreate(let words): words
            }
        }
    }

    /// The message for a name that no destination has. It lists the existing destinations.
    package static func unknown(_ name: String, _ configuration: Configuration) -> String {
        let names = configuration.destinations.map(\.name.text)
        let known =
            names.isEmpty ? "there are no destinations" : "the destinations are \(names.joined(separator: ", "))"
        return "the configuration has no destination “\(name)”: \(known)"
    }
}

/// The configuration in force, for the services that share it.
final class Mutexed: Sendable {
    private let value: Mutex<Configuration>

    init(_ configuration: Configuration) { value = Mutex(configuration) }

    var configuration: Configuration {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}

private struct DeliveryWatchdog: Service {
    let watchdog: Watchdog

    func run() async throws {
        await cancelWhenGracefulShutdown { await watchdog.run() }
    }
}

/// Handles SIGHUP: reads the configuration again. If it changes anything for this delivery, the delivery restarts with it once the running transfers
/// have ended. An invalid configuration is refused, and the earlier one stays in force.
private struct Reload {
    let name: String
    let plan: Mutexed
    let factory: DestinationFactory
    let notifier: ServiceNotifier
    let logger: Logger
    let windDown: WindDown
    let load: @Sendable () -> Configuration?

    func run() {
        notifier.reloading()
        guard let configuration = load() else {
            return notifier.ready(status: "the changed configuration was refused; the earlier one stays in force")
        }
        guard let destination = configuration.destination(named: name) else {
            logger.announce(
                .configurationRefused,
                "\(DeliveryDaemon.unknown(name, configuration)); the earlier configuration stays in force")
            return notifier.ready()
        }
        let earlier = plan.configuration
        guard
            destination != earlier.destination(named: name) || configuration.network != earlier.network
                || configuration.spool.directory != earlier.spool.directory || configuration.fleet != earlier.fleet
        else {
            logger.notice("reloaded: nothing has changed for this destination")
            return notifier.ready()
        }
        do throws(DestinationProblem) {
            _ = try factory.make(destination, network: configuration.network)
        } catch {
            logger.announce(.configurationRefused, "\(error); the earlier configuration stays in force")
            return notifier.ready(status: "the changed configuration was refused; the earlier one stays in force")
        }
        plan.configuration = configuration
        windDown.request(.reload)
    }
}

private struct Hangups: Service {
    let signals: UnixSignalsSequence
    let reload: Reload

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() { reload.run() }
    }
}

/// Runs one delivery at a time. A reload ends the present delivery and begins the next one.
private struct DeliveryService: Service {
    let name: String
    let version: String
    let plan: Mutexed
    let factory: DestinationFactory
    let makeSource: DeliverySourceMaker
    let statusFile: DeliveryStatusFile
    let heartbeats: Heartbeats
    let notifier: ServiceNotifier
    let logger: Logger
    let windDown: WindDown

    func run() async throws {
        // The heartbeat covers the loop and its disk accesses; transfers have their own time limits.
        let heartbeat = heartbeats.register("delivery \(name)", bound: .seconds(60))
        await withGracefulShutdownHandler {
            var last: (any Destination, Configuration.Destination)?
            repeat {
                windDown.reloaded()
                let configuration = plan.configuration
                guard let settings = configuration.destination(named: name) else { return }
                do throws(DestinationProblem) {
                    last = (try factory.make(settings, network: configuration.network), settings)
                } catch {
                    logger.announce(.configurationRefused, "\(error); the earlier configuration stays in force")
                }
                guard let (destination, used) = last else { return }
                guard let source = await source(configuration, heartbeat) else { break }
                let deliverer = Deliverer(
                    Deliverer.Settings(name: name, concurrency: used.concurrency, version: version),
                    destination: destination, source: source, statusFile: statusFile, notifier: notifier,
                    heartbeat: heartbeat, logger: logger, windDown: windDown)
                notifier.ready()
                let from = source.place.map { " from \($0)" } ?? ""
                logger.announce(
                    .ready, "delivering\(from) to \(destination.place); guarantee: \(destination.guarantee.words)")
                await deliverer.run()
            } while windDown.reason == .reload
            logger.announce(.stopping, "stopped; segments that are not acknowledged are delivered after the next start")
        } onGracefulShutdown: {
            notifier.stopping()
            windDown.request(.stop)
        }
        heartbeat.retire()
    }
    /// Makes the source. If that fails, retries every five seconds. Returns nil once a stop is requested.
    private func source(_ configuration: Configuration, _ heartbeat: Heartbeat) async -> (any SegmentSource)? {
        var isSaid = false
        while windDown.reason != .stop {
            do throws(DeliveryTrouble) {
                return try makeSource(configuration) { [windDown] in windDown.request(.reload) }
            } catch {
                if !isSaid { logger.announce(.deliveryWaiting, "\(error.message). \(error.remedy).") }
                isSaid = true
                notifier.status(error.message)
            }
            heartbeat.beat()
            await windDown.pause(.seconds(5))
        }
        return nil
    }
}

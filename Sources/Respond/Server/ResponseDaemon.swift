import Configuration
import FoundationEssentials
import Logging
import ServiceLifecycle
import Synchronization
import Systemd
import UnixSignals

/// The helper's process. It runs its services (watchdog, reload, socket) in one `ServiceGroup`.
package struct ResponseDaemon {
    /// How long all services together may take to stop after SIGTERM. It is longer than ``ResponseServer/Limits/windDown``, and shorter than the
    /// unit's `TimeoutStopSec=`.
    private static let stopWithin = Duration.seconds(30)

    /// Makes the engine for a configuration.
    package typealias EngineFactory =
        @Sendable (Configuration) throws(ResponseEngine.StartError) -> ResponseEngine

    private let services: [ServiceGroupConfiguration.ServiceConfiguration]
    private let reload: @Sendable () -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - socket: the path to listen on if the service manager passes no socket; nil for the configured path.
    ///   - load: reads the configuration for a reload. If the configuration is refused, reports why and returns nil.
    /// - Throws: if the helper can't listen on the socket.
    package init(
        _ configuration: Configuration, socket: String?, logger: Logger, makeEngine: @escaping EngineFactory,
        load: @escaping @Sendable () -> Configuration?
    ) throws(ResponseServer.Failure) {
        let heartbeats = Heartbeats()
        let notifier = ServiceNotifier()
        let server = try ResponseServer(
            path: socket ?? configuration.response.socket,
            heartbeat: heartbeats.register("socket of the response actions", bound: .seconds(30)), logger: logger)
        let plan = ConfigurationPlan(configuration)
        reload = {
            notifier.reloading()
            guard let configuration = load() else {
                return notifier.ready(status: "the changed configuration was refused; the earlier one stays in force")
            }
            plan.propose(configuration)
            server.pause()
        }
        services = [
            .init(
                service: ResponseWatchdog(
                    watchdog: Watchdog(heartbeats: heartbeats, notifier: notifier, logger: logger))),
            .init(
                service: ResponseService(
                    server: server, plan: plan, notifier: notifier, logger: logger, makeEngine: makeEngine),
                successTerminationBehavior: .gracefullyShutdownGroup),
        ]
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT.
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
}

/// The configuration in force, and a proposed one from a reload.
private final class ConfigurationPlan: Sendable {
    private let state: Mutex<(inForce: Configuration, next: Configuration?)>

    init(_ configuration: Configuration) { state = Mutex((configuration, nil)) }

    func propose(_ configuration: Configuration) { state.withLock { $0.next = configuration } }

    var inForce: Configuration { state.withLock { $0.inForce } }

    /// Returns the proposed configuration, and removes it.
    func takeNext() -> Configuration? {
        state.withLock { state in
            defer { state.next = nil }
            return state.next
        }
    }

    func accept(_ configuration: Configuration) { state.withLock { $0.inForce = configuration } }
}

private struct ResponseWatchdog: Service {
    let watchdog: Watchdog

    func run() async throws {
        await cancelWhenGracefulShutdown { await watchdog.run() }
    }
}

private struct Hangups: Service {
    let signals: UnixSignalsSequence
    let reload: @Sendable () -> Void

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() { reload() }
    }
}

/// Runs one engine at a time. A reload waits until the current requests have ended, and then makes a new engine.
private struct ResponseService: Service {
    let server: ResponseServer
    let plan: ConfigurationPlan
    let notifier: ServiceNotifier
    let logger: Logger
    let makeEngine: ResponseDaemon.EngineFactory

    func run() async throws {
        try await withGracefulShutdownHandler {
            var isPaused = true
            while isPaused {
                let configuration = plan.takeNext() ?? plan.inForce
                isPaused = try await serve(configuration)
            }
            logger.announce(
                .stopping,
                "stopped; current requests had up to \(ResponseServer.Limits().windDown.components.seconds) s to end"
            )
        } onGracefulShutdown: {
            notifier.stopping()
            server.stop()
        }
    }

    /// - Returns: true if a reload has provided a new configuration, false if the helper is to stop.
    private func serve(_ configuration: Configuration) async throws -> Bool {
        let engine: ResponseEngine
        do {
            engine = try await start(configuration)
            plan.accept(configuration)
        } catch {
            guard configuration != plan.inForce else { throw error }
            logger.announce(.configurationRefused, "\(error); the earlier configuration stays in force")
            engine = try await start(plan.inForce)
        }
        server.beginWork()
        Task {
            await engine.recover()
            server.endWork()
        }
        let names = plan.inForce.integrations.filter { $0.responseAction != nil }.map(\.name.text)
        notifier.ready(
            status: "response actions for \(names.isEmpty ? "no integration" : names.joined(separator: ", "))")
        logger.announce(.ready, "taking requests")
        return await server.run(
            ResponseServer.Subject(
                engine: engine, actionsFile: "\(plan.inForce.runtimeDirectory)/\(CommittedActions.fileName)"))
    }

    /// Makes an engine. Only one engine at a time can open the log, and the earlier engine may need a moment to close it. So a failure is retried for
    /// about 10 s.
    private func start(_ configuration: Configuration) async throws -> ResponseEngine {
        var attempts = 0
        while true {
            do throws(ResponseEngine.StartError) {
                return try makeEngine(configuration)
            } catch {
                attempts += 1
                guard attempts < 100 else { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }
}

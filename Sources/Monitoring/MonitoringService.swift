import Collector
import Configuration
import Delivery
import LocalServer
import Logging
import ServiceLifecycle
import Synchronization

/// Shows the daemon's state to programs and people on this host: the status page, `/metrics`, health checks, and a file for node_exporter.
///
/// Collection does not depend on this service. Failures are logged, and the failed operation is retried.
package final class MonitoringService: StatusObserver {
    /// How often the text file is written.
    static let textFileInterval = Duration.seconds(15)
    /// How often the deliveries' status is read.
    static let destinationInterval = Duration.seconds(5)
    /// How long to wait after the listener has failed, before it is started again.
    static let retryInterval = Duration.seconds(30)

    private let listen: ListenAddress?
    private let textFile: TextFile?
    private let state = MonitoringState()
    private let configuration: Mutex<Configuration>
    private let logger: Logger

    /// Nil if the configuration has neither a listener nor a text file.
    package init?(_ configuration: Configuration, logger: Logger) {
        guard configuration.metrics.listen != nil || configuration.metrics.textfile != nil else { return nil }
        listen = configuration.metrics.listen
        textFile = configuration.metrics.textfile.map(TextFile.init)
        self.configuration = Mutex(configuration)
        self.logger = logger
    }

    package func reported(_ report: StatusReport, isReady: Bool) { state.reported(report, isReady: isReady) }

    package func inForce(_ configuration: Configuration) { self.configuration.withLock { $0 = configuration } }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.readDestinations() }
                if let listen = self.listen {
                    group.addTask { await self.takeSamples() }
                    group.addTask { await self.serve(listen) }
                }
                if let file = self.textFile { group.addTask { await self.write(file) } }
            }
        }
        textFile?.remove()
    }

    private func readDestinations() async {
        while !Task.isCancelled {
            state.show(DestinationStatus.all(configuration.withLock(\.self)))
            try? await Task.sleep(for: Self.destinationInterval)
        }
    }

    private func takeSamples() async {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(state.sample())) }
    }

    private func write(_ file: TextFile) async {
        var isFailing = false
        while !Task.isCancelled {
            if let body = state.body(.metrics) {
                do throws(TextFile.Failure) {
                    try file.write(body.bytes)
                    isFailing = false
                } catch {
                    if !isFailing {
                        logger.warning(
                            "\(error). Tributary retries every 15 s; collection continues. Correct metrics.textfile or the directory's owner."
                        )
                    }
                    isFailing = true
                }
            }
            try? await Task.sleep(for: state.body(.metrics) == nil ? .seconds(1) : Self.textFileInterval)
        }
    }

    private func serve(_ address: ListenAddress) async {
        let routes = MonitoringRoutes(state: state)
        let server = LocalServer(LocalAddress(address)) { routes.response(to: $0) }
        let isFailing = Mutex(false)
        while !Task.isCancelled {
            do throws(LocalServer.Failure) {
                try await server.run { _ in
                    isFailing.withLock { $0 = false }
                    logger.info("status page and metrics at \(address.shown)")
                }
            } catch {
                guard !Task.isCancelled else { return }
                if !isFailing.withLock({ $0 }) {
                    logger.warning(
                        """
                        status page and metrics are unavailable: cannot listen on \(address): \(error). Tributary retries every 30 s; \
                        collection continues. To use another port, set metrics.listen, and SocketBindAllow= in a drop-in of the unit \
                        (/usr/share/doc/tributary/metrics.md)
                        """)
                }
                isFailing.withLock { $0 = true }
            }
            try? await Task.sleep(for: Self.retryInterval)
        }
    }
}

extension LocalAddress {
    init(_ address: ListenAddress) {
        switch address {
        case .loopback(let host, let port): self = .tcp(host: host, port: port)
        case .unix(let path): self = .unix(path: path)
        }
    }
}

extension ListenAddress {
    /// The address in the form in which a person opens it, such as a URL.
    fileprivate var shown: String {
        if case .loopback = self { "http://\(self)/" } else { description }
    }
}

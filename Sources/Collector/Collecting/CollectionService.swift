import CommandHints
import CurlHTTPClient
import Logging
import ServiceLifecycle
import Spool
import Synchronization
import Systemd

/// Runs all collectors concurrently, adds and removes collectors while it runs, and seals what is due. When it is stopped, it first makes pending
/// pages durable, and then seals everything.
final class CollectionService: Service {
    /// How often the service checks the age of unsealed records, and whether the workers respond.
    static let tick = Duration.seconds(1)
    /// A worker that does not respond for longer than this counts as stuck. A single write, synchronization or seal takes far less time.
    static let workerBound = Duration.seconds(120)
    /// The wait before the service tries again to seal the records of a removed integration.
    static let leftoverRetry = Duration.seconds(60)

    /// In a fleet: the maximum number of integrations that a worker seals in the bucket at the same time.
    static let sharedSeals = 16

    private struct Running {
        let collector: IntegrationCollector
        let task: Task<Void, Never>
    }

    private struct State {
        /// The running collectors, by integration name.
        var running: [String: Running] = [:]
        /// Integrations that are no longer configured, but may still have unsealed records.
        var leftovers: Set<String> = []
        /// Integrations that are no longer configured, and for which a failed seal has been logged.
        var failedLeftovers: Set<String> = []
        var isStopping = false
    }

    private let state = Mutex(State())
    private let initial: [IntegrationCollector]
    /// Configured integrations whose configuration has a mistake that prevents collection.
    private let unusable: Set<String>
    private let workers: [IngestWorker]
    /// Whether seals are decided in a fleet's bucket. If so, records that this host has not sealed are not lost: the next holder of the integration
    /// collects their events again.
    private let isShared: Bool
    private let spool: Spool
    private let transport: CurlTransport
    private let board: StatusBoard
    private let heartbeats: Heartbeats
    private let notifier: ServiceNotifier
    private let logger: Logger

    init(
        collectors: [IntegrationCollector], unusable: Set<String> = [], workers: [IngestWorker], isShared: Bool = false,
        spool: Spool, transport: CurlTransport, board: StatusBoard, heartbeats: Heartbeats, notifier: ServiceNotifier,
        logger: Logger
    ) {
        initial = collectors
        self.unusable = unusable
        self.workers = workers
        self.isShared = isShared
        self.spool = spool
        self.transport = transport
        self.board = board
        self.heartbeats = heartbeats
        self.notifier = notifier
        self.logger = logger
    }

    func run() async throws {
        noteLeftovers()
        for collector in initial { start(collector) }
        await withGracefulShutdownHandler {
            await cancelWhenGracefulShutdown { await self.keepSealing() }
        } onGracefulShutdown: {
            self.board.stopping()
            self.notifier.stopping(status: "stopping: durable records are being sealed")
            self.logger.announce(.stopping, "stopping: Tributary stores pending pages, and then seals all records")
        }
        let ended = await stopAll()
        await transport.shutdown()
        await sealEverything()
        for collector in ended {
            collector.heartbeat.retire()
            board.update(collector.entry) { $0.stopped(at: WallClock.now()) }
        }
    }

    // MARK: Collectors

    /// Runs a collector until it is stopped. Does nothing if the service is already stopping.
    func start(_ collector: IntegrationCollector) {
        state.withLock { state in
            guard !state.isStopping else { return collector.heartbeat.retire() }
            state.leftovers.remove(collector.settings.name)
            state.failedLeftovers.remove(collector.settings.name)
            state.running[collector.settings.name] = Running(
                collector: collector, task: Task { await collector.run() })
        }
    }

    /// Stops the collectors of these integrations and returns when they have stopped. A page that is being made durable is completed first. The
    /// journals stay open for ``start(_:)`` or ``close(_:on:)``.
    func stop(_ names: [String]) async {
        let ending = state.withLock { state in names.compactMap { state.running[$0] } }
        for running in ending { running.task.cancel() }
        for running in ending {
            await running.task.value
            running.collector.heartbeat.retire()
        }
        state.withLock { state in
            // A service that is stopping still has to report how these collectors ended, so they stay in `running`.
            if !state.isStopping { for name in names { state.running[name] = nil } }
        }
    }

    /// Seals and closes an integration that no longer has a collector. If the seal fails because of a problem that may be temporary, the service
    /// tries again later (in a fleet, it does not).
    func close(_ name: String, on worker: IngestWorker) async {
        guard let outcome = await worker.sealAndClose(name) else {
            // An earlier problem prevented the worker from opening the journal, so the service seals the records later.
            return noteLeftovers(among: [name])
        }
        board.sealed(outcome.sealed.count)
        guard let failure = outcome.failure else { return }
        guard !isShared else { return outcome.report(to: board, entry: name, logger: logger) }
        state.withLock { state in
            if failure.passesByItself { state.leftovers.insert(name) }
            state.failedLeftovers.insert(name)
        }
        announceUnsealed(failure, of: name)
    }

    private func announceUnsealed(_ failure: SpoolError, of name: String) {
        logger.announce(
            .spoolError,
            """
            this integration is no longer configured to collect, and its unsealed records can't be sealed: \(failure). Tributary keeps them, and \
            tries again \(failure.passesByItself ? "every \(Self.leftoverRetry.components.seconds) s" : "at the next start")
            """, metadata: [LogKey.integration: "\(name)"])
    }

    /// Makes collectors that wait for a credential try again immediately.
    func retryNow() {
        for running in state.withLock({ Array($0.running.values) }) { running.collector.retry.set() }
    }

    private func stopAll() async -> [IntegrationCollector] {
        let running = state.withLock { state in
            state.isStopping = true
            return Array(state.running.values)
        }
        for running in running { running.task.cancel() }
        for running in running { await running.task.value }
        return running.map(\.collector)
    }

    // MARK: Sealing

    private func keepSealing() async {
        await withDiscardingTaskGroup { group in
            for (number, worker) in workers.enumerated() {
                let heartbeat = heartbeats.register("ingest worker \(number)", bound: Self.workerBound)
                group.addTask {
                    if self.isShared {
                        await self.keepSealingShared(worker, heartbeat)
                    } else {
                        await self.keepSealing(worker, heartbeat)
                    }
                }
            }
            if !isShared { group.addTask { await self.keepSealingLeftovers() } }
        }
    }

    private func keepSealing(_ worker: IngestWorker, _ heartbeat: Heartbeat) async {
        while !Task.isCancelled {
            // Seals one integration at a time. So the worker can handle pages between two seals, and a slow disk does not look like a hang.
            for name in await worker.due() {
                guard let outcome = await worker.sealDue(name) else { continue }
                if outcome.isNews { report(outcome) }
                heartbeat.beat()
            }
            heartbeat.beat()
            try? await Task.sleep(for: Self.tick)
        }
        heartbeat.retire()
    }

    /// Seals several integrations at the same time, because each seal waits for the bucket. A worker does not count as stuck while it waits for the
    /// bucket.
    private func keepSealingShared(_ worker: IngestWorker, _ heartbeat: Heartbeat) async {
        let underWay = UnderWay()
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for name in await worker.due() where underWay.begin(name, limit: Self.sharedSeals) {
                    group.addTask {
                        if let outcome = await worker.sealDue(name), outcome.isNews { self.report(outcome) }
                        underWay.end(name)
                    }
                }
                heartbeat.beat()
                try? await Task.sleep(for: Self.tick)
            }
        }
        heartbeat.retire()
    }

    /// Seals and closes all integrations. In a fleet, each worker runs several seals at the same time, because each seal waits for the bucket. On a
    /// disk, parallel seals would be no faster.
    private func sealEverything() async {
        let atOnce = isShared ? Self.sharedSeals : 1
        await withDiscardingTaskGroup { group in
            for worker in workers {
                let names = await worker.integrations
                for first in 0..<min(atOnce, names.count) {
                    group.addTask {
                        for index in stride(from: first, to: names.count, by: atOnce) {
                            self.report(await worker.sealAndClose(names[index]))
                        }
                    }
                }
            }
        }
    }

    private func report(_ outcome: IngestWorker.Sealing?) {
        guard let outcome else { return }
        outcome.report(to: board, entry: outcome.integration, logger: logger)
    }

    private func noteLeftovers() {
        let configured = unusable.union(initial.map(\.settings.name)).union([ResponseSource.integration])
        noteLeftovers { !configured.contains($0) }
    }

    /// Schedules seals of the unsealed records of these integrations. A reload has removed the integrations, and their journals are not open on a
    /// worker.
    func noteLeftovers(among names: [String]) { noteLeftovers { names.contains($0) } }

    /// Finds integrations in the spool that are no longer configured, and schedules seals of their unsealed records, because no collector will seal
    /// them.
    private func noteLeftovers(where isLeftover: (String) -> Bool) {
        guard !isShared else { return }
        do throws(SpoolError) {
            let known = try spool.integrations()
            state.withLock { $0.leftovers.formUnion(known.filter(isLeftover)) }
        } catch {
            logger.announce(
                .spoolError,
                """
                Tributary can't check for records of integrations that are no longer configured: \(error). It checks again at the next start
                """)
        }
    }

    private func keepSealingLeftovers() async {
        while !Task.isCancelled {
            for name in state.withLock({ $0.leftovers.sorted() }) where !Task.isCancelled { await sealLeftover(name) }
            try? await Task.sleep(for: Self.leftoverRetry)
        }
    }

    /// Seals the records of an integration that has no collector, and reports what recovery found: a collector that opens the integration later does
    /// not find it again.
    func sealLeftover(_ name: String) async {
        guard let worker = workers.first, state.withLock({ $0.leftovers.contains(name) }) else { return }
        let leftover: IngestWorker.Leftover
        do throws(SpoolError) {
            leftover = try await worker.sealLeftover(of: name)
        } catch {
            return failedLeftover(name, error)
        }
        leftover.recovery.announce(to: logger)
        if !leftover.sealed.isEmpty {
            board.sealed(leftover.sealed.count)
            logger.announce(
                .spoolRecovered,
                """
                this integration is no longer configured to collect: its \(leftover.records, "unsealed record is", "unsealed records are") now in \
                \(leftover.sealed.count, "segment", "segments"). Tributary keeps the integration's cursor: if it is configured again, collection \
                continues from that cursor
                """, metadata: [LogKey.integration: "\(name)"])
        }
        if let failure = leftover.failure { return failedLeftover(name, failure) }
        state.withLock { state in
            state.leftovers.remove(name)
            state.failedLeftovers.remove(name)
        }
    }

    private func failedLeftover(_ name: String, _ failure: SpoolError) {
        // A collector has opened the integration in the meantime, because it was added again.
        if case .writerInUse = failure { return state.withLock { _ = $0.leftovers.remove(name) } }
        let isNews = state.withLock { state in
            guard state.leftovers.contains(name) else { return false }
            if !failure.passesByItself { state.leftovers.remove(name) }
            return state.failedLeftovers.insert(name).inserted
        }
        if isNews { announceUnsealed(failure, of: name) }
    }
}

/// The set of integrations that are being sealed.
private final class UnderWay: Sendable {
    private let names = Mutex(Set<String>())

    /// Adds an integration. Returns false if it is already being sealed, or if `limit` integrations are being sealed.
    func begin(_ name: String, limit: Int) -> Bool {
        names.withLock { $0.count < limit && $0.insert(name).inserted }
    }

    func end(_ name: String) { names.withLock { _ = $0.remove(name) } }
}

import CurlHTTPClient
import Logging
import ServiceLifecycle
import Spool
import Synchronization
import Systemd

/// Runs all collectors concurrently, and adds and removes collectors while it runs. It seals what is due. On a stop it lets pending pages become durable, then
/// seals everything.
final class CollectionService: Service {
    /// How often the age of unsealed records is checked, and a sign of life is requested from the workers.
    static let tick = Duration.seconds(1)
    /// Much longer than any single write, synchronization or seal takes. If it takes longer, the disk or the code hangs.
    static let workerBound = Duration.seconds(120)
    /// How long to wait before unsealed records of a removed integration are tried again.
    static let leftoverRetry = Duration.seconds(60)

    /// Seals in a fleet's bucket that a worker has under way.
    static let sharedSeals = 16

    private struct Running {
        let collector: IntegrationCollector
        let task: Task<Void, Never>
    }

    private struct State {
        /// By integration name.
        var running: [String: Running] = [:]
        /// Integrations that are no longer configured but may have unsealed records.
        var leftovers: Set<String> = []
        /// Those of them whose failure has been logged.
        var failedLeftovers: Set<String> = []
        var isStopping = false
    }

    private let state = Mutex(State())
    private let initial: [IntegrationCollector]
    /// Integrations that are configured, but not in a way that allows collection.
    private let unusable: Set<String>
    private let workers: [IngestWorker]
    /// Whether seals are decided in a fleet's bucket. Unsealed records of integrations that this host does not collect are another host's then.
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
            self.logger.announce(.stopping, "stopping: pending pages become durable, then everything is sealed")
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

    /// Ends these integrations' collectors and returns when they have ended. Pages that were being made durable are durable then. The journals stay
    /// open for ``start(_:)`` or ``close(_:on:)``.
    func stop(_ names: [String]) async {
        let ending = state.withLock { state in names.compactMap { state.running[$0] } }
        for running in ending { running.task.cancel() }
        for running in ending {
            await running.task.value
            running.collector.heartbeat.retire()
        }
        state.withLock { state in
            // If the service stops, it still has to report how these collectors ended.
            if !state.isStopping { for name in names { state.running[name] = nil } }
        }
    }

    /// Seals and closes an integration that no longer has a collector. What can't be sealed now is tried again later.
    func close(_ name: String, on worker: IngestWorker) async {
        guard let outcome = await worker.sealAndClose(name) else {
            // Its journal was not open because of an earlier problem.
            return noteLeftovers(among: [name])
        }
        board.sealed(outcome.sealed.count)
        guard let failure = outcome.failure else { return }
        guard !isShared else { return outcome.report(to: board, entry: name, logger: logger) }
        state.withLock { state in
            state.leftovers.insert(name)
            state.failedLeftovers.insert(name)
        }
        logger.announce(
            .spoolError,
            """
            no longer configured to collect, and its unsealed records can't be sealed: \(failure). They are kept, and sealing is tried again every \
            \(Self.leftoverRetry.components.seconds) s
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
            // One integration at a time, so that pages of others can be handled in between, and a slow disk does not look like a hang.
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

    /// Several integrations at a time, because each seal waits for the bucket. A bucket that does not answer is no hang of this worker.
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

    /// Seals and closes all integrations. A bucket takes many seals at a time; a disk is no faster with them.
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

    /// Like at a start, but for integrations that a reload has removed and that had no collector.
    func noteLeftovers(among names: [String]) { noteLeftovers { names.contains($0) } }

    /// If an integration is removed from the configuration while it has unsealed records, nothing else would ever seal them.
    private func noteLeftovers(where isLeftover: (String) -> Bool) {
        guard !isShared else { return }
        do throws(SpoolError) {
            let known = try spool.integrations()
            state.withLock { $0.leftovers.formUnion(known.filter(isLeftover)) }
        } catch {
            logger.announce(
                .spoolError, "can't look for records of integrations that are no longer configured: \(error)")
        }
    }

    private func keepSealingLeftovers() async {
        while !Task.isCancelled {
            for name in state.withLock({ $0.leftovers.sorted() }) where !Task.isCancelled { await sealLeftover(name) }
            try? await Task.sleep(for: Self.leftoverRetry)
        }
    }

    private func sealLeftover(_ name: String) async {
        guard let worker = workers.first, state.withLock({ $0.leftovers.contains(name) }) else { return }
        let metadata: Logger.Metadata = [LogKey.integration: "\(name)"]
        do throws(SpoolError) {
            let (records, sealed) = try await worker.sealLeftover(of: name)
            state.withLock { state in
                state.leftovers.remove(name)
                state.failedLeftovers.remove(name)
            }
            guard records > 0 else { return }
            board.sealed(sealed.count)
            logger.announce(
                .spoolRecovered,
                """
                no longer configured to collect: its \(records) unsealed records are now in \(sealed.count) segments. Its cursor is kept: \
                if it is configured again, collection continues from there
                """, metadata: metadata)
        } catch {
            let isNews = state.withLock { state in
                if !error.passesByItself { state.leftovers.remove(name) }
                return state.failedLeftovers.insert(name).inserted
            }
            guard isNews else { return }
            logger.announce(
                .spoolError,
                """
                no longer configured to collect, and its unsealed records can't be sealed: \(error). They are kept, and sealing is \
                tried again \(error.passesByItself ? "every \(Self.leftoverRetry.components.seconds) s" : "at the next start")
                """, metadata: metadata)
        }
    }
}

/// The integrations that are being sealed.
private final class UnderWay: Sendable {
    private let names = Mutex(Set<String>())

    /// False if it is being sealed already, or if too many others are.
    func begin(_ name: String, limit: Int) -> Bool {
        names.withLock { $0.count < limit && $0.insert(name).inserted }
    }

    func end(_ name: String) { names.withLock { _ = $0.remove(name) } }
}

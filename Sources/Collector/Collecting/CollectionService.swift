import Logging
import OktaAPI
import ServiceLifecycle
import Spool
import Systemd

/// Runs all collectors beside each other, seals what is due, and on a stop lets the pages under way become durable and seals
/// everything.
final class CollectionService: Service {
    /// How often the age of unsealed records is looked at, and the workers asked for a sign of life.
    static let tick = Duration.seconds(1)
    /// Far above any single write, sync or seal; beyond it the disk or the code hangs.
    static let workerBound = Duration.seconds(120)

    /// By the integrations' names.
    private let collectors: [String: IntegrationCollector]
    private let workers: [IngestWorker]
    private let spool: Spool
    private let transport: CurlTransport
    private let board: StatusBoard
    private let heartbeats: Heartbeats
    private let notifier: ServiceNotifier
    private let logger: Logger

    init(
        collectors: [IntegrationCollector], workers: [IngestWorker], spool: Spool, transport: CurlTransport,
        board: StatusBoard, heartbeats: Heartbeats, notifier: ServiceNotifier, logger: Logger
    ) {
        self.collectors = Dictionary(collectors.map { ($0.settings.name, $0) }) { first, _ in first }
        self.workers = workers
        self.spool = spool
        self.transport = transport
        self.board = board
        self.heartbeats = heartbeats
        self.notifier = notifier
        self.logger = logger
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            await cancelWhenGracefulShutdown { await self.collect() }
        } onGracefulShutdown: {
            self.board.stopping()
            self.notifier.stopping(status: "stopping: what is durable is being sealed")
            self.logger.announce(.stopping, "stopping: pages under way become durable, then everything is sealed")
        }
        await transport.shutdown()
        await withDiscardingTaskGroup { group in
            for worker in workers {
                group.addTask {
                    for name in await worker.integrations { self.report(await worker.sealAndClose(name)) }
                }
            }
        }
        for collector in collectors.values {
            collector.heartbeat.retire()
            board.update(collector.entry) { $0.stopped(at: WallClock.now()) }
        }
    }

    private func collect() async {
        await withDiscardingTaskGroup { group in
            for collector in collectors.values {
                group.addTask { await collector.run() }
            }
            for (number, worker) in workers.enumerated() {
                let heartbeat = heartbeats.register("ingest worker \(number)", bound: Self.workerBound)
                group.addTask { await self.keepSealing(worker, heartbeat) }
            }
            group.addTask { await self.sealLeftovers() }
        }
    }

    /// Records that were durable and unsealed when their integration left the configuration would never be seen otherwise. What
    /// can't be sealed now is tried again at the next start.
    private func sealLeftovers() async {
        guard let worker = workers.first else { return }
        let known: [String]
        do throws(SpoolError) {
            known = try spool.integrations()
        } catch {
            logger.announce(
                .spoolError, "can't look for records of integrations that are no longer configured: \(error)")
            return
        }
        for name in known where collectors[name] == nil && !Task.isCancelled {
            let metadata: Logger.Metadata = [LogKey.integration: "\(name)"]
            do throws(SpoolError) {
                let (records, sealed) = try await worker.sealLeftover(of: name)
                guard records > 0 else { continue }
                board.sealed(sealed.count)
                logger.announce(
                    .spoolRecovered,
                    """
                    no longer configured to collect: \(records) records that it left unsealed are now in \(sealed.count) \
                    segments. Its cursor is kept: collection goes on from there if it is configured again
                    """, metadata: metadata)
            } catch {
                logger.announce(
                    .spoolError,
                    """
                    no longer configured to collect, and what it left unsealed can't be sealed: \(error). It is kept, and \
                    tried again at the next start
                    """, metadata: metadata)
            }
        }
    }

    private func keepSealing(_ worker: IngestWorker, _ heartbeat: Heartbeat) async {
        while !Task.isCancelled {
            // One at a time, so that pages of others come in between, and a slow disk is no hang.
            for name in await worker.mayBeDue() {
                guard let outcome = await worker.sealDue(name) else { continue }
                if outcome.isNews { report(outcome) }
                heartbeat.beat()
            }
            heartbeat.beat()
            try? await Task.sleep(for: Self.tick)
        }
        heartbeat.retire()
    }

    private func report(_ outcome: IngestWorker.Sealing?) {
        guard let outcome, let collector = collectors[outcome.integration] else { return }
        outcome.report(to: board, entry: collector.entry, logger: logger)
    }
}

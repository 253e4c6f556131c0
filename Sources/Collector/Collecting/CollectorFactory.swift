import Configuration
import Logging
import OktaAPI
import Systemd

/// Makes the collector of an integration and all that goes with it, by the integration's name: a worker, a line on the status board, a
/// heartbeat, and the credential that it may share with others.
struct CollectorFactory {
    private let transport: CurlTransport
    private let workers: [IngestWorker]
    private let board: StatusBoard
    private let heartbeats: Heartbeats
    private let logger: Logger
    private let credentials: CredentialStore
    private var placement: WorkerPlacement
    private let start = ContinuousClock.now

    init(
        transport: CurlTransport, workers: [IngestWorker], board: StatusBoard, heartbeats: Heartbeats, logger: Logger
    ) {
        self.transport = transport
        self.workers = workers
        self.board = board
        self.heartbeats = heartbeats
        self.logger = logger
        credentials = CredentialStore(transport: transport)
        placement = WorkerPlacement(workers: workers.count)
    }

    /// Nil for an integration that does not ingest.
    ///
    /// - Parameters:
    ///   - number: its place among those that ingest, from 0: they are spread over the poll interval by it.
    ///   - count: how many ingest.
    mutating func collector(
        _ integration: Configuration.Integration, number: Int, of count: Int
    ) -> IntegrationCollector? {
        guard let ingest = integration.dataIngest else { return nil }
        let name = integration.name.text
        let now = WallClock.now()
        var logger = logger
        logger[metadataKey: LogKey.integration] = "\(name)"
        let entry = board.add(
            StatusBoard.Entry(
                name: name, org: integration.url.origin, credential: ingest.credential.name.text,
                credentialExpires: ingest.credential.expires?.description,
                health: IntegrationHealth(since: now)))
        return IntegrationCollector(
            settings: .init(
                name: name,
                query: LogQuery(org: integration.url, filter: ingest.filter, pageLimit: ingest.pageSize),
                start: StoredTime(Int64(ingest.start.millisecondsSince1970(now: Int(now)))),
                startCountedFrom: ingest.start.countsFromNow ? HostTime(now) : nil,
                pollInterval: ingest.pollInterval.duration,
                pollGrid: PollGrid(
                    number: number, of: count, interval: ingest.pollInterval.duration, now: start),
                budgetShare: ingest.rateLimitShare.value),
            credential: credentials.credential(ingest.credential, at: integration.url), transport: transport,
            worker: workers[placement.place(name)], board: board, entry: entry,
            heartbeat: heartbeats.register("collector \(name)", bound: IntegrationCollector.heartbeatBound),
            logger: logger)
    }

    /// Forgets an integration whose collector has ended: its line goes, and its worker has room for another.
    mutating func remove(_ name: String) {
        board.remove(name)
        placement.remove(name)
    }
}

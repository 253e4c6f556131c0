import Configuration
import CurlHTTPClient
import Logging
import OktaAPI
import Systemd

/// Creates an integration's collector, and gives it what it needs: a worker, an entry on the status board, a heartbeat, and the credential. Several
/// integrations may share a worker or a credential.
struct CollectorFactory {
    private let transport: CurlTransport
    private let workers: [IngestWorker]
    private let board: StatusBoard
    private let heartbeats: Heartbeats
    private let logger: Logger
    let credentials: CredentialStore
    private var placement: WorkerPlacement
    /// Each integration's number, from 0. The number determines when in the poll interval the integration is polled.
    private var numbers: [String: Int] = [:]
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

    /// Creates the integration's collector; nil for an integration that does not ingest or is paused. An integration that already had a collector
    /// keeps its worker, its time in the poll interval and its health. The earlier collector must have ended.
    ///
    /// - Parameters:
    ///   - count: how many integrations ingest. They are distributed over the poll interval.
    ///   - lease: the lease that lets this host collect the integration; nil outside a fleet.
    mutating func collector(
        _ integration: Configuration.Integration, of count: Int, lease: CollectionLease? = nil
    ) -> IntegrationCollector? {
        guard integration.isCollected, let ingest = integration.dataIngest else { return nil }
        let name = integration.name.text
        let now = WallClock.now()
        var logger = logger
        logger[metadataKey: LogKey.integration] = "\(name)"
        let entry = board.add(
            StatusBoard.Entry(integration, ingest, health: IntegrationHealth(since: now)))
        let number = number(of: name)
        var query = LogQuery(org: integration.url, filter: ingest.filter, pageLimit: ingest.pageSize)
        query.tokenReplacement = ingest.credential.secretReplacement
        var collector = IntegrationCollector(
            settings: .init(
                name: name,
                query: query,
                start: StoredTime(Int64(ingest.start.millisecondsSince1970(now: Int(now)))),
                startCountedFrom: ingest.start.countsFromNow ? HostTime(now) : nil,
                pollInterval: ingest.pollInterval.duration,
                pollGrid: PollGrid(
                    number: number, of: count, interval: ingest.pollInterval.duration, now: start),
                budgetShare: ingest.rateLimitShare.value, hasResponseActions: integration.responseAction != nil),
            credential: credentials.credential(ingest.credential, at: integration.url), transport: transport,
            worker: workers[placement.place(name)], board: board, entry: entry,
            heartbeat: heartbeats.register("collector \(name)", bound: IntegrationCollector.heartbeatBound),
            logger: logger)
        collector.lease = lease
        return collector
    }

    /// The integration's number. A new integration gets the lowest free number, and keeps it until it is removed.
    private mutating func number(of name: String) -> Int {
        if let number = numbers[name] { return number }
        let taken = Set(numbers.values)
        let number = (0...taken.count).first { !taken.contains($0) } ?? 0
        numbers[name] = number
        return number
    }

    /// The worker of an integration that has a collector.
    func worker(of name: String) -> IngestWorker? { placement.worker(of: name).map { workers[$0] } }

    /// Forgets an integration whose collector has ended: removes its status entry, and releases its worker.
    mutating func remove(_ name: String) {
        board.remove(name)
        placement.remove(name)
        numbers[name] = nil
    }
}

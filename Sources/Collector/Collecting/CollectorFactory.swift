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
    let credentials: CredentialStore
    private var placement: WorkerPlacement
    /// Each integration's place in the poll interval, from 0.
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

    /// Nil for an integration that does not ingest, or is paused. One that has a collector already keeps its worker, its turn and its health: the earlier
    /// collector must have ended.
    ///
    /// - Parameter count: how many ingest: they are spread over the poll interval.
    mutating func collector(_ integration: Configuration.Integration, of count: Int) -> IntegrationCollector? {
        guard integration.isCollected, let ingest = integration.dataIngest else { return nil }
        let name = integration.name.text
        let now = WallClock.now()
        var logger = logger
        logger[metadataKey: LogKey.integration] = "\(name)"
        let entry = board.add(
            StatusBoard.Entry(
                name: name, org: integration.url.origin, credential: ingest.credential.name.text,
                credentialExpires: ingest.credential.expires?.description,
                health: IntegrationHealth(since: now)))
        let number = number(of: name)
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

    /// The lowest that is free, and the same at each call until the integration is removed.
    private mutating func number(of name: String) -> Int {
        if let number = numbers[name] { return number }
        let taken = Set(numbers.values)
        let number = (0...taken.count).first { !taken.contains($0) } ?? 0
        numbers[name] = number
        return number
    }

    /// The worker of an integration that has a collector.
    func worker(of name: String) -> IngestWorker? { placement.worker(of: name).map { workers[$0] } }

    /// Forgets an integration whose collector has ended: its line goes, and its worker has room for another.
    mutating func remove(_ name: String) {
        board.remove(name)
        placement.remove(name)
        numbers[name] = nil
    }
}

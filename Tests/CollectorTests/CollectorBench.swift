import CollectionSimulation
import Foundation
import Logging
import OCSF
import Synchronization
import Systemd

@testable import Collector
@testable import OktaAPI
@testable import Spool

/// An integration's collector with its real pager, worker and spool. The org, the disk and the clocks are simulated in memory. Time passes only
/// while the collector sleeps or waits for an answer.
final class CollectorBench: Sendable {
    /// The time of the first start, in milliseconds since 1970.
    static let origin = Scenario.origin

    let time = SimulatedTime()
    let disk = PowerCutFileSystem()
    let org: LogOfOrg
    let lines = LogLines()
    let board = StatusBoard()
    private let heartbeats = Heartbeats()

    init() { org = LogOfOrg(time) }

    /// The settings of a run.
    struct Setup: Sendable {
        /// The credential that the collector uses; nil for a token that the org accepts.
        var credential: (any Credential)?
        var filter: String?
        var pageLimit = 100
        /// The configured start: the first run collects events from this time on, in milliseconds since 1970.
        var start = CollectorBench.origin - 600_000
        var startCountedFrom: HostTime?
        var pollInterval = Duration.seconds(15)
        /// The size at which a segment is sealed. With 1, every commit is sealed immediately.
        var segmentMaxBytes = 1 << 20
        var limits = PassedLimits()
        /// The host's lease for the integration; nil outside a fleet.
        var lease: CollectionLease?
    }

    /// Runs the collector until `isOver` returns true, then stops the collector as the daemon does. `isOver` is called at every request and sleep.
    ///
    /// - Parameter seals: whether the spool is sealed and closed at the end, as at a normal stop.
    func run(
        _ setup: Setup = Setup(), seals: Bool = true, until isOver: @escaping @Sendable () -> Bool
    ) async throws {
        let worker = try worker(setup)
        // A new process starts without the status of earlier processes.
        board.remove("acme")
        let entry = board.add(
            StatusBoard.Entry(
                name: "acme", org: "acme", credential: "token", credentialExpires: nil,
                health: IntegrationHealth(since: time.wall)))
        let query = LogQuery(
            org: try OrgURL(parsing: LogOfOrg.origin), filter: setup.filter, pageLimit: setup.pageLimit)
        let collector = IntegrationCollector(
            settings: .init(
                name: "acme", query: query, start: StoredTime(setup.start), startCountedFrom: setup.startCountedFrom,
                pollInterval: setup.pollInterval, pollGrid: PollGrid(origin: time.now), budgetShare: 1, seed: 1),
            credential: try setup.credential ?? APIToken(parsing: "00test"), transport: org, worker: worker,
            board: board, entry: entry,
            heartbeat: heartbeats.register("acme", bound: .seconds(300)), logger: lines.logger, time: time,
            lease: setup.lease)
        // In simulated time a sleep takes no time, so the collector must not start before the end of the run is set.
        let (start, gate) = AsyncStream<Void>.makeStream()
        let task = Task {
            for await _ in start {}
            await collector.run()
        }
        let (time, org) = (time, org)
        let end = time.now + .seconds(86_400)
        time.arm(
            // A run that does not end is stopped here, and the test's expectations fail.
            isOver: { isOver() || org.requests.count > 2_000 || time.now > end }, stop: { task.cancel() })
        org.willAnswer { time.check() }
        gate.finish()
        await task.value
        time.disarm()
        if seals { _ = await worker.sealAndClose("acme") }
        disk.killed()
    }

    func worker(_ setup: Setup) throws -> IngestWorker {
        var settings = SpoolSettings(
            directory: "/spool", stateDirectory: "/state", compression: .none,
            segmentMaxBytes: setup.segmentMaxBytes, recordSchema: "ocsf/1.8.0")
        settings.segmentMaxAge = .seconds(86_400)
        let spool = try Spool(settings, fileSystem: disk, now: time.spool)
        return try IngestWorker(
            name: "test", spool: spool, catalog: try EventCatalog.builtIn(),
            settings: NormalizerSettings(rawData: false, observables: false), limits: setup.limits, time: time)
    }

    /// Stores this text as the cursor, as another version of the daemon might do.
    func keep(_ cursor: String) async throws {
        let worker = try worker(Setup())
        _ = try await worker.open("acme", source: EventSource())
        try await worker.keep(cursor, integration: "acme")
        _ = await worker.sealAndClose("acme")
        disk.killed()
    }

    /// The integration's state, as in `status.json`.
    var health: IntegrationHealth? { board.snapshot(now: time.now).entries.first?.health }

    /// The numbers of the events in sealed segments, sorted.
    func sealed() throws -> [Int] {
        let reader = try SpoolReader(directory: "/spool", fileSystem: disk)
        var found: [Int] = []
        for listing in try reader.segments() {
            try reader.lines(listing.path) { (line) throws(SpoolError) in
                guard let uid = recordUID(of: line) else { return }
                if let number = Int(String(decoding: uid, as: UTF8.self).suffix(12), radix: 16) { found.append(number) }
            }
        }
        return found.sorted()
    }

    /// The path of the integration's journal. There is exactly one.
    func journal() throws -> String {
        let directory = "/state/integrations/acme"
        let name = try disk.list(directory).map(\.name).filter { $0.hasPrefix("journal-") }.max()
        return "\(directory)/\(name ?? "none")"
    }
}

/// Collects log messages.
final class LogLines: Sendable {
    private let texts = Mutex<[String]>([])
    private let announcements = Mutex<[(id: MessageID, integration: String?)]>([])

    /// The logged messages that have a `MESSAGE_ID`, each with the integration that it is about.
    var announced: [(id: MessageID, integration: String?)] { announcements.withLock(\.self) }
    var all: [String] { texts.withLock(\.self) }

    func contains(_ text: String) -> Bool { all.contains { $0.contains(text) } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .debug
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.debug
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: Logging.LogEvent) {
            lines.texts.withLock { $0.append("\(event.level): \(event.message)") }
            guard let id = event.metadata?[LogKey.messageID].flatMap({ MessageID(rawValue: $0.description) }) else {
                return
            }
            let integration = event.metadata?[LogKey.integration]?.description
            lines.announcements.withLock { $0.append((id, integration)) }
        }
    }
}

import Logging
import ResponseLog
import ServiceLifecycle
import Spool
import Systemd

/// Reads the response log as a source of its own: what a responder did becomes a record, and the place in the log is durable with it. While
/// the daemon is down the entries wait.
struct ResponseSource: Service {
    /// Its directory in the spool, `integration=response_actions`. No integration of a configuration can have such a name.
    static let integration = "response_actions"

    /// Its directory in a fleet, where each host has a response log of its own.
    static func integration(host: String?) -> String { host.map { "\(integration).\($0)" } ?? integration }
    /// How often it looks.
    static let interval = Duration.seconds(1)
    /// Longer than a look takes, with a spool in trouble too.
    static let heartbeatBound = Duration.seconds(300)

    private let reader: ResponseLogReader
    private let logDirectory: String
    private let runtimeDirectory: String
    private let integration: String
    private let actions: CommittedActions
    private let worker: IngestWorker
    private let board: StatusBoard
    private let heartbeat: Heartbeat
    private let logger: Logger

    init(
        logDirectory: String, runtimeDirectory: String, integration: String = ResponseSource.integration,
        actions: CommittedActions, worker: IngestWorker,
        board: StatusBoard,
        heartbeats: Heartbeats, logger: Logger
    ) {
        reader = ResponseLogReader(directory: logDirectory)
        self.logDirectory = logDirectory
        self.runtimeDirectory = runtimeDirectory
        self.integration = integration
        self.actions = actions
        self.worker = worker
        self.board = board
        heartbeat = heartbeats.register("response log", bound: Self.heartbeatBound)
        self.logger = logger
    }

    /// Looks until it is stopped. Trouble is told once, and when it is over.
    func run() async throws {
        await cancelWhenGracefulShutdown { await keepLooking() }
        heartbeat.retire()
    }

    private func keepLooking() async {
        var isInTrouble = false
        var hadGap = false
        while !Task.isCancelled {
            actions.write(to: runtimeDirectory)
            let trouble = await look(&hadGap)
            if let trouble, !isInTrouble {
                announce(
                    .responsesWaiting,
                    """
                    records of response actions wait: \(trouble). They stay in the response log \(logDirectory), and are tried again every second
                    """)
            } else if trouble == nil, isInTrouble {
                announce(.responsesRecovered, "response actions become records again")
            }
            isInTrouble = trouble != nil
            heartbeat.beat()
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// Takes all that is new. Returns what kept it from that.
    ///
    /// - Parameter hadGap: whether the last look has found a part missing. A log that is shorter than it was is so at every look, until it has grown.
    private func look(_ hadGap: inout Bool) async -> SpoolError? {
        do throws(SpoolError) {
            while !Task.isCancelled {
                let taken = try await reader.take(on: worker, integration: integration)
                board.responded(taken.entries)
                report(taken, isNewGap: taken.hasGap && !hadGap)
                hadGap = taken.hasGap
                guard !taken.isEnd else { return nil }
            }
            return nil
        } catch {
            return error
        }
    }

    private func report(_ taken: ResponseLogReader.Taken, isNewGap: Bool) {
        if isNewGap {
            announce(
                .responsesMissing,
                """
                a part of the response log \(logDirectory) is gone: it no longer has the place up to which it was read. Actions that were not \
                read yet become no records; what is there is read
                """)
        }
        if taken.unreadable > 0 {
            announce(
                .responsesDamaged,
                "\(taken.unreadable) lines of the response log \(logDirectory) are damaged and became no record")
        }
    }

    private func announce(_ id: MessageID, _ message: Logger.Message) {
        logger.announce(id, message, metadata: [LogKey.integration: "\(integration)"])
    }
}

import Logging
import ResponseLog
import ServiceLifecycle
import Spool
import Systemd

/// Reads the response log as a separate source of records. Each action of a responder becomes a record, which is made durable together with the place
/// in the log. While the daemon is not running, the entries wait in the log.
struct ResponseSource: Service {
    /// The source's name in the spool outside a fleet. Its directory is `integration=response_actions`. No configured integration can have this name.
    static let integration = "response_actions"

    /// The source's name in the spool. In a fleet it contains the host's name, because each host has its own response log.
    static func integration(host: String?) -> String { host.map { "\(integration).\($0)" } ?? integration }

    /// Whether an integration of a spool is the response log of this host, or of a host in a fleet.
    static func isName(_ name: String) -> Bool { name == integration || name.hasPrefix("\(integration).") }

    /// How often the source reads the response log.
    static let interval = Duration.seconds(1)
    /// If the source sends no heartbeat for longer than this, it counts as hanging. A read takes less time, even if the spool has a problem.
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

    /// Reads the log until the service is stopped. A problem is logged when it begins and when it is over.
    func run() async throws {
        await cancelWhenGracefulShutdown { await readUntilCancelled() }
        heartbeat.retire()
    }

    private func readUntilCancelled() async {
        var isInTrouble = false
        var hadGap = false
        var bucketFailures = 0
        var retryAt = ContinuousClock.now
        while !Task.isCancelled {
            actions.write(to: runtimeDirectory)
            if retryAt <= .now {
                let trouble = await readNewEntries(&hadGap)
                if let trouble, case .bucket = trouble {
                    bucketFailures += 1
                    retryAt = .now + BucketRetry.wait(after: bucketFailures, trouble, of: integration)
                } else {
                    bucketFailures = 0
                }
                announceChange(isInTrouble, trouble)
                isInTrouble = trouble != nil
            }
            heartbeat.beat()
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// Logs a problem when it begins and when it is over.
    private func announceChange(_ wasInTrouble: Bool, _ trouble: SpoolError?) {
        if let trouble, !wasInTrouble {
            announce(
                .responsesWaiting,
                """
                response actions can't become records at the moment: \(trouble). The actions stay in the response log \(logDirectory), and \
                Tributary tries again
                """)
        } else if trouble == nil, wasInTrouble {
            announce(.responsesRecovered, "the problem has ended: response actions can become records again")
        }
    }

    /// Reads all new entries. Returns the error that ended the reading, or nil.
    ///
    /// - Parameter hadGap: whether the previous read found that a part of the log is missing. Every read finds the same gap until the log has grown,
    ///   but the gap is reported only once.
    private func readNewEntries(_ hadGap: inout Bool) async -> SpoolError? {
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
                a part of the response log \(logDirectory) is missing: the place up to which it was read no longer exists. Actions in the \
                missing part do not become records; Tributary reads the rest of the log
                """)
        }
        if taken.unreadable > 0 {
            announce(
                .responsesDamaged,
                """
                damaged lines were found in the response log \(logDirectory) (number: \(taken.unreadable)). No records \
                were made from them
                """)
        }
    }

    private func announce(_ id: MessageID, _ message: Logger.Message) {
        logger.announce(id, message, metadata: [LogKey.integration: "\(integration)"])
    }
}

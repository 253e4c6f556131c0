import Logging
import OCSF
import Synchronization
import Systemd

@testable import Collector
@testable import OktaAPI
@testable import Spool

/// Runs scenarios one after the other, with the real collector, pager, worker, normalizer and spool.
///
/// Org, file system and clock are simulated, so a run never waits in real time.
package final class SimulationLane: Sendable {
    let thread = WorkerThread(name: "simulation")
    let catalog: EventCatalog
    let logger: Logger
    private let faults = CriticalMessages()

    package init(isVerbose: Bool = false) throws {
        catalog = try EventCatalog.builtIn()
        var logger = Logger(label: "simulation") { [faults] label in
            isVerbose
                ? StreamLogHandler.standardError(label: label) as any LogHandler : faults
        }
        logger.logLevel = isVerbose ? .debug : .critical
        self.logger = logger
    }

    /// Everything runs on the worker's thread, because switching between threads would take more time than the work itself.
    package func run(_ scenario: Scenario) async -> Verdict {
        await withTaskExecutorPreference(thread) {
            var verdict: Verdict
            if let plan = scenario.fleet {
                verdict = await FleetRun(scenario, plan, self).result()
            } else {
                verdict = await ConnectedRun(scenario, self).result()
            }
            verdict.problems += faults.take()
            return verdict
        }
    }
}

extension WorkerThread: TaskExecutor {}

/// Collects messages in which the daemon reports a bug in its own code.
private struct CriticalMessages: LogHandler {
    private final class Kept: Sendable {
        let messages = Mutex<[String]>([])
    }

    private let kept = Kept()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.critical

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        kept.messages.withLock { if $0.count < 10 { $0.append("\(event.message)") } }
    }

    func take() -> [String] {
        kept.messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}

private final class ConnectedRun: Sendable {
    private let scenario: Scenario
    private let lane: SimulationLane
    private let time: SimulatedTime
    private let org: ScriptedOrg
    private let disk = PowerCutFileSystem()
    /// The maximum number of requests in a run.
    private static let mostRequests = 40_000

    init(_ scenario: Scenario, _ lane: SimulationLane) {
        self.scenario = scenario
        self.lane = lane
        time = SimulatedTime(on: lane.thread)
        org = ScriptedOrg(scenario, time)
    }

    func result() async -> Verdict {
        var verdict = Verdict()
        var random = scenario.generator(.powerCuts)
        var copy: PowerCutFileSystem.Copy?
        for (number, session) in scenario.sessions.enumerated() {
            time.advance(session.pause)
            time.set(hostOffset: session.hostOffset)
            lane.logger.notice("start \(number): \(session)")
            if let count = session.deletesAllBut {
                let until = org.deleteAll(butNewest: count)
                startsState.withLock { $0.wanted.deletedUntil = until }
            }
            switch session.state {
            case .none: break
            case .isLost: disk.replace("/state", with: nil)
            case .isRestored: if let copy { disk.replace("/state", with: copy) }
            }
            if case .running(let operation) = session.copy { disk.copy("/state", at: operation) }
            startsState.withLock { _ = $0.wanted.begin(session, at: time.server) }
            let health = await start(session, isLast: number == scenario.sessions.count - 1)
            verdict.unproven += health?.unproven ?? 0
            verdict.requeries += health?.freshQueries ?? 0
            verdict.starts += 1
            switch session.end {
            case .powerCut: disk.reboot(&random)
            default: disk.killed()
            }
            switch session.copy {
            case nil: break
            case .running: copy = disk.takeCopy()
            case .stopped: copy = disk.copy("/state")
            }
        }
        verdict.events = scenario.events.count
        verdict.requests = org.requests
        verdict.collectedAfter = org.lastEventAnswer - Scenario.origin
        verdict.isStuck = org.requests >= Self.mostRequests
        check(&verdict)
        return verdict
    }

    /// Starts the daemon and runs it to the end of the session. Returns the integration's health; nil if the spool could not be opened.
    private func start(_ session: Scenario.Session, isLast: Bool) async -> IntegrationHealth? {
        switch session.end {
        case .kill(let operation), .powerCut(let operation): disk.cut(at: operation)
        default: disk.cut(at: .max)
        }
        let daemon: ConnectedDaemon
        do {
            daemon = try ConnectedDaemon(scenario, lane, disk: disk, time: time)
        } catch {
            lane.logger.error("the spool can't be opened: \(error)")
            return nil
        }
        let worker = daemon.worker
        if let opened = try? await worker.open("acme", source: EventSource()) {
            noteFirstStart(opened.cursor, hostOffset: session.hostOffset)
        }
        guard let collector = daemon.collector(session, transport: org) else { return nil }
        let task = Task(executorPreference: lane.thread) { await collector.run() }
        let isOver = over(session, isLast: isLast)
        time.arm(isOver: isOver, stop: { task.cancel() })
        await task.value
        time.disarm()
        if !disk.isCut { _ = await worker.sealAndClose("acme") }
        return daemon.health
    }

    /// Records the time from which on the daemon must collect events.
    ///
    /// Without a stored cursor, the daemon computes this time from the configured start. It computes the time again if the host's clock has
    /// changed before the first page is durable.
    private func noteFirstStart(_ cursor: String?, hostOffset: Int64) {
        let from = (scenario.countsFromNow ? time.server : Scenario.origin) - scenario.start
        let isCounted = cursor.flatMap { try? LogPlace(parsing: $0) }.map { $0.countedFrom == nil } ?? false
        startsState.withLock { starts in
            guard cursor == nil || !isCounted && starts.hostOffset != hostOffset else { return }
            (starts.wanted.from, starts.hostOffset) = (from, hostOffset)
        }
    }

    private func over(_ session: Scenario.Session, isLast: Bool) -> @Sendable () -> Bool {
        let (org, time, disk) = (org, time, disk)
        org.startBegins()
        let first = org.requests
        let lastStored = max(scenario.events.map(\.stored).max() ?? 0, Scenario.origin)
        return {
            if org.requests >= Self.mostRequests { return true }
            // If links are refused again and again, a query by time of many small pages never reaches its end. So after half of the allowed
            // requests, the org causes no more faults.
            if org.requests >= Self.mostRequests / 2 { org.behave() }
            switch session.end {
            case .drained:
                if time.server > lastStored + 600_000 { org.behave() }
                return time.server > lastStored + 1_200_000 && org.emptyAnswers >= 12
            case .stop(let requests): return org.requests - first >= requests
            case .kill, .powerCut:
                return disk.isCut || org.requests - first > 500
            }
        }
    }

    /// Compares the records in the spool with the events that the run had to collect.
    private func check(_ verdict: inout Verdict) {
        var counts: [Int: Int] = [:]
        do {
            let reader = try SpoolReader(directory: "/spool", fileSystem: disk)
            for listing in try reader.segments() {
                try reader.lines(listing.path) { (line) throws(SpoolError) in
                    guard let number = AnswerText.number(ofRecord: line) else {
                        return verdict.problems.append("a record in \(listing.path) has no uid of a simulated event")
                    }
                    counts[number, default: 0] += 1
                }
            }
            verdict.problems += try reader.verify(VerifyOptions()).problems.map { "\($0)" }
        } catch {
            verdict.problems.append("\(error)")
        }
        verdict.compare(counts, with: startsState.withLock(\.wanted), of: scenario)
    }

    private struct Starts {
        var wanted = WantedEvents(from: 0)
        /// How far the host's clock was ahead of Okta's when the start was computed, in milliseconds.
        var hostOffset: Int64 = 0
    }

    private let startsState = Mutex(Starts())
}

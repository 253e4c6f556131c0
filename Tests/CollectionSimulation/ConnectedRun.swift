import Logging
import OCSF
import Synchronization
import Systemd

@testable import Collector
@testable import OktaAPI
@testable import Spool

/// What a run came to.
package struct Verdict: Sendable, CustomStringConvertible {
    /// Numbers of events.
    package var lost: [Int] = []
    package var twice: [Int] = []
    package var invented: [Int] = []
    package var isStuck = false
    /// What the spool's own check found.
    package var problems: [String] = []
    /// Events that the daemon itself said may have been collected before.
    package var unproven = 0
    package var events = 0
    /// Milliseconds after the first start at which the last answer with an event came.
    package var collectedAfter: Int64 = 0
    package var requests = 0
    package var requeries = 0
    package var starts = 0

    /// Repeats that the daemon has announced are no failure. A page that is durable when the process dies has not been announced yet: one a start.
    package var isGood: Bool {
        lost.isEmpty && invented.isEmpty && !isStuck && problems.isEmpty
            && (twice.isEmpty || unproven > 0 && twice.count <= unproven + 50 * starts)
    }

    package var description: String {
        """
        \(events) events, \(requests) requests, \(requeries) queries by time: \(lost.count) lost \(lost.prefix(5)), \
        \(twice.count) twice \(twice.prefix(5)) of \(unproven) announced, \(invented.count) invented\
        \(isStuck ? ", stuck" : "")\(problems.isEmpty ? "" : ", \(problems.prefix(3))")
        """
    }
}

/// Runs scenarios one after the other: the real collector, pager, worker, normalizer and spool, with a scripted org, a file system in memory and a clock that
/// does not wait.
package final class SimulationLane: Sendable {
    private let thread = WorkerThread(name: "simulation")
    private let catalog: EventCatalog
    private let logger: Logger

    package init(isVerbose: Bool = false) throws {
        catalog = try EventCatalog.builtIn()
        var logger = Logger(label: "simulation") { label in
            isVerbose
                ? StreamLogHandler.standardError(label: label) as any LogHandler : SwiftLogNoOpLogHandler()
        }
        logger.logLevel = isVerbose ? .debug : .critical
        self.logger = logger
    }

    package func run(_ scenario: Scenario) async -> Verdict {
        let run = ConnectedRun(scenario, thread: thread, catalog: catalog, logger: logger)
        return await run.result()
    }
}

private final class ConnectedRun: Sendable {
    private let scenario: Scenario
    private let thread: WorkerThread
    private let catalog: EventCatalog
    private let logger: Logger
    private let time = SimulatedTime()
    private let org: ScriptedOrg
    private let disk = PowerCutFileSystem()
    private let board = StatusBoard()
    private let heartbeats = Heartbeats()
    /// Requests that a run may take.
    private static let mostRequests = 40_000

    init(_ scenario: Scenario, thread: WorkerThread, catalog: EventCatalog, logger: Logger) {
        self.scenario = scenario
        self.thread = thread
        self.catalog = catalog
        self.logger = logger
        org = ScriptedOrg(scenario, time)
    }

    func result() async -> Verdict {
        var verdict = Verdict()
        var random = scenario.generator(.powerCuts)
        var copy: PowerCutFileSystem.Copy?
        for (number, session) in scenario.sessions.enumerated() {
            time.advance(session.pause)
            time.set(hostOffset: session.hostOffset)
            logger.notice("start \(number): \(session)")
            switch session.state {
            case .none: break
            case .isLost: disk.replace("/state", with: nil)
            case .isRestored: if let copy { disk.replace("/state", with: copy) }
            }
            if case .running(let operation) = session.copy { disk.copy("/state", at: operation) }
            startsState.withLock { $0.filters.append(Start(at: time.server, mask: session.filter ?? 0xFF)) }
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

    /// One start of the daemon, to its end. Nil if the spool could not even be opened.
    private func start(_ session: Scenario.Session, isLast: Bool) async -> IntegrationHealth? {
        switch session.end {
        case .kill(let operation), .powerCut(let operation): disk.cut(at: operation)
        default: disk.cut(at: .max)
        }
        var settings = SpoolSettings(
            directory: "/spool", stateDirectory: "/state", compression: .none, segmentMaxBytes: 40_000,
            recordSchema: "ocsf/1.8.0")
        settings.segmentMaxAge = .seconds(300)
        var limits = PassedLimits()
        if scenario.features.contains(.smallMemory) {
            limits = PassedLimits(window: 192, need: 12, head: 16, leastSeen: 4, restartDepths: 64..<80)
        }
        // A process that starts knows nothing of an earlier one.
        board.remove("acme")
        let entry = board.add(
            StatusBoard.Entry(
                name: "acme", org: "acme", credential: "none", credentialExpires: nil,
                health: IntegrationHealth(since: time.wall)))
        let spool: Spool
        do throws(SpoolError) {
            spool = try Spool(settings, fileSystem: disk, now: time.spool)
        } catch {
            logger.error("the spool can't be opened: \(error)")
            return nil
        }
        guard
            let worker = try? IngestWorker(
                name: "simulation", spool: spool, catalog: catalog,
                settings: NormalizerSettings(rawData: false, observables: false), limits: limits, time: time,
                thread: thread),
            let address = try? OrgURL(parsing: ScriptedOrg.origins[session.address])
        else { return nil }
        if let opened = try? await worker.open("acme", source: EventSource()) {
            noteFirstStart(opened.cursor, hostOffset: session.hostOffset)
        }
        let query = LogQuery(org: address, filter: session.filter.map { "b\($0)" }, pageLimit: session.pageSize)
        let host = HostTime(time.wall)
        let collector = IntegrationCollector(
            settings: .init(
                name: "acme", query: query,
                start: StoredTime((scenario.countsFromNow ? host.milliseconds : Scenario.origin) - scenario.start),
                startCountedFrom: scenario.countsFromNow ? host : nil, pollInterval: .seconds(scenario.pollSeconds),
                pollGrid: PollGrid(origin: time.now), budgetShare: 1, seed: scenario.seed),
            credential: NoCredential(), transport: org, worker: worker, board: board, entry: entry,
            heartbeat: heartbeats.register("simulation", bound: .seconds(300)), logger: logger, time: time)
        let task = Task { await collector.run() }
        let isOver = over(session, isLast: isLast)
        time.arm(isOver: isOver, stop: { task.cancel() })
        await task.value
        time.disarm()
        if !disk.isCut { _ = await worker.sealAndClose("acme") }
        return board.snapshot(now: time.now).entries.first { $0.name == entry }?.health
    }

    /// The start is fixed once it is durable, if the host's clock is not set before Okta has told its own time.
    private func noteFirstStart(_ cursor: String?, hostOffset: Int64) {
        let from = (scenario.countsFromNow ? time.server : Scenario.origin) - scenario.start
        let isCounted = cursor.flatMap { try? LogPlace(parsing: $0) }.map { $0.countedFrom == nil } ?? false
        startsState.withLock { starts in
            guard cursor == nil || !isCounted && starts.hostOffset != hostOffset else { return }
            (starts.from, starts.hostOffset) = (from, hostOffset)
        }
    }

    private func over(_ session: Scenario.Session, isLast: Bool) -> @Sendable () -> Bool {
        let (org, time, disk) = (org, time, disk)
        org.startBegins()
        let first = org.requests
        let lastStored = max(scenario.events.map(\.stored).max() ?? 0, Scenario.origin)
        return {
            if org.requests >= Self.mostRequests { return true }
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

    /// Each event that was to be collected is in the spool once.
    private func check(_ verdict: inout Verdict) {
        var counts: [Int: Int] = [:]
        do {
            let reader = try SpoolReader(directory: "/spool", fileSystem: disk)
            for listing in try reader.segments() {
                try reader.lines(listing.path) { (line) throws(SpoolError) in
                    guard let uid = recordUID(of: line),
                        let number = Int(String(decoding: uid, as: UTF8.self).suffix(12), radix: 16)
                    else { return verdict.problems.append("a record without its uid in \(listing.path)") }
                    counts[number, default: 0] += 1
                }
            }
            verdict.problems += try reader.verify(VerifyOptions()).problems.map { "\($0)" }
        } catch {
            verdict.problems.append("\(error)")
        }
        let wanted = self.wanted()
        let known = Set(scenario.events.map(\.number))
        verdict.lost = wanted.filter { counts[$0] == nil }.sorted()
        verdict.twice = counts.filter { $0.value > 1 }.map(\.key).sorted()
        verdict.invented = counts.keys.filter { !known.contains($0) }.sorted()
    }

    /// The events that every filter admits from the one on that was in force when it was stored.
    private func wanted() -> Set<Int> {
        var filters: [(from: Int64, mask: Int)] = []
        let starts = startsState.withLock(\.self)
        for start in starts.filters { filters.append((start.at, start.mask)) }
        // The clocks may be apart by a minute without anybody being told.
        let from = starts.from + HostTime.tolerance + 1_000
        var wanted: Set<Int> = []
        for event in scenario.events where event.stored >= from {
            let first = filters.lastIndex { $0.from <= event.stored } ?? 0
            if filters[first...].allSatisfy({ $0.mask & 1 << event.bucket != 0 }) { wanted.insert(event.number) }
        }
        return wanted
    }

    private struct Start {
        var at: Int64
        var mask: Int
    }

    private struct Starts {
        var filters: [Start] = []
        var from: Int64 = 0
        /// The host's clock when it was counted.
        var hostOffset: Int64 = 0
    }

    private let startsState = Mutex(Starts())
}

/// The org asks for none.
private struct NoCredential: Credential {
    func authorize(_ request: inout HTTPRequest) async throws(AuthorizationFailure) {}
}

import Glibc
import OktaAPI

@testable import Collector
@testable import Spool

/// Measures the collection from a busy org that stores every event hours after it was published: the memory, the size of the journal, and how many
/// events are collected twice. The restart time is computed from `published`, so a query by time returns the events of those hours again.
///
/// The spool is on a real disk; the org and the clock are simulated.
package struct SteadyMeasurement: Sendable {
    /// Events a second.
    package var rate = 1_000
    /// The time from an event's `published` until it is stored, in milliseconds.
    package var delay: Int64 = 7_200_000
    /// The simulated length of the first phase, in milliseconds.
    package var collecting: Int64 = 9_000_000
    /// The simulated length of each phase with a query by time, in milliseconds.
    package var requerying: Int64 = 2_700_000
    /// The directory in which the spool and the state are created.
    package var directory: String

    package init(directory: String) { self.directory = directory }

    /// The results of a phase.
    package struct Phase: Sendable {
        package var name: String
        /// The number of events in all answers, in this phase and the earlier ones.
        package var sent = 0
        /// The number of events that became records in this phase.
        package var collected = 0
        /// The number of events that were dropped in this phase, because they were known.
        package var known = 0
        /// The number of requests, in this phase and the earlier ones.
        package var requests = 0
        /// The number of queries by time, in this phase and the earlier ones.
        package var queries = 0
        package var unproven = 0
        /// The number of identities in memory.
        package var identities = 0
        /// The memory of the whole process, in bytes.
        package var resident = 0
        /// The size of the journal after everything is sealed, in bytes. It then contains only the place and the windows of identities.
        package var journal = 0
    }

    /// The collector could not be created.
    private struct Unusable: Error {}

    /// The counts of a whole measurement.
    package struct Outcome: Sendable {
        /// The number of events that the org has stored.
        package var stored = 0
        /// The number of superfluous records: each event needs only one.
        package var twice = 0
        /// The number of events that were not collected.
        package var lost = 0
    }

    /// Runs the phases, each with its own start of the daemon. Then counts the events in the segments.
    package func run(_ report: @escaping @Sendable (Phase) -> Void) async throws -> Outcome {
        let lane = try SimulationLane()
        return try await withTaskExecutorPreference(lane.thread) {
            let time = SimulatedTime(on: lane.thread)
            let total = Int((collecting + 2 * requerying) * Int64(rate) / 1000)
            let org = SteadyOrg(rate: rate, delay: delay, total: total, time)
            var scenario = Scenario(seed: 1, without: Set(Scenario.Feature.allCases))
            scenario.countsFromNow = false
            scenario.start = 0
            scenario.pollSeconds = 15
            func phase(_ name: String, pageSize: Int, isOver: @escaping @Sendable () -> Bool) async throws {
                let session = Scenario.Session(
                    end: .drained, pageSize: pageSize, filter: nil, address: 0, hostOffset: 0, pause: 0)
                report(try await start(name, scenario, session, lane, org, time, isOver))
            }
            // The org has stored events for a minute before the daemon starts.
            time.advance(60_000)
            var end = Scenario.origin + collecting
            try await phase("collected", pageSize: 1000) { [end] in time.server >= end }
            end += requerying
            try await phase("another page size", pageSize: 500) { [end] in time.server >= end }
            org.refuseLinks()
            end += requerying
            try await phase("a refused cursor", pageSize: 500) { [end] in time.server >= end }
            try await phase("to the end", pageSize: 500) { [end] in
                time.server >= end + 86_400_000 || time.server > end && org.emptyAnswers > 12
            }
            return try count(total)
        }
    }

    /// Starts the daemon, and stops it normally once `isOver` returns true. Returns the results of this phase.
    private func start(
        _ name: String, _ scenario: Scenario, _ session: Scenario.Session, _ lane: SimulationLane, _ org: SteadyOrg,
        _ time: SimulatedTime, _ isOver: @escaping @Sendable () -> Bool
    ) async throws -> Phase {
        let daemon = try ConnectedDaemon(
            scenario, lane, disk: PosixFileSystem(), time: time, spool: settings)
        let worker = daemon.worker
        guard let collector = daemon.collector(session, transport: org) else { throw Unusable() }
        let task = Task(executorPreference: lane.thread) { await collector.run() }
        time.arm(isOver: isOver, stop: { task.cancel() })
        await task.value
        time.disarm()
        var phase = Phase(name: name)
        let health = daemon.health
        (phase.collected, phase.known) = (health?.events ?? 0, health?.duplicates ?? 0)
        (phase.sent, phase.requests, phase.queries) = (org.sent, org.requests, org.queries)
        phase.unproven = health?.unproven ?? 0
        phase.identities = await worker.identities("acme")
        phase.resident = Self.resident
        _ = await worker.sealAndClose("acme")
        let state = "\(directory)/state/integrations/acme"
        phase.journal = try PosixFileSystem().list(state).reduce(0) { sum, entry in
            sum + Int(try PosixFileSystem().status("\(state)/\(entry.name)")?.size ?? 0)
        }
        return phase
    }

    private var settings: SpoolSettings {
        SpoolSettings(
            directory: "\(directory)/spool", stateDirectory: "\(directory)/state", recordSchema: "ocsf/1.8.0")
    }

    private func count(_ total: Int) throws -> Outcome {
        var counts = [UInt8](repeating: 0, count: total)
        var outcome = Outcome()
        let reader = try SpoolReader(directory: settings.directory, fileSystem: PosixFileSystem())
        for listing in try reader.segments() {
            try reader.lines(listing.path) { (line) throws(SpoolError) in
                guard let number = AnswerText.number(ofRecord: line), counts.indices.contains(number) else { return }
                counts[number] = min(counts[number] + 1, 100)
            }
        }
        outcome.stored = total
        for count in counts {
            if count == 0 { outcome.lost += 1 }
            if count > 1 { outcome.twice += Int(count) - 1 }
        }
        return outcome
    }

    /// The memory of the process, in bytes (proc_pid_statm(5)).
    private static var resident: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 256)
        guard fgets(&text, Int32(text.count), file) != nil else { return 0 }
        let fields = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}

extension IngestWorker {
    /// How many identities an integration has in memory, in all windows.
    fileprivate func identities(_ integration: String) -> Int {
        writers[integration]?.identityCounts.values.reduce(0, +) ?? 0
    }
}

import CommandHints
import Synchronization

/// A daemon's spool: its directories, their locks, the manifest, and the limit on its size. It creates a writer for each integration.
///
/// Loaders see only complete, immutable segments that hold each event once, no matter when the process dies; `docs/spool-format.md` explains why.
/// All threads share this object; each `SpoolWriter` belongs to one thread at a time.
package final class Spool: Sendable {
    let fileSystem: any FileSystem
    let id: [UInt8]
    let manifest: Manifest
    private let locks: [DirectoryLock]
    private let current: Mutex<SpoolSettings>

    private struct State {
        var gauge: UsageGauge
        var clock: RetentionClock
        var writers: Set<String> = []
        /// Integrations that have had a writer in this process.
        var opened: Set<String> = []
        /// The time of the last retention pass, in monotonic milliseconds; nil if the next pass is due at once.
        var prunedAt: Int64?
        /// Every manifest line before this offset belongs to a deleted segment.
        var goneBefore: Int64 = 0
        var retention = RetentionReport()
    }
    private let state: Mutex<State>

    /// Creates missing directories, locks them, and repairs the end of the manifest.
    ///
    /// Throws `spoolIsMissing`, `newerFormat`, `damaged` or `file`. Throws `locked` if another daemon uses the directories, and `refused` if the
    /// spool in the directory is not the fleet's spool.
    package init(_ settings: SpoolSettings, fileSystem: any FileSystem, now: SpoolInstant) throws(SpoolError) {
        current = Mutex(settings)
        self.fileSystem = fileSystem
        let spool = settings.directory
        let integrations = "\(settings.stateDirectory)/integrations"
        try Self.make(integrations, fileSystem)
        let stateLock = try DirectoryLock(settings.stateDirectory, name: "spool.lock", fileSystem)
        let journals = try NewestJournals(integrations, fileSystem)
        if !journals.isEmpty, try fileSystem.status("\(spool)/_spool.json") == nil {
            throw .spoolIsMissing(
                directory: spool, stateDirectory: settings.stateDirectory, integrations: journals.integrations)
        }
        try Self.make("\(spool)/_staging", fileSystem)
        locks = [stateLock, try DirectoryLock(spool, name: "_lock", fileSystem)]
        id = try SpoolIdentity.open(spool, shared: settings.sharedID, now: now, fileSystem).id
        manifest = try Manifest(spool, fileSystem) { (seal) throws(SpoolError) in
            let parts = seal.split(separator: "/")
            guard parts.count == 2, let generation = UInt64(parts[1]) else { return false }
            return try fileSystem.status("\(integrations)/\(parts[0])/\(Journal.fileName(generation))") != nil
        }
        manifest.skip(to: journals.manifestSequence(above: manifest.end.sequence ?? 0, id, fileSystem))
        for path in [settings.stateDirectory, spool] { try fileSystem.synchronizeDirectory(path) }
        for path in [settings.stateDirectory, spool] {
            if let parent = Path.parent(of: path) { try? fileSystem.synchronizeDirectory(parent) }
        }
        state = Mutex(
            State(
                gauge: UsageGauge(limit: settings.maxBytes, interval: settings.measureInterval),
                clock: RetentionClock(patience: settings.retention.clockPatience, now: now)))
    }

    /// The settings in force.
    package var settings: SpoolSettings { current.withLock(\.self) }

    /// Adopts changed settings: compression, sizes, ages and retention. New sizes and ages also apply to records that are not sealed yet. The
    /// directories and the records' schema must be those in force, because the open spool does not follow them.
    package func adopt(_ new: SpoolSettings) {
        current.withLock { settings in
            let sharedID = settings.sharedID
            settings = new
            settings.sharedID = sharedID
        }
        state.withLock { state in
            state.gauge.limit = new.maxBytes
            state.clock.patience = new.retention.clockPatience
            // With `never`, there are no more passes, so the report of the last pass must not stay.
            if new.retention == .never { state.retention = RetentionReport() }
            state.prunedAt = nil
        }
    }

    /// Creates a directory and its missing parents.
    ///
    /// A crash may have left a directory whose name is not durable yet. `init` therefore synchronizes the directories and their parents afterwards.
    private static func make(_ path: String, _ fileSystem: any FileSystem) throws(SpoolError) {
        var root = path
        while let parent = Path.parent(of: root), try fileSystem.status(root) == nil { root = parent }
        try fileSystem.makeDirectories(path, below: root, thorough: false)
    }

    /// The integrations that have a journal, whether they are still configured or not. An integration that is no longer configured may have unsealed
    /// records: open its writer, seal the records, and release the writer.
    package func integrations() throws(SpoolError) -> [String] {
        try fileSystem.list("\(settings.stateDirectory)/integrations").filter(\.isDirectory).map(\.name).sorted()
    }

    /// Opens an integration's journal: recovers it, and finishes a seal that was already decided. The returned writer continues at the last durable
    /// cursor.
    ///
    /// - Parameter facts: reads the identity, the time and the schema from a line in the spool. It is used only if the state does not match the spool
    ///   (`StateRestoration`).
    ///
    /// Throws `writerInUse`, `invalidName`, `newerFormat`, `foreignSpool`, `otherIntegration`, `damaged`, or `file`.
    package func writer(
        integration: String, scratch: SpoolScratch, facts: LineFacts = .unknown, now: SpoolInstant
    ) throws(SpoolError) -> SpoolWriter {
        try PartitionPath.checkIntegration(integration)
        guard state.withLock({ $0.writers.insert(integration).inserted }) else {
            throw .writerInUse(integration: integration)
        }
        do throws(SpoolError) {
            let writer = try SpoolWriter(self, integration: integration, scratch: scratch, facts: facts, now: now)
            state.withLock { _ = $0.opened.insert(integration) }
            return writer
        } catch {
            release(integration)
            throw error
        }
    }

    /// The total size of segments, staged files and journals in bytes, measured now. Because this reads all directories, use it for a status on
    /// request, not for each commit.
    package func usage(now: SpoolInstant) throws(SpoolError) -> (used: Int64, limit: Int64) {
        (try measure(now), settings.maxBytes)
    }

    /// The last measured size, adjusted by what Tributary has written and removed since; nil before the first measurement.
    package var used: Int64? { state.withLock(\.gauge.used) }

    /// Whether this process has opened a writer of this integration before.
    func hasBeenOpened(_ integration: String) -> Bool { state.withLock { $0.opened.contains(integration) } }

    /// Whether this process has a writer of this integration.
    package func isInUse(_ integration: String) -> Bool { state.withLock { $0.writers.contains(integration) } }

    func release(_ integration: String) {
        state.withLock { _ = $0.writers.remove(integration) }
    }

    /// Throws `full` if these bytes would exceed the limit.
    func admit(_ bytes: Int64, now: SpoolInstant) throws(SpoolError) {
        var admission = state.withLock { $0.gauge.admit(bytes, now: now.monotonic) }
        if admission == .measure {
            _ = try measure(now)
            admission = state.withLock { $0.gauge.admit(bytes, now: now.monotonic) }
        }
        if case .refuse(let used) = admission { throw .full(used: used, limit: settings.maxBytes) }
    }

    func count(_ bytes: Int64) {
        state.withLock { $0.gauge.add(bytes) }
    }

    private func measure(_ now: SpoolInstant) throws(SpoolError) -> Int64 {
        let walk = SpoolWalk(fileSystem: fileSystem, directory: settings.directory)
        // The manifest does not count, because nobody could make room by deleting the manifest.
        var total = try walk.bytes(below: "\(settings.directory)/_staging")
        try walk.files { (file) throws(SpoolError) in total += file.bytes }
        // The state directory may contain the spool's directory, so only the journals in it are counted.
        total += try walk.bytes(below: "\(settings.stateDirectory)/integrations")
        state.withLock { $0.gauge.measured(total, now: now.monotonic) }
        return total
    }

    /// The time that goes into the name of a segment sealed now, in wall-clock milliseconds.
    func sealingTime(_ now: SpoolInstant) -> Int64 {
        state.withLock { $0.clock.read(now).sealing }
    }

    /// What prevents deletion, according to the last retention pass.
    package var retentionReport: RetentionReport { state.withLock { $0.retention } }

    /// Deletes segments that exceed the retention, at most once a minute. If it fails, the next pass tries again, and `retentionReport` has the
    /// reason. No other part depends on the deletion.
    package func applyRetention(_ now: SpoolInstant) {
        guard settings.retention != .never else { return }
        let due: (goneBefore: Int64, time: Int64)? = state.withLock { state in
            let time = state.clock.read(now).pruning
            if let last = state.prunedAt, now.monotonic - last < 60_000 { return nil }
            state.prunedAt = now.monotonic
            return (state.goneBefore, time)
        }
        guard let due else { return }
        var goneBefore = due.goneBefore
        var report = RetentionReport()
        do throws(SpoolError) {
            let loaders = try AcknowledgementFiles(spool: settings.directory, fileSystem: fileSystem)
                .all(expecting: settings.expectedLoaders)
            if let rule = DeletionRule(settings.retention, acknowledged: loaders.map(\.sequence), now: due.time) {
                let outcome = try Retention(fileSystem: fileSystem, directory: settings.directory)
                    .apply(rule, goneBefore: &goneBefore, goneLimit: Retention.gonePassLimit, dryRun: false)
                count(-outcome.deleted.reduce(0) { $0 + $1.bytes })
                report = RetentionReport(outcome, loaders)
                if let failure = outcome.failure { report.problem = "some segments could not be deleted: \(failure)" }
            } else {
                report.problem =
                    "no loader is registered, so nothing is deleted: register one with `\(CommandHint.command("spool ack --loader NAME --through 0"))`"
            }
        } catch {
            report.problem = "nothing is deleted: \(error)"
        }
        state.withLock { state in
            state.goneBefore = goneBefore
            state.retention = report
        }
    }
}

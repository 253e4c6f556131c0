import Synchronization

/// The spool of a daemon: the directories, their locks, the manifest, and the bound on their size. Gives out a writer an integration.
///
/// What loaders see is whole, never changes, and holds each event once, whatever dies at any instant; `docs/spool-format.md` has the argument.
/// Shared by all threads; each `SpoolWriter` belongs to one at a time.
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
        /// Integrations that had a writer in this process.
        var opened: Set<String> = []
        /// Monotonic milliseconds.
        var prunedAt: Int64?
        /// The manifest's offset before which every segment is gone.
        var goneBefore: Int64 = 0
        var retention = RetentionReport()
    }
    private let state: Mutex<State>

    /// Makes the directories where they are missing, locks them, and brings what all integrations share into order.
    ///
    /// Throws `locked` when another daemon has them, `spoolIsMissing`, `newerFormat`, `damaged`, or `file`.
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
        id = try SpoolIdentity.open(spool, now: now, fileSystem).id
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

    /// What holds now.
    package var settings: SpoolSettings { current.withLock(\.self) }

    /// Takes over what can change while the spool is in use: compression, sizes, ages and retention. The directories and the records' schema
    /// stay. Segments that are being filled are sealed by the new values.
    package func adopt(_ new: SpoolSettings) {
        current.withLock { settings in
            let old = settings
            settings = new
            (settings.directory, settings.stateDirectory) = (old.directory, old.stateDirectory)
            settings.recordSchema = old.recordSchema
        }
        state.withLock { state in
            state.gauge.limit = new.maxBytes
            state.clock.patience = new.retention.clockPatience
            // What the old retention found says nothing of the new one.
            if new.retention == .never { state.retention = RetentionReport() }
            state.prunedAt = nil
        }
    }

    /// Makes a directory and what is missing above it.
    ///
    /// A crash may have left a directory whose name is not durable yet: that is made up for before anything relies on it.
    private static func make(_ path: String, _ fileSystem: any FileSystem) throws(SpoolError) {
        var root = path
        while let parent = Path.parent(of: root), try fileSystem.status(root) == nil { root = parent }
        try fileSystem.makeDirectories(path, below: root, thorough: false)
    }

    /// Integrations with a journal, configured or not. One that is no longer configured may have unsealed records: open its writer, seal, and let it go.
    package func integrations() throws(SpoolError) -> [String] {
        try fileSystem.list("\(settings.stateDirectory)/integrations").filter(\.isDirectory).map(\.name).sorted()
    }

    /// Opens an integration's journal: recovers, finishes a decided seal, and is ready at the last durable cursor.
    ///
    /// - Parameter facts: what is asked of its own lines where the state does not match the spool (`StateRestoration`).
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

    /// Bytes on disk of segments, staged files and journals, measured now. Walks the directories: for a status that is asked for, not for each commit.
    package func usage(now: SpoolInstant) throws(SpoolError) -> (used: Int64, limit: Int64) {
        (try measure(now), settings.maxBytes)
    }

    /// The same as it was last measured, and what Tributary itself has written and removed since; nil before the first measurement.
    package var used: Int64? { state.withLock(\.gauge.used) }

    /// Whether a writer of this integration was there before, in this process.
    func hasBeenOpened(_ integration: String) -> Bool { state.withLock { $0.opened.contains(integration) } }

    func release(_ integration: String) {
        state.withLock { _ = $0.writers.remove(integration) }
    }

    /// Throws `full` when these bytes would go over the limit.
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
        // The manifest does not count: nobody could make room by deleting it.
        var total = try walk.bytes(below: "\(settings.directory)/_staging")
        try walk.files { (file) throws(SpoolError) in total += file.bytes }
        // The state directory may hold the spool's, so of it the journals alone.
        total += try walk.bytes(below: "\(settings.stateDirectory)/integrations")
        state.withLock { $0.gauge.measured(total, now: now.monotonic) }
        return total
    }

    /// The time that the name of a segment gives, wall-clock milliseconds.
    func sealingTime(_ now: SpoolInstant) -> Int64 {
        state.withLock { $0.clock.read(now).sealing }
    }

    /// What holds the retention up, as the last pass found it.
    package var retentionReport: RetentionReport { state.withLock { $0.retention } }

    /// Deletes what is beyond the retention, at most every minute. A failure is left to the next time, and told by `retentionReport`:
    /// nothing relies on it.
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
                if let failure = outcome.failure { report.problem = "not everything could be deleted: \(failure)" }
            } else {
                report.problem =
                    "no loader is registered, so nothing is deleted: `tributary spool ack --loader NAME --through 0`"
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

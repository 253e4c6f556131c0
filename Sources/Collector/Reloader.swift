import CommandHints
import Configuration
import Fleet
import Logging
import OCSF
import Spool
import Systemd

/// Applies a changed configuration without disturbing the integrations that have not changed.
///
/// A configuration with any mistake is refused as a whole. The earlier configuration stays in force, and the status shows the refusal until a reload
/// succeeds.
actor Reloader {
    private let load: Daemon.Load
    var inForce: Configuration
    var factory: CollectorFactory
    let collection: CollectionService
    private let workers: [IngestWorker]
    private let spool: Spool
    let board: StatusBoard
    private let reporter: StatusReporter
    private let credentials: CredentialWatch
    private let observer: (any StatusObserver)?
    let logger: Logger

    /// The membership of this host in a fleet; nil outside a fleet.
    private(set) var membership: FleetMembership?
    /// The integrations that this host holds, by name; empty outside a fleet.
    var held: [String: Holding] = [:]
    var isReloading = false
    /// The number of integrations that this host is taking or releasing at this moment.
    var moves = 0
    /// Tasks that wait until a running reload has ended, or until no integration is being taken or released.
    var waiting: [CheckedContinuation<Void, Never>] = []

    init(
        _ configuration: Configuration, load: @escaping Daemon.Load, factory: CollectorFactory,
        collection: CollectionService, workers: [IngestWorker], spool: Spool, board: StatusBoard,
        reporter: StatusReporter, credentials: CredentialWatch, observer: (any StatusObserver)? = nil, logger: Logger
    ) {
        inForce = configuration
        self.load = load
        self.factory = factory
        self.collection = collection
        self.workers = workers
        self.spool = spool
        self.board = board
        self.reporter = reporter
        self.credentials = credentials
        self.observer = observer
        self.logger = logger
    }

    /// Sets the membership. Called once, before the first lease is acquired.
    func join(_ membership: FleetMembership) { self.membership = membership }

    /// Why a configuration is refused.
    private struct Refusal: Error {
        /// The problems, at least one; each says what to do.
        var problems: [String]
    }

    /// Loads the configuration and puts it in force, unless it contains a mistake.
    func reload() async {
        await beginReload()
        defer { endReload() }
        await reporter.reloadBegan()
        do throws(Refusal) {
            let loaded = try loaded()
            let change = ConfigurationChange(from: inForce, to: loaded)
            let new = ConfigurationChange.inForce(from: inForce, to: loaded)
            try await useMapping(new, change)
            await apply(new, change)
            let words = change.words
            logger.announce(.reloaded, "configuration reloaded: \(words)")
            await reporter.reloadFinished { state in
                state.inForceSince = WallClock.now()
                state.refusal = nil
                state.change = words
                state.restartNeeded = change.needsRestart.map(\.path)
            }
        } catch {
            for problem in error.problems { logger.announce(.configurationRefused, "\(problem)") }
            logger.announce(
                .configurationRefused,
                "the new configuration is refused, and the earlier one stays in force: correct the new one, then `\(CommandHint.reload)`"
            )
            await reporter.reloadFinished { state in
                state.refusal = StatusBoard.ConfigurationState.Refusal(
                    at: WallClock.now(), problems: error.problems)
            }
        }
    }

    private func loaded() throws(Refusal) -> Configuration {
        do throws(ConfigurationError) {
            let new = try load()
            let known = Set(inForce.warnings)
            for warning in new.warnings where !known.contains(warning) { logger.warning("\(warning)") }
            return new
        } catch {
            let noun = error.leftOff == 1 ? "problem" : "problems"
            let more = error.leftOff > 0 ? ["and \(error.leftOff) more \(noun)"] : []
            throw Refusal(problems: error.problems.map(\.description) + more)
        }
    }

    /// Gives the workers the new mapping of events, if it may have changed. Configured tables of event types are always read again, because their
    /// contents may have changed although their file names have not.
    private func useMapping(_ new: Configuration, _ change: ConfigurationChange) async throws(Refusal) {
        let isChanged = change.settings.contains { $0.path.hasPrefix("record.") || $0.path.hasPrefix("my_network.") }
        guard isChanged || !new.record.catalogue.isEmpty else { return }
        let normalizing = Normalizing(new)
        let catalog: EventCatalog
        do throws(Daemon.StartError) {
            catalog = try normalizing.catalog()
        } catch {
            throw Refusal(problems: [error.description])
        }
        do throws(NormalizerError) {
            // Checks the catalogue and the settings before a worker uses them.
            _ = try Normalizer(catalog: catalog, settings: normalizing.settings)
            for worker in workers { try await worker.use(catalog, normalizing.settings) }
        } catch {
            throw Refusal(problems: ["\(error)"])
        }
    }

    private func apply(_ new: Configuration, _ change: ConfigurationChange) async {
        spool.adopt(SpoolSettings(new))
        for integration in inForce.unusable { board.remove(integration.name) }
        let paused = PausedIntegrations(board: board)
        paused.remove(inForce.integrations, unlessIn: new.integrations)
        let names = Set(new.integrations.map(\.name.text))
        collection.noteLeftovers(among: inForce.unusable.map(\.name).filter { !names.contains($0) })
        factory.credentials.keepOnly(usedBy: new.integrations)
        await factory.credentials.readAgain()
        if membership != nil {
            await applyToFleet(new, change)
        } else {
            await replaceCollectors(new, change)
        }
        paused.add(new.integrations)
        collection.retryNow()
        board.sort(by: new.integrations.map(\.name.text))
        let ingesting = new.integrations.count(where: \.isCollected)
        if ingesting > inForce.integrations.count(where: \.isCollected) { warnOfDescriptors(ingesting) }
        inForce = new
        credentials.replace(inForce)
        observer?.inForce(inForce)
    }

    private func replaceCollectors(_ new: Configuration, _ change: ConfigurationChange) async {
        let removed = change.removed.map(\.text)
        await collection.stop(removed + change.changed.map(\.integration.name.text))
        let stillIngesting = Set(new.integrations.filter(\.isCollected).map(\.name.text))
        for name in removed + change.changed.map(\.integration.name.text) where !stillIngesting.contains(name) {
            if let worker = factory.worker(of: name) { await collection.close(name, on: worker) }
            factory.remove(name)
        }
        for integration in change.changed.map(\.integration) + change.added {
            guard let collector = factory.collector(integration, of: stillIngesting.count) else { continue }
            collection.start(collector)
        }
    }

    private func warnOfDescriptors(_ count: Int) {
        if let warning = DescriptorLimit.raised().warning(integrations: count) { logger.warning("\(warning)") }
    }
}

extension ConfigurationChange {
    /// The change in words: `added globex; changed acme (page_size); spool.max_bytes changed; restart needed for spool.directory`.
    var words: String {
        guard !isEmpty else { return "no setting has changed; requests after this reload read the credentials again" }
        var parts: [String] = []
        if !added.isEmpty { parts.append("added \(Self.list(added.map(\.name.text)))") }
        if !removed.isEmpty { parts.append("removed \(Self.list(removed.map(\.text)))") }
        if !changed.isEmpty {
            parts.append(
                "changed "
                    + Self.list(
                        changed.map { change in
                            let keys = change.keys.map { $0.split(separator: ".").last.map(String.init) ?? $0 }
                            return "\(change.integration.name) (\(keys.joined(separator: ", ")))"
                        }))
        }
        if !settings.isEmpty { parts.append("\(Self.list(settings.map(\.path))) changed") }
        if !needsRestart.isEmpty { parts.append("restart needed for \(Self.list(needsRestart.map(\.path)))") }
        return parts.joined(separator: "; ")
    }

    /// The first ten items, and the number of the others.
    private static func list(_ items: [String]) -> String {
        let limit = 10
        let more = items.count > limit ? ", and \(items.count - limit) more" : ""
        return items.prefix(limit).joined(separator: ", ") + more
    }
}

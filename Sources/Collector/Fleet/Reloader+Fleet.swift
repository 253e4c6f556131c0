import Configuration
import Fleet
import Logging
import Systemd

/// In a fleet, this host collects an integration while it holds the integration. So a collector starts when this host gets the integration, and ends
/// when this host loses or releases it. Several integrations may move between hosts at the same time, but never during a reload.
extension Reloader: HoldingObserver {
    func gained(_ holding: Holding) async {
        await beginMove()
        defer { endMove() }
        held[holding.integration] = holding
        board.updateFleet { $0?.gained(holding) }
        start(holding)
    }

    func lost(_ integration: String) async {
        await beginMove()
        defer { endMove() }
        await end(integration) { worker in await worker.close(integration) }
    }

    func release(_ integration: String) async {
        await beginMove()
        defer { endMove() }
        await end(integration) { worker in
            guard let outcome = await worker.sealAndClose(integration) else { return }
            outcome.report(to: self.board, entry: integration, logger: self.logger)
        }
    }

    /// Starts the collector of an integration that this host holds. Does nothing if the integration is not configured.
    func start(_ holding: Holding) {
        guard let membership,
            let integration = inForce.integrations.first(where: { $0.name.text == holding.integration })
        else { return }
        let count = inForce.integrations.count(where: \.isCollected)
        guard
            let collector = factory.collector(
                integration, of: count, lease: CollectionLease(holding: holding, term: membership.term))
        else { return }
        collection.start(collector)
    }

    private func end(_ integration: String, _ close: (IngestWorker) async -> Void) async {
        guard held.removeValue(forKey: integration) != nil else { return }
        await collection.stop([integration])
        if let worker = factory.worker(of: integration) { await close(worker) }
        board.updateFleet { $0?.closed(integration) }
        let configured = inForce.integrations.filter { $0.name.text == integration }
        if configured.contains(where: \.isCollected) {
            board.update(integration) { $0.standby(at: WallClock.now()) }
        } else {
            factory.remove(integration)
            PausedIntegrations(board: board).add(configured)
            board.sort(by: inForce.integrations.map(\.name.text))
        }
    }

    /// Applies a changed configuration to the integrations of a fleet. This host then gradually takes new integrations and releases removed ones.
    func applyToFleet(_ new: Configuration, _ change: ConfigurationChange) async {
        let changed = change.changed.map(\.integration.name.text).filter { held[$0] != nil }
        await collection.stop(changed)
        inForce = new
        for name in changed {
            if let holding = held[name] { start(holding) }
        }
        // Only integrations that this host does not hold are removed now. Those that it holds are removed after they have been handed over.
        let others = change.changed.map(\.integration).filter { held[$0.name.text] == nil }
        let ended = change.removed.map(\.text) + others.filter { !$0.isCollected }.map(\.name.text)
        for name in ended where held[name] == nil { factory.remove(name) }
        StandbyIntegrations(board: board).add(change.added + others)
        await membership?.use(inForce.integrations)
    }

    // MARK: Moves and reloads

    private func beginMove() async {
        while isReloading { await nextTurn() }
        moves += 1
    }

    private func endMove() {
        moves -= 1
        wake()
    }

    func beginReload() async {
        while isReloading || moves > 0 { await nextTurn() }
        isReloading = true
    }

    func endReload() {
        isReloading = false
        wake()
    }

    private func nextTurn() async { await withCheckedContinuation { waiting.append($0) } }

    private func wake() {
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

/// Shows integrations that another host of the fleet collects, or that no host collects yet.
struct StandbyIntegrations {
    let board: StatusBoard

    func add(_ integrations: [Configuration.Integration]) {
        for integration in integrations where integration.isCollected {
            guard let ingest = integration.dataIngest else { continue }
            let entry = StatusBoard.Entry(integration, ingest, health: IntegrationHealth(since: WallClock.now()))
            // `add` keeps the health of an integration that is already shown, so the state is set after `add`.
            board.update(board.add(entry)) { $0.standby(at: WallClock.now()) }
        }
    }
}

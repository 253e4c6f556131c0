import Configuration

/// Adds paused integrations to the status, next to those that are collected.
struct PausedIntegrations {
    let board: StatusBoard

    /// Adds the paused integrations of a configuration.
    func add(_ integrations: [Configuration.Integration]) {
        for integration in integrations where integration.paused {
            guard let ingest = integration.dataIngest else { continue }
            var health = IntegrationHealth(since: WallClock.now())
            health.opened()
            health.pausedByOperator(at: WallClock.now())
            board.add(StatusBoard.Entry(integration, ingest, health: health))
        }
    }

    /// Removes the integrations that were paused in one configuration and are not paused in the next one.
    func remove(_ integrations: [Configuration.Integration], unlessIn new: [Configuration.Integration]) {
        let still = Set(new.filter(\.paused).map(\.name))
        for integration in integrations where integration.paused && !still.contains(integration.name) {
            board.remove(integration.name.text)
        }
    }
}

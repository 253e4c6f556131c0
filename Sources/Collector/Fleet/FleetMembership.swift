import Configuration
import Fleet
import Logging
import ServiceLifecycle

/// This host's membership in its fleet, as a service. It takes and releases integrations until the daemon stops, and updates the status board.
/// It stops after the collection, so that this host still holds its integrations during the last seals. Other hosts take over only afterwards.
final class FleetMembership: Service {
    /// How often the status board is updated.
    static let look = Duration.seconds(1)

    private let keeper: LeaseKeeper
    private let board: StatusBoard

    /// - Parameter reloader: notified when this host gains or loses an integration.
    init(
        _ fleet: Configuration.Fleet, store: any LeaseStore, integrations: [Configuration.Integration],
        reloader: Reloader, board: StatusBoard, logger: Logger
    ) {
        self.board = board
        keeper = LeaseKeeper(
            store: store, fleet: fleet.name.text, host: fleet.host, version: Version.current,
            integrations: Self.names(integrations), ttl: fleet.lease.ttl.duration, observer: reloader, logger: logger)
    }

    /// The time until which this host may query Okta.
    var term: LeaseTerm { keeper.term }

    /// Sets the configured integrations. This host hands over integrations that are no longer configured.
    func use(_ integrations: [Configuration.Integration]) async {
        await keeper.use(integrations: Self.names(integrations))
    }

    func run() async throws {
        await withTaskGroup { group in
            group.addTask { await self.keeper.run() }
            group.addTask { await self.show() }
            group.addTask {
                try? await gracefulShutdown()
                await self.keeper.stop()
            }
            // The keeper's task ends when the keeper has been stopped.
            await group.next()
            await keeper.stop()
            group.cancelAll()
        }
    }

    private func show() async {
        while !Task.isCancelled {
            let snapshot = await keeper.snapshot()
            board.updateFleet { $0?.update(snapshot) }
            try? await Task.sleep(for: Self.look)
        }
    }

    private static func names(_ integrations: [Configuration.Integration]) -> Set<String> {
        Set(integrations.filter(\.isCollected).map(\.name.text))
    }
}

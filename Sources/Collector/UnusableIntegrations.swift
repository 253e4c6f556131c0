import CommandHints
import Configuration
import Logging
import Systemd

/// Makes the status also show the integrations whose configuration can't be used, and logs their problems.
struct UnusableIntegrations {
    let board: StatusBoard
    let logger: Logger

    func add(_ integrations: [Configuration.UnusableIntegration]) {
        let now = WallClock.now()
        for integration in integrations {
            guard let first = integration.problems.first else { continue }
            let more = integration.problems.count > 1 ? " (and \(integration.problems.count - 1) more)" : ""
            var health = IntegrationHealth(since: now)
            health.opened()
            _ = health.troubled(
                IntegrationHealth.Trouble(
                    kind: .configuration, message: "\(first)\(more)",
                    remedy:
                        "Correct the configuration, then `\(CommandHint.reload)`; other integrations are not affected"
                ),
                requestID: nil, nextAttempt: nil, at: now)
            board.add(
                StatusBoard.Entry(
                    name: integration.name, org: integration.org ?? "", credential: "", credentialExpires: nil,
                    health: health))
            for problem in integration.problems {
                logger.announce(
                    .configurationRefused, "\(problem). This integration is not collected; others are not affected.",
                    metadata: [LogKey.integration: "\(integration.name)"])
            }
        }
    }
}

import Configuration
import Credentials
import Logging
import ServiceLifecycle
import Synchronization
import Systemd

/// Records when Okta last accepted each credential. Logs a warning 30, 7 and 1 days before a credential expires, and when an API token has not been
/// used for 25 days.
final class CredentialWatch: Service {
    /// How often this service records which credentials Okta accepts, and checks the expiry dates.
    private static let interval = Duration.seconds(30)

    private let board: StatusBoard
    private let uses: CredentialUses
    private let logger: Logger
    private let configuration: Mutex<Configuration>

    init(_ configuration: Configuration, board: StatusBoard, logger: Logger) {
        self.configuration = Mutex(configuration)
        self.board = board
        self.logger = logger
        uses = CredentialUses(stateDirectory: configuration.stateDirectory)
    }

    /// Replaces the watched credentials with those of another configuration.
    func replace(_ configuration: Configuration) { self.configuration.withLock { $0 = configuration } }

    func run() async throws {
        var warnings = CredentialWarnings()
        repeat {
            for name in board.acceptedCredentials { uses.note(name) }
            for warning in warnings.due(facts()) { logger.announce(.credentialEnds, "\(warning)") }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.interval) }
        } while !Task.isCancelled && !Task.isShuttingDownGracefully
    }

    private func facts() -> [(String, CredentialHealth.Facts)] {
        let today = CalendarDate(secondsSince1970: Int(WallClock.now() / 1000))
        return configuration.withLock(\.credentials).map { credential in
            let name = credential.name.text
            return (
                name,
                CredentialHealth.Facts(
                    type: credential.type, expires: credential.expires, today: today,
                    lastUseDay: uses.lastUse(of: name).map { $0 / 86_400 }, isUsed: true)
            )
        }
    }
}

import Configuration
import Logging
import Systemd

/// Logs when this host starts and stops taking part in the fleet, and when it starts and stops draining. While a host can't take part, it logs the
/// reason every ten minutes.
final class LeaseVoice {
    private static let repetition = Duration.seconds(600)

    private let fleet: String
    private let host: String
    private let engine: String
    private let ttl: Int64
    private let logger: Logger
    /// When this host stopped taking part in the fleet, or first failed to join it; nil while it takes part.
    private var troubleSince: ContinuousClock.Instant?
    /// When this host last logged that it does not take part; nil while it takes part. While the host waits for its name, this is
    /// an earlier instant, so that the next message comes soon after the end of the lease that has the name.
    private var lastMessage: ContinuousClock.Instant?
    private var hasTakenPart = false
    private var wasDraining = false
    private(set) var isWaitingForName = false

    init(fleet: String, host: String, engine: LeaseType, ttl: Duration, logger: Logger) {
        self.fleet = fleet
        self.host = host
        self.engine = engine.words
        self.ttl = ttl.components.seconds
        self.logger = logger
    }

    func takesPart() {
        isWaitingForName = false
        let after =
            troubleSince.map { "\(hasTakenPart ? " again" : ""), after \(Self.words($0.duration(to: .now)))" } ?? ""
        hasTakenPart = true
        troubleSince = nil
        lastMessage = nil
        logger.announce(
            .fleetJoined,
            "“\(host)” takes part in the fleet “\(fleet)”\(after); leases are stored in \(engine) and expire \(ttl) s after a renewal"
        )
    }

    /// - Parameter hadLease: false for a standby host, which has no lease.
    func lost(holdings: Int, hadLease: Bool, because problem: String?) {
        troubleSince = .now
        lastMessage = .now
        guard hadLease else {
            logger.announce(
                .fleetLeaseLost,
                """
                “\(host)” has not been able to read the lease of the fleet “\(fleet)” for \(ttl) s and can't take over: \
                \(problem ?? "this process did not run"). This host becomes a standby again as soon as it can read the lease
                """)
            return
        }
        let stopped =
            holdings == 0
            ? "This host held no integrations."
            : "This host has stopped querying Okta for \(Self.integrations(holdings)); other hosts may take over."
        logger.announce(
            .fleetLeaseLost,
            """
            “\(host)” has lost its lease in the fleet “\(fleet)”: \(problem ?? "it was not renewed for \(ttl) s"). \(stopped) It joins \
            again automatically
            """)
    }

    /// Reports that this host can't take part, and why.
    func keptOut(_ problem: LeaseProblem) {
        if case .nameTaken = problem { isWaitingForName = true } else { isWaitingForName = false }
        let now = ContinuousClock.now
        // Right after a crash, the name is taken until the lease of the earlier run ends.
        if isWaitingForName, troubleSince == nil {
            troubleSince = now
            lastMessage = now - Self.repetition + .seconds(ttl + 2)
            logger.info(
                """
                “\(host)” can't join the fleet “\(fleet)” yet: another lease still has this name. If it is from an earlier run, it ends in \
                at most \(ttl) s
                """)
            return
        }
        if let lastMessage, lastMessage.duration(to: now) < Self.repetition { return }
        let before = troubleSince.map { " (for \(Self.words($0.duration(to: now))) now)" } ?? ""
        troubleSince = troubleSince ?? now
        lastMessage = now
        logger.announce(
            .fleetLeaseLost,
            "“\(host)” can't take part in the fleet “\(fleet)” and collects nothing\(before): \(problem.words). Tributary retries every second"
        )
    }

    func isDraining(_ isDraining: Bool, holdings: Int) {
        guard isDraining != wasDraining else { return }
        wasDraining = isDraining
        if isDraining {
            let handsOver = holdings == 0 ? "" : "hands over \(Self.integrations(holdings)) and "
            logger.announce(
                .fleetDraining,
                """
                “\(host)” drains, as requested by “tributary fleet drain”: it \(handsOver)takes no new integrations until you run \
                “tributary fleet undrain \(host)”
                """)
        } else {
            logger.announce(
                .fleetJoined, "“\(host)” takes integrations again, as requested by “tributary fleet undrain”")
        }
    }

    private static func integrations(_ count: Int) -> String { count == 1 ? "1 integration" : "\(count) integrations" }

    private static func words(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        return seconds < 120 ? "\(seconds) s" : "\(seconds / 60) min"
    }
}

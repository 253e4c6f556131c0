import Collector

/// Answers the two health checks. “Live” tells a program whether to restart the daemon; “ready” tells a program whether the daemon can be used yet.
/// This type only computes the answers, without side effects.
struct HealthCheck: Sendable {
    static let longestSilence = Duration.seconds(StatusReport.longestSilence)

    var snapshot: Snapshot?
    /// The time since the daemon's last report.
    var silence: Duration

    /// Why the daemon should be restarted; nil while all its parts make progress. An unreachable org is not a reason.
    var whyNotLive: String? {
        guard let snapshot else { return silence > Self.longestSilence ? "no report yet" : nil }
        if let stuck = snapshot.report.stuck { return stuck.words }
        return silence > Self.longestSilence ? "no report for \(silence.components.seconds) s" : nil
    }

    /// Why the daemon is not ready; nil if the daemon is ready. The daemon is ready from the moment at which the spool is recovered and collection
    /// runs, until the daemon begins to stop.
    var whyNotReady: String? {
        if let whyNotLive { return whyNotLive }
        guard let snapshot else { return "starting" }
        if let waiting = snapshot.report.waiting { return "waiting to start: \(waiting.message)" }
        return snapshot.isReady ? nil : "starting or stopping"
    }
}

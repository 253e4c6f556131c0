import Collector

/// Whether the daemon lives, and whether it is ready, for programs that restart it or wait for it. A plain value.
struct HealthCheck: Sendable {
    static let longestSilence = Duration.seconds(StatusReport.longestSilence)

    var snapshot: Snapshot?
    /// Since the last report.
    var silence: Duration

    /// Nil while every part of the daemon makes progress. An org that can't be reached is no reason to restart.
    var whyNotLive: String? {
        guard let snapshot else { return silence > Self.longestSilence ? "no report yet" : nil }
        if let stuck = snapshot.report.stuck { return stuck.words }
        return silence > Self.longestSilence ? "no report for \(silence.components.seconds) s" : nil
    }

    /// Nil once the spool is recovered and collection runs, until the daemon stops.
    var whyNotReady: String? {
        if let whyNotLive { return whyNotLive }
        guard let snapshot else { return "starting" }
        if let waiting = snapshot.report.waiting { return "waiting to start: \(waiting.message)" }
        return snapshot.isReady ? nil : "starting or stopping"
    }
}

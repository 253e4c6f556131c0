import Collector
import Delivery

/// The daemon's state at one moment, from which the metrics and `/status.json` are made.
struct Snapshot: Sendable {
    var report: StatusReport
    /// Whether the spool is recovered and collection runs.
    var isReady: Bool
    var destinations: [DestinationStatus] = []
    var process: ProcessFigures?
}

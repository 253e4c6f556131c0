import Collector
import Delivery

/// The daemon's state at one moment: the only source of the metrics and the status page.
struct Snapshot: Sendable {
    var report: StatusReport
    /// Whether the spool is recovered and collection runs.
    var isReady: Bool
    var destinations: [DestinationStatus] = []
    var process: ProcessFigures?
}

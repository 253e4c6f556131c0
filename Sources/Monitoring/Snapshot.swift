import Collector
import Delivery

/// What is known of the daemon at one moment: everything that the metrics and the status page say comes from here.
struct Snapshot: Sendable {
    var report: StatusReport
    /// Whether the spool is recovered and collection runs.
    var isReady: Bool
    var destinations: [DestinationStatus] = []
    var process: ProcessFigures?
}

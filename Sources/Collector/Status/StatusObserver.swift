import Configuration
import ServiceLifecycle

/// A service that shows the daemon's state to the outside, for example on the status page. It starts before collection starts, and ends after
/// collection has ended.
package protocol StatusObserver: Service {
    /// Called with each of the daemon's reports: usually once a second, more often during the start, less often with very many integrations. Must
    /// return soon.
    ///
    /// - Parameter isReady: whether the daemon's start has finished (`READY=1`). False again when the daemon stops.
    func reported(_ report: StatusReport, isReady: Bool)

    /// Called after a reload, with the configuration that is now in force.
    func inForce(_ configuration: Configuration)
}

import Configuration
import ServiceLifecycle

/// A service of the daemon that shows its state to the outside, such as the status page. It starts before collection starts, and ends after
/// collection has ended.
package protocol StatusObserver: Service {
    /// Called with the daemon's report once a second, or less often with very many integrations. Must return soon.
    ///
    /// - Parameter isReady: whether the spool has been recovered and collection runs. False again when the daemon stops.
    func reported(_ report: StatusReport, isReady: Bool)

    /// Called after a reload with the configuration that is now in force.
    func inForce(_ configuration: Configuration)
}

import Configuration
import CurlHTTPClient
import Fleet
import FoundationEssentials
import Logging

/// The fleet's bucket and leases, which a daemon needs before it opens its spool.
struct FleetStart: Sendable {
    let fleet: Configuration.Fleet
    let seals: SealLog
    let store: any LeaseStore

    /// Creates the clients of the bucket and the leases. No connection is opened yet.
    ///
    /// - Throws: `Daemon.StartError.configuration` if a configured file, such as a CA file, can't be used.
    init(_ fleet: Configuration.Fleet, network: Configuration.Network, logger: Logger) throws(Daemon.StartError) {
        self.fleet = fleet
        do throws(TransportError) {
            let access = try FleetAccess(
                fleet, network: network, userAgent: Version.userAgent,
                environment: ProcessInfo.processInfo.environment, logger: logger)
            seals = access.seals
            store = access.leases
        } catch {
            throw .configuration(error.description)
        }
    }

    /// Tests the bucket, and returns the id of the fleet's spool.
    func spoolID() async throws(Daemon.StartError) -> [UInt8] {
        do throws(FleetSpoolProblem) {
            return try await seals.open(fleet: fleet.name.text)
        } catch {
            switch error {
            case .notYet(let words): throw .fleet(words)
            case .refused(let words): throw .configuration(words)
            }
        }
    }
}

import ArgumentParser
import Collector
import Configuration
import CurlHTTPClient
import Fleet
import FoundationEssentials
import Logging

struct FleetGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet",
        abstract: "Show the hosts of the fleet, and take a host out of service.",
        discussion: """
            These commands use etcd or the fleet's bucket directly, so they work on each host of the fleet, even without a running daemon. \
            They need the certificates for etcd, or the bucket's access key: run them as root or as the service's user.

            Example: upgrade a host without a gap
              sudo tributary fleet drain --wait
              sudo apt-get install --only-upgrade tributary
              sudo tributary fleet undrain
            """,
        subcommands: [FleetStatus.self, FleetCheck.self, FleetDrain.self, FleetUndrain.self])
}

/// The configured fleet with the clients of its stores.
struct FleetConnection {
    let configuration: Configuration
    let fleet: Configuration.Fleet
    let access: FleetAccess

    /// Mistakes outside the sections `fleet` and `network` are reported, but the command can still show the fleet or drain a host.
    ///
    /// - Throws: exit code 78, with a message, if there is no fleet or a file can't be used.
    init(_ options: ConfigurationOptions) throws {
        let found = FoundConfiguration(options)
        if let refusal = found.refusal { Terminal.complain(refusal.description) }
        guard let configuration = found.readable, found.refusal == nil || configuration.fleet != nil else {
            throw ExitStatus.configuration
        }
        try self.init(configuration)
    }

    /// - Throws: exit code 78, with a message, if there is no fleet or a file can't be used.
    init(_ configuration: Configuration) throws {
        self.configuration = configuration
        guard let fleet = configuration.fleet else {
            Terminal.complain("tributary: this host does not belong to a fleet: the configuration has no section fleet")
            throw ExitStatus.configuration
        }
        self.fleet = fleet
        do throws(TransportError) {
            access = try FleetAccess(
                fleet, network: configuration.network, userAgent: Version.userAgent,
                environment: ProcessInfo.processInfo.environment,
                logger: Logger(label: "tributary") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            Terminal.complain("tributary: \(error.description)")
            throw ExitStatus.configuration
        }
    }

    /// The names of the configured integrations that are collected.
    var integrations: Set<String> { Set(configuration.integrations.filter(\.isCollected).map(\.name.text)) }

    /// Reads the present state of the fleet.
    func observe() async throws -> FleetObservation {
        try await call { store throws(LeaseProblem) in try await store.observe(integrations) }
    }

    /// The newest seal of each of these integrations, if there is one. Several seals are read at the same time.
    ///
    /// - Throws: exit code 69, with a message.
    func seals(of names: [String]) async throws -> [String: SealDecision] {
        let log = access.seals
        let atOnce = 16
        do {
            return try await withThrowingTaskGroup(of: [SealDecision].self) { group in
                for first in 0..<min(atOnce, names.count) {
                    group.addTask {
                        var found: [SealDecision] = []
                        for index in stride(from: first, to: names.count, by: atOnce) {
                            if let seal = try await log.newest(names[index]) { found.append(seal) }
                        }
                        return found
                    }
                }
                return try await group.reduce(into: [:]) { all, found in
                    for seal in found { all[seal.integration] = seal }
                }
            }
        } catch {
            Terminal.complain("tributary: \(error)")
            throw ExitStatus.unavailable
        }
    }

    /// Runs a call to the store of the leases.
    ///
    /// - Throws: exit code 69 or 77, with a message.
    func call<Result>(_ body: (any LeaseStore) async throws(LeaseProblem) -> Result) async throws -> Result {
        do throws(LeaseProblem) {
            return try await body(access.leases)
        } catch {
            Terminal.complain("tributary: \(error.words)")
            if case .refused = error { throw ExitStatus.noPermission }
            throw ExitStatus.unavailable
        }
    }
}

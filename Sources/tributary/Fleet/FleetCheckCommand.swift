import ArgumentParser
import Configuration
import Delivery
import Fleet

struct FleetCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Try out the fleet's bucket and its leases.",
        discussion: """
            Asks for an access key, writes a small object twice, of which the store must refuse the second, removes it, and reads the leases. Ends with \
            69 at the first step that fails. `tributary check --online` does the same after the orgs.

            Example:
              sudo tributary fleet check
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        guard await FleetTrial(try FleetConnection(options)).tell() else { throw ExitStatus.unavailable }
    }
}

/// Tries out what a fleet rests on, and says each step.
struct FleetTrial {
    private let connection: FleetConnection

    init(_ connection: FleetConnection) { self.connection = connection }

    /// Whether every step is good.
    func tell() async -> Bool {
        let bucket = connection.access.bucket
        var steps = await S3Destination(S3Destination.Settings(address: bucket.address, encryption: nil), bucket)
            .check()
        if steps.allSatisfy(\.isGood) { steps.append(await lease()) }
        for step in steps {
            for line in step.lines(.output) { Terminal.result(line) }
        }
        return steps.allSatisfy(\.isGood)
    }

    private func lease() async -> DestinationStep {
        do throws(LeaseProblem) {
            let seen = try await connection.access.leases.observe(connection.integrations)
            let hosts = seen.hosts.count == 1 ? "1 host takes part" : "\(seen.hosts.count) hosts take part"
            return DestinationStep("lease", "\(connection.fleet.lease.type.rawValue) answers: \(hosts)")
        } catch {
            return DestinationStep("lease", error.words, remedy: "Correct fleet.lease")
        }
    }
}

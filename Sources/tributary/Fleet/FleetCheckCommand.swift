import ArgumentParser
import CommandHints
import Configuration
import Delivery
import Fleet

struct FleetCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Test the fleet's bucket and its leases.",
        discussion: """
            Gets an access key, writes a small object twice (the store must refuse the second write), removes it, and reads the leases. Exits with \
            69 at the first step that fails. `tributary check --online` does the same after it has tested the orgs.

            Example:
              sudo tributary fleet check
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        guard await FleetTrial(try FleetConnection(options)).tell() else { throw ExitStatus.unavailable }
    }
}

/// Tests the fleet's bucket and leases, and prints the result of each step.
struct FleetTrial {
    private let connection: FleetConnection

    init(_ connection: FleetConnection) { self.connection = connection }

    /// Runs the steps and prints them. Returns whether all succeeded.
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
            let hosts = "\(seen.hosts.count, "host takes part", "hosts take part")"
            return DestinationStep("lease", "\(connection.fleet.lease.type.rawValue) answers: \(hosts)")
        } catch {
            return DestinationStep("lease", error.words, remedy: "Correct fleet.lease")
        }
    }
}

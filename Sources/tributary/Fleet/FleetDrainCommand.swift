import ArgumentParser
import Collector
import CommandHints
import Configuration
import Fleet

struct FleetDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Make a host hand over its integrations and take no others.",
        discussion: """
            The host seals the records of each integration and hands the integration over to another host, so that no page is requested twice. The \
            host takes no integrations until “tributary fleet undrain”, even if it restarts.

            Exits with 0 when the request to drain is stored (with --wait: when the host has handed everything over). Exits with 69 if etcd or the \
            bucket can't be reached, or if the host has not handed everything over within --timeout.

            Example:
              sudo tributary fleet drain --wait
              sudo tributary fleet drain collector-2
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The host's name in the fleet; this host by default.")
    var host: String?

    @Flag(help: "Wait until the host has handed everything over.")
    var wait = false

    @Option(help: ArgumentHelp("How long --wait may take.", valueName: "seconds"))
    var timeout: Int = 600

    func validate() throws {
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout must be from 1 to 86400 seconds") }
    }

    func run() async throws {
        let connection = try FleetConnection(options)
        let host = try connection.host(host)
        try await connection.call { store throws(LeaseProblem) in try await store.setDraining(host, true) }
        var seen = try await connection.observe()
        if !seen.owners.isEmpty, !seen.hosts.contains(where: { $0.key != host && !seen.draining.contains($0.key) }),
            connection.fleet.lease.type.isShared
        {
            Terminal.complain(
                "tributary: no other host of the fleet takes integrations now, so the integrations of “\(host)” are not collected until another host takes them"
            )
        }
        guard !connection.fleet.lease.type.showsEachHost || seen.hosts[host] != nil else {
            return Terminal.result(
                "“\(host)” does not run. When it starts, it will take no integrations. To change that: \(CommandHint.command("fleet undrain \(host)"))"
            )
        }
        guard wait || seen.held(by: host) == 0 else {
            return Terminal.result(
                "“\(host)” is handing over \(Self.words(seen.held(by: host))). Watch the progress with: \(CommandHint.command("fleet status"))"
            )
        }
        let undrain = CommandHint.command("fleet undrain \(host)")
        guard seen.held(by: host) > 0 else {
            return Terminal.result("“\(host)” holds no integrations. It takes none until you run: \(undrain)")
        }
        let end = ContinuousClock.now + .seconds(timeout)
        while seen.held(by: host) > 0 {
            guard ContinuousClock.now < end else {
                Terminal.complain(
                    "tributary: after \(timeout) s, “\(host)” still holds \(Self.words(seen.held(by: host))). See: \(CommandHint.command("fleet status"))"
                )
                throw ExitStatus.unavailable
            }
            try await Task.sleep(for: .milliseconds(500))
            seen = try await connection.observe()
        }
        Terminal.result("“\(host)” has handed everything over. It takes no integrations until you run: \(undrain)")
    }

    private static func words(_ count: Int) -> String { count == 1 ? "1 integration" : "\(count) integrations" }
}

struct FleetUndrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undrain",
        abstract: "Let a host take integrations again.",
        discussion: """
            Withdraws the request of “tributary fleet drain”. If the host runs, it gets its fair share of integrations within seconds; if not, it \
            gets them when it starts.

            Example:
              sudo tributary fleet undrain
              sudo tributary fleet undrain collector-2
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The host's name in the fleet; this host by default.")
    var host: String?

    func run() async throws {
        let connection = try FleetConnection(options)
        let host = try connection.host(host)
        try await connection.call { store throws(LeaseProblem) in try await store.setDraining(host, false) }
        let isRunning = try await connection.observe().hosts[host] != nil
        Terminal.result(
            isRunning || !connection.fleet.lease.type.showsEachHost
                ? "“\(host)” takes integrations again" : "“\(host)” takes integrations when it starts")
    }
}

extension FleetConnection {
    /// The given host's name in the form that the configuration uses; by default, this host's name.
    ///
    /// - Throws: exit code 64, with a message, if the text is not a valid name.
    fileprivate func host(_ given: String?) throws -> String {
        guard let given else { return fleet.host }
        do throws(ValueError) {
            return try Configuration.normalized(given, for: "fleet.host")
        } catch {
            Terminal.complain("tributary: \(error.message)\(error.hint.map { "; \($0)" } ?? "")")
            throw ExitStatus.usage
        }
    }
}

extension FleetObservation {
    /// The number of integrations that a host holds.
    func held(by host: String) -> Int { owners.values.count { $0.host == host } }
}

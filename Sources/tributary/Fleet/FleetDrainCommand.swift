import ArgumentParser
import Collector
import Configuration
import Fleet

struct FleetDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Have a host hand over what it collects, and take nothing more.",
        discussion: """
            The host seals each integration and hands it over to the other hosts, so that no page is requested twice. The request stays, also when \
            the host restarts, until “tributary fleet undrain” takes it back.

            Ends with 0 when the request is stored (with --wait: when the host holds nothing any more), with 69 when etcd or the bucket can't be \
            reached or the time of --wait is over.

            Example:
              sudo tributary fleet drain --wait
              sudo tributary fleet drain collector-2
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The host, by its name in the fleet; without it, this host.")
    var host: String?

    @Flag(help: "Wait until it holds nothing any more.")
    var wait = false

    @Option(help: ArgumentHelp("How long to wait.", valueName: "seconds"))
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
            connection.fleet.lease.type == .etcd
        {
            Terminal.complain(
                "tributary: no other host of the fleet takes part, so nobody collects what “\(host)” hands over, until one does"
            )
        }
        guard connection.fleet.lease.type == .s3 || seen.hosts[host] != nil else {
            return Terminal.result(
                "“\(host)” does not run, and takes nothing when it starts, until: tributary fleet undrain \(host)")
        }
        guard wait else {
            return Terminal.result(
                "“\(host)” hands over \(Self.words(seen.held(by: host))). Watch it with: tributary fleet status")
        }
        let end = ContinuousClock.now + .seconds(timeout)
        while seen.held(by: host) > 0 {
            guard ContinuousClock.now < end else {
                Terminal.complain(
                    "tributary: after \(timeout) s, “\(host)” still holds \(Self.words(seen.held(by: host))). See: tributary fleet status"
                )
                throw ExitStatus.unavailable
            }
            try await Task.sleep(for: .milliseconds(500))
            seen = try await connection.observe()
        }
        Terminal.result("“\(host)” holds nothing any more")
    }

    private static func words(_ count: Int) -> String { count == 1 ? "1 integration" : "\(count) integrations" }
}

struct FleetUndrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undrain",
        abstract: "Let a host take integrations again.",
        discussion: """
            Takes back what “tributary fleet drain” has asked for. The host gets its fair share within seconds if it runs, otherwise when it starts.

            Example:
              sudo tributary fleet undrain
              sudo tributary fleet undrain collector-2
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The host, by its name in the fleet; without it, this host.")
    var host: String?

    func run() async throws {
        let connection = try FleetConnection(options)
        let host = try connection.host(host)
        try await connection.call { store throws(LeaseProblem) in try await store.setDraining(host, false) }
        let isRunning = try await connection.observe().hosts[host] != nil
        Terminal.result(
            isRunning || connection.fleet.lease.type == .s3
                ? "“\(host)” takes integrations again" : "“\(host)” takes integrations when it starts")
    }
}

extension FleetConnection {
    /// A host's name in the form in which the configuration stores it; this host's without one.
    ///
    /// - Throws: exit code 64, with words, for what can't be a name.
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
    /// How many integrations a host holds.
    func held(by host: String) -> Int { owners.values.count { $0.host == host } }
}

import ArgumentParser
import Collector
import Configuration
import Delivery

struct DestinationGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destination",
        abstract: "Add, list, change, test and remove the destinations of deliveries.",
        discussion: """
            Example:
              sudo tributary destination add lake --type s3 --bucket example-lake \\
                --region eu-central-1
              tributary destination list
              tributary destination show lake
              tributary destination check lake
            """,
        subcommands: [
            DestinationAdd.self, DestinationList.self, DestinationShow.self, DestinationEdit.self,
            DestinationCheck.self, DestinationRemove.self,
        ])
}

struct DestinationList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the configured destinations.",
        discussion: """
            If the configuration has mistakes, the command lists the destinations that can be read, then the mistakes, and exits with 78.

            Example:
              tributary destination list
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "As JSON.") var json = false

    func run() throws {
        let found = FoundConfiguration(options)
        let rows = (found.readable?.destinations ?? []).map { DestinationDescription($0) }
        if json {
            Terminal.result(try DestinationDescription.json(rows))
        } else {
            for row in rows { Terminal.result("\(row.name)  \(row.place), \(row.guarantee.words)") }
        }
        guard let refusal = found.refusal else { return }
        Terminal.complain(refusal.description)
        throw ExitStatus.configuration
    }
}

struct DestinationShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a destination, the unit that delivers to it, and the policy that its access key needs.",
        discussion: """
            Example:
              tributary destination show lake
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The destination, by its name in the configuration.", completion: .names(of: .destinations))
    var name: String

    @Flag(help: "As JSON.") var json = false

    func run() throws {
        let destination = try options.destination(name)
        let description = DestinationDescription(destination)
        if json { return Terminal.result(try description.json()) }
        Terminal.result("\(destination.name)  \(destination.place), \(destination.guarantee.words)")
        if let words = destination.description { Terminal.result(words) }
        description.tell()
    }
}

struct DestinationCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Test a destination step by step.",
        discussion: """
            With type s3, the test writes a small object twice (the store must refuse the second write), and deletes the object if the access key \
            allows that. With type http, it sends a request that stores nothing. With type exec, it only checks whether the command can be run. Run \
            this as the delivery's user: sudo -u tributary-deliver. Exits with 69 if a step fails.

            Example:
              tributary destination check lake
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The destination, by its name in the configuration.", completion: .names(of: .destinations))
    var name: String

    func run() async throws {
        let settings = try options.destination(name)
        let steps = try await DestinationTrial.steps(settings, try options.loadedForDestinations().network)
        for line in steps.flatMap({ $0.lines(.output) }) { Terminal.result(line) }
        if !steps.allSatisfy(\.isGood) { throw ExitStatus.unavailable }
    }
}

extension ConfigurationOptions {
    /// Loads the configuration. Mistakes in integrations do not stop the command, because they do not affect destinations.
    fileprivate func loadedForDestinations() throws -> Configuration { try load(context(mistakes: .everyIntegration)) }

    /// The configured destination of this name. If it does not exist, prints a message and throws exit code 78.
    fileprivate func destination(_ name: String) throws -> Configuration.Destination {
        let configuration = try loadedForDestinations()
        guard let destination = configuration.destination(named: name) else {
            Terminal.complain("tributary: \(DeliveryDaemon.unknown(name, configuration))")
            throw ExitStatus.configuration
        }
        return destination
    }
}

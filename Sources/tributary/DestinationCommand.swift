import ArgumentParser
import Collector
import Configuration
import Delivery
import FoundationEssentials
import Logging

struct DestinationGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destination",
        abstract: "List the configured destinations, show what one needs, and try one out.",
        discussion: """
            Example:
              tributary destination list
              tributary destination show lake
              tributary destination check lake
            """,
        subcommands: [DestinationList.self, DestinationShow.self, DestinationCheck.self])
}

struct DestinationList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The configured destinations, a line each.",
        discussion: """
            Example:
              tributary destination list
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        for destination in try options.load().destinations { print("\(destination.name)  \(destination.place)") }
    }
}

struct DestinationShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "A destination, the unit that runs it, and the policy that its access key needs.",
        discussion: """
            Example:
              tributary destination show lake
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The destination, by its name in the configuration.", completion: .names(of: .destinations))
    var name: String

    func run() throws {
        let destination = try options.destination(name)
        print("\(destination.name)  \(destination.place)")
        if let description = destination.description { print(description) }
        print("\nStart it:\n  systemctl enable --now \(destination.unit)")
        guard destination.type == .s3, let bucket = destination.bucket else { return }
        if destination.credentials == .static { print("\nIts access key is read from \(destination.secretFile)") }
        guard destination.endpoint == nil else { return }
        // AWS's partitions: China and the American government have their own.
        let region = destination.region ?? ""
        let partition = region.hasPrefix("cn-") ? "aws-cn" : region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
        let objects = "arn:\(partition):s3:::\(bucket)/\(destination.prefix.map { $0 + "/" } ?? "")*"
        print(
            """

            The policy that its access key or role needs:
              {
                "Version": "2012-10-17",
                "Statement": [
                  {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "\(objects)"}
                ]
              }
            """)
    }
}

struct DestinationCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Try a destination out, step by step.",
        discussion: """
            Stores a small object in the bucket twice, of which the second must be refused, and removes it if the access key may. Of a \
            command it only says whether it can be run. Run it as the delivery's user: sudo -u tributary-deliver. Ends with 69 when a step fails.

            Example:
              tributary destination check lake
            """)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The destination, by its name in the configuration.", completion: .names(of: .destinations))
    var name: String

    func run() async throws {
        let settings = try options.destination(name)
        let factory = DestinationFactory(
            environment: ProcessInfo.processInfo.environment, userAgent: Version.userAgent,
            logger: Logger(label: "tributary") { _ in SwiftLogNoOpLogHandler() })
        let network = try options.load().network
        let destination: any Destination
        do throws(DestinationProblem) {
            destination = try factory.make(settings, network: network)
        } catch {
            Terminal.complain("tributary: \(error)")
            throw ExitStatus.configuration
        }
        let steps = await destination.check()
        let terminal = Terminal.output
        for step in steps {
            print("\(step.remedy == nil ? terminal.green("✔") : terminal.red("✘")) \(step.name)  \(step.found)")
            if let remedy = step.remedy { print("  \(remedy)") }
        }
        if steps.contains(where: { $0.remedy != nil }) { throw ExitStatus.unavailable }
    }
}

extension ConfigurationOptions {
    /// One of the configured destinations; exit code 78, with words, for another name.
    fileprivate func destination(_ name: String) throws -> Configuration.Destination {
        let configuration = try load()
        guard let destination = configuration.destination(named: name) else {
            Terminal.complain("tributary: \(DeliveryDaemon.unknown(name, configuration))")
            throw ExitStatus.configuration
        }
        return destination
    }
}

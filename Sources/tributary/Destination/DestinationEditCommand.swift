import ArgumentParser
import CLinux
import Collector
import CommandHints
import Configuration
import Setup

struct DestinationEdit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change a destination by flags; an empty value removes a key.",
        discussion: """
            The command changes only the affected lines of the file that declares the destination; comments stay. The name can't be changed, because \
            the destination's position in the spool is stored under this name. The changed destination is tested before it is saved. A running \
            delivery uses the change after a reload of its unit; the command shows how.

            Example:
              sudo tributary destination edit lake --concurrency 8
              sudo tributary destination edit lake --description ''
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The destination.", completion: .names(of: .destinations)) var name: String
    @OptionGroup var fields: DestinationFields
    @Flag(help: "Save without a test.") var noCheck = false
    @Flag(help: "Do not reload the running daemon.") var noReload = false

    func run() async throws {
        tributary_guard_memory()
        let administration = Administration(configuration: options.config)
        try await administration.attempt {
            let interruption = Interruption.watch()
            guard !fields.isEmpty else {
                throw ValidationError(
                    "nothing to change: give at least one flag; see tributary destination edit --help")
            }
            try administration.requireWriting()
            var edit = try ConfigurationEdit(of: administration.path)
            let present = try edit.load(administration.context)
            let before = try present.knownDestination(name)
            var record = DestinationRecord(name: before.name)
            try fields.apply(to: &record)
            let configuration = try edit.change(to: record, present: present, administration.context)
            let destination = try configuration.knownDestination(name)
            guard destination != before else { return Terminal.result("nothing was changed") }
            if !noCheck {
                let delivery = administration.with(.deliver(destination.name))
                let secret =
                    DestinationTrial.needsSecret(destination)
                    ? try delivery.keeper.secret(of: destination.name) : nil
                let steps = try await DestinationTrial(of: destination, administration).steps(
                    destination, network: configuration.network, secret: secret)
                for line in steps.flatMap({ $0.lines(.output) }) { Terminal.complain(line) }
                guard steps.allSatisfy(\.isGood) else {
                    Terminal.complain("tributary: nothing was changed; --no-check saves the change without a test")
                    throw ExitStatus.unavailable
                }
            }
            let outcome = try await ChangeInForce(
                administration: administration, interruption: interruption, reloads: !noReload
            ).apply(edit, configuration)
            Terminal.result(outcome.words("\(name) is changed"))
            Terminal.complain(
                destination.unit == before.unit
                    ? "  if the delivery is running, apply the change with: systemctl reload \(destination.unit)"
                    : "  the delivery has a new unit; replace the old unit with: systemctl disable --now \(before.unit); systemctl enable --now \(destination.unit)"
            )
        }
    }
}

extension Configuration {
    /// The destination with this name.
    ///
    /// - Throws: exit code 66, with a message, if no destination has this name.
    func knownDestination(_ text: String) throws -> Destination {
        if let destination = destination(named: text) { return destination }
        Terminal.complain(
            "tributary: there is no destination \(LiteralSecret.quoted(text)); see \(CommandHint.command("destination list"))"
        )
        throw ExitStatus.noInput
    }
}

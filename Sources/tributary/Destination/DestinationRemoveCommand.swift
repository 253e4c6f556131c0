import ArgumentParser
import CommandHints
import Configuration
import Credentials
import Delivery
import Setup

struct DestinationRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a destination and its secret from the configuration.",
        discussion: """
            Stop the destination's unit first. Delivered data stays at the destination. The destination's position in the spool stays, too: segments \
            after it are not deleted until you remove the position with `tributary spool ack --loader NAME --remove`.

            Example:
              sudo systemctl disable --now tributary-deliver@lake
              sudo tributary destination remove lake
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The destination.", completion: .names(of: .destinations)) var name: String
    @Flag(help: "Do not ask for confirmation.") var yes = false
    @Flag(help: "Do not remove the destination's secret.") var keepSecret = false
    @Flag(help: "Do not reload the running daemon.") var noReload = false

    func run() async throws {
        let administration = Administration(configuration: options.config)
        try await administration.attempt {
            let interruption = Interruption.watch()
            try administration.requireWriting()
            var edit = try ConfigurationEdit(of: administration.path)
            let present = try edit.load(administration.context)
            let destination = try present.knownDestination(name)
            let isRunning = DestinationStatus.all(present).contains { $0.name == destination.name.text && $0.isRunning }
            guard !isRunning else {
                Terminal.complain(
                    "tributary: a delivery to \(name) is running; stop it first: systemctl disable --now \(destination.unit)"
                )
                throw ExitStatus.unavailable
            }
            let dialogue = yes ? nil : Dialogue(interruption)
            guard yes || dialogue != nil else { throw ValidationError("--yes is required without a terminal") }
            if try dialogue?.confirm("Remove \(name), \(destination.place)?", standard: false) == false {
                return Terminal.complain("nothing was changed")
            }
            let configuration = try edit.removeDestination(
                destination.name, present: present, administration.context)
            let outcome = try await ChangeInForce(
                administration: administration, interruption: interruption, reloads: !noReload
            ).apply(edit, configuration)
            Terminal.result(outcome.words("\(name) is removed"))
            if !keepSecret { removeSecret(of: destination.name, administration.with(.deliver(destination.name))) }
            Terminal.complain(
                "  segments that were not delivered are kept until you remove the destination's position: "
                    + CommandHint.command("spool ack --loader \(name) --remove")
            )
        }
    }

    /// Removes the secret. The destination is already removed, so a failure is only reported.
    private func removeSecret(of name: Name, _ delivery: Administration) {
        do {
            if try delivery.keeper.remove(name) {
                Terminal.complain("  the secret of \(name) is removed, too; revoke it at the destination")
            }
        } catch {
            Terminal.complain(
                "warning: the change is in force, but the secret is still in \(delivery.directories.source): \(error)")
        }
    }
}

import ArgumentParser
import CLinux
import Collector
import Configuration
import Credentials
import FoundationEssentials
import Glibc
import Setup

struct IntegrationAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Set an org up: asks for what it needs, tries it, saves it, and waits for the first events.",
        discussion: """
            On a terminal it asks for what the flags do not say: name, description, address, credential, how far back, and once for your \
            domains and IP ranges. A credential that is stored is offered; a new API token is typed without being shown, and for a new \
            service app a key is made. Without a terminal it never asks: the secret of a new credential comes on standard input. What it \
            writes is conf.d/NAME.yaml.

            Before it is saved, nothing is changed if a step fails or on Ctrl-C. After that it stays saved: Ctrl-C ends only the waiting for \
            the first events.

            Ends with 0 when the integration collects, no daemon runs, or Ctrl-C ended the waiting; 64 for what is missing or wrong in the \
            flags, 65 if the name is taken, 69 when the org does not answer, 77 when Okta refuses the credential, 78 when the configuration \
            is refused, 130 on Ctrl-C before it is saved. It also ends with 69 when no events come in time or the service does not start: \
            then it stays saved. With --json a failure is a document, too: its state is not_saved, and problem says why.

            Example:
              sudo tributary integration add
              sudo tributary integration add acme --url acme.okta.com < token
              sudo tributary integration add beta --url beta.okta.com --credential acme-read
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "Lower-case letters, digits and -; it appears in status, journal and the spool's paths.")
    var name: String?
    @OptionGroup var fields: IntegrationFields
    @OptionGroup(title: "A new credential") var newCredential: NewCredentialOptions
    @OptionGroup(title: "My domains and IPs") var network: NetworkFields
    @Flag(help: "Save it without trying it at the org.") var noCheck = false
    @Flag(help: "Do not reload the running daemon.") var noReload = false
    @Flag(help: "If the service does not run, start it now and at every boot.") var enable = false
    @Flag(help: "Never ask, even on a terminal.") var noInput = false
    @Option(help: "How long to wait for the first events; 0s does not wait.") var wait = "60s"
    @Flag(help: "The result as JSON.") var json = false

    func run() async throws {
        tributary_guard_memory()
        try await Failure.documented(json, name: name) { try await add() }
    }

    private func add() async throws {
        let administration = Administration(configuration: options.config)
        let patience = try Self.duration(wait, "--wait")
        try await administration.attempt {
            let interruption = Interruption.watch()
            let dialogue = noInput ? nil : Dialogue(interruption)
            if enable { try Self.requireService(administration) }
            try administration.requireWriting()
            let edit = try ConfigurationEdit(of: administration.path)
            let present = try edit.load(administration.context)
            var setup = IntegrationSetup(
                administration: administration, present: present, edit: edit, fields: fields,
                newCredential: newCredential, network: network, dialogue: dialogue, interruption: interruption)
            let request = try await setup.prepare(name: name, checks: !noCheck)
            let outcome = try await ChangeInForce(
                administration: administration, interruption: interruption, reloads: !noReload
            ).apply(request.edit, request.configuration, credentials: request.credentials, adding: request.record.name)
            // The keys that `credential add` has made are in use now.
            for credential in request.credentials { Self.removeMadeKey(credential) }
            try await IntegrationStart(
                request: request, administration: administration, dialogue: dialogue, interruption: interruption,
                patience: patience, enables: enable, json: json
            ).finish(outcome)
        }
    }

    /// - Throws: where `--enable` could do nothing.
    private static func requireService(_ administration: Administration) throws {
        guard administration.isInstalled else {
            throw ValidationError(
                "--enable starts the service, which never runs with another --config: leave one of them out")
        }
        guard geteuid() == 0 else { throw ValidationError("--enable needs root: run this with sudo") }
        guard InstalledUnit.find() != nil else {
            throw ValidationError("--enable: this host has no \(InstalledUnit.name) to start; leave --enable out")
        }
    }

    /// It is saved by now: what goes wrong here is only said.
    private static func removeMadeKey(_ credential: NewCredential) {
        let keeper = credential.administration.keeper
        let name = credential.record.name
        do {
            try keeper.removeNext(for: name)
            guard try keeper.next(for: name) == nil else { throw CredentialFileError("it can't be removed") }
        } catch {
            Terminal.complain(
                "warning: the change is in force, but the file .\(name).next is still in \(credential.administration.directories.source): \(error)"
            )
        }
    }

    static func duration(_ text: String, _ flag: String) throws -> Duration {
        do throws(ValueError) {
            return try ConfigurationDuration(parsing: text).duration
        } catch {
            throw ValidationError("\(flag): \(error)")
        }
    }
}

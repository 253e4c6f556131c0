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
        abstract: "Set up an org: ask for missing values, test them, save them, and wait for the first events.",
        discussion: """
            On a terminal, the command asks for values that the flags do not give: name, description, address, credential, and how far back to \
            begin. The first time, it also asks for your domains and IP ranges. It offers stored credentials. A new API token is typed without \
            being shown; for a new service app, the command makes a key. Without a terminal, the command never asks, and reads the secret of a new \
            credential from standard input. It writes conf.d/NAME.yaml.

            If a step fails or you press Ctrl-C before the integration is saved, nothing is changed. A saved integration stays saved: Ctrl-C then \
            only ends the wait for the first events.

            Exits with 0 if the integration collects, no daemon runs, or Ctrl-C ended the wait; with 64 for missing or wrong flags, 65 if the name \
            is taken, 69 if the org does not answer, 77 if Okta refuses the credential, 78 if the configuration is refused, and 130 on Ctrl-C \
            before the integration is saved. Also exits with 69 if no events come in time, the integration fails, or the service does not \
            start; the integration then stays saved. With --json, the command prints a document even if it fails: state is then not_saved, and \
            problem says why.

            Example:
              sudo tributary integration add
              sudo tributary integration add acme --url acme.okta.com < token
              sudo tributary integration add beta --url beta.okta.com \\
                --credential acme-read
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(
        help: "A name of lower-case letters, digits and -, used in the status, the journal and the spool's paths.")
    var name: String?
    @OptionGroup var fields: IntegrationFields
    @OptionGroup(title: "A new credential") var newCredential: NewCredentialOptions
    @OptionGroup(title: "My domains and IPs") var network: NetworkFields
    @Flag(help: "Save without a test against the org.") var noCheck = false
    @Flag(help: "Do not reload the running daemon.") var noReload = false
    @Flag(help: "If the service does not run, start it now and at every boot.") var enable = false
    @Flag(help: "Never ask for missing values, even on a terminal.") var noInput = false
    @Option(help: "How long to wait for the first events; with 0s, the command does not wait.") var wait = "60s"
    @Flag(help: "Print the result as JSON.") var json = false

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
            // The new keys are stored as secrets now, so the files in which an earlier `credential add` prepared them are removed.
            for credential in request.credentials { Self.removeMadeKey(credential) }
            try await IntegrationStart(
                request: request, administration: administration, dialogue: dialogue, interruption: interruption,
                patience: patience, enables: enable, json: json
            ).finish(outcome)
        }
    }

    /// Refuses `--enable` if this command can't start the service.
    private static func requireService(_ administration: Administration) throws {
        guard administration.isInstalled else {
            throw ValidationError(
                "--enable starts the service, which always uses the installed configuration: omit --enable or --config")
        }
        guard geteuid() == 0 else { throw ValidationError("--enable needs root: run this with sudo") }
        guard InstalledUnit.find() != nil else {
            throw ValidationError("--enable: this host has no \(InstalledUnit.name) to start; omit --enable")
        }
    }

    /// Removes the file of a prepared key. The integration is already saved, so a failure to remove the key is only reported.
    private static func removeMadeKey(_ credential: NewCredential) {
        let keeper = credential.administration.keeper
        let name = credential.record.name
        do {
            try keeper.removeNext(for: name)
            guard try keeper.next(for: name) == nil else { throw CredentialFileError("the file can't be removed") }
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

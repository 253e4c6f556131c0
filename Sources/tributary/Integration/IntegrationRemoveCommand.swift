import ArgumentParser
import CommandHints
import Configuration
import Credentials
import Glibc
import Setup

struct IntegrationRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove an integration from the configuration; its place in the log and its spool are kept.",
        discussion: """
            Collected records are sealed and stay in the spool. If you add an integration of the same name again, it continues from its place in the \
            log. Credentials that are no longer used can be removed at the same time; revoke them in Okta afterwards.

            Example:
              sudo tributary integration remove acme
              sudo tributary integration remove acme --yes --with-credential
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The integration.", completion: .names(of: .integrations)) var name: String
    @Flag(help: "Do not ask for confirmation.") var yes = false
    @Flag(help: "Also remove its credentials and their secrets, unless something else uses them.") var withCredential =
        false
    @Flag(help: "Do not reload the running daemon.") var noReload = false

    func run() async throws {
        let administration = Administration(configuration: options.config)
        try await administration.attempt {
            let interruption = Interruption.watch()
            try administration.requireWriting()
            var edit = try ConfigurationEdit(of: administration.path)
            let present = try edit.load(administration.context)
            let integration = try present.known(name)
            let dialogue = yes ? nil : Dialogue(interruption)
            guard yes || dialogue != nil else { throw ValidationError("--yes is required without a terminal") }
            if try dialogue?.confirm("Remove \(name), \(integration.url.origin)?", standard: false) == false {
                return Terminal.complain("nothing was changed")
            }
            var configuration = try edit.removeIntegration(
                integration.name, present: present, administration.context)
            let removed = try credentials(of: integration, left: configuration, in: edit, dialogue)
            for credential in removed {
                edit.remove(CredentialRecord.file(of: credential.name, configuration: administration.path))
            }
            configuration = try edit.load(administration.context)
            let outcome = try await ChangeInForce(
                administration: administration, interruption: interruption, reloads: !noReload
            ).apply(edit, configuration)
            for credential in removed { removeSecret(of: credential, administration) }
            Terminal.result(
                outcome.words(
                    "\(name) is removed; its place in the log, its history and its spool are kept"))
            for credential in removed {
                Terminal.complain("  the credential \(credential.name) is removed, too; revoke it in Okta")
            }
        }
    }

    /// The credentials to remove together with the integration: a `tributary` command has created them, nothing else uses them, and the person has
    /// agreed.
    private func credentials(
        of integration: Configuration.Integration, left: Configuration, in edit: ConfigurationEdit,
        _ dialogue: Dialogue?
    ) throws -> [Configuration.Credential] {
        var found: [Configuration.Credential] = []
        for credential in [integration.dataIngest?.credential, integration.responseAction?.credential] {
            guard let credential, !found.contains(credential),
                CredentialTable.users(of: credential.name, in: left).isEmpty
            else { continue }
            guard edit.source(CredentialRecord.file(of: credential.name, configuration: edit.path)) != nil else {
                Terminal.complain(
                    "  nothing uses the credential \(credential.name) any more; remove it from your own configuration file"
                )
                continue
            }
            let goes =
                try withCredential
                || dialogue?.confirm(
                    "Nothing else uses the credential \(credential.name). Remove it, too?", standard: false)
                    ?? false
            if goes {
                found.append(credential)
            } else {
                Terminal.complain(
                    "  nothing uses the credential \(credential.name) any more; remove it with: "
                        + CommandHint.command("credential remove \(credential.name)")
                )
            }
        }
        return found
    }

    /// Removes a secret. The integration is already removed, so a failure is only reported.
    private func removeSecret(of credential: Configuration.Credential, _ administration: Administration) {
        let owner = administration.with(credential.permissions == .read ? .collector : .respond)
        let name = credential.name
        let source = owner.directories.source
        func attempt(_ left: String, _ step: () throws -> Void) {
            do {
                try step()
            } catch {
                Terminal.complain("warning: the change is in force, but \(left): \(error)")
            }
        }
        attempt("the secret \(name) is still in \(source)") {
            try owner.keeper.remove(name)
            guard try owner.keeper.form(of: name) == nil else { throw CredentialFileError("the file can't be removed") }
        }
        attempt("the file .\(name).next is still in \(source)") {
            try owner.keeper.removeNext(for: name)
            guard try owner.keeper.next(for: name) == nil else {
                throw CredentialFileError("the file can't be removed")
            }
        }
        attempt("the service may still have the secret \(name)") { try owner.layDownSecrets() }
    }
}

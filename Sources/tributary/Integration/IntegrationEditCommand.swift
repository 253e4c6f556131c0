import ArgumentParser
import CLinux
import Collector
import CommandHints
import Configuration
import Glibc
import Setup

struct IntegrationEdit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change an integration by flags, or by questions that offer the present values.",
        discussion: """
            The command changes only the affected lines of the file that declares the integration; comments stay. If a value has a form that this \
            command can't change safely, such as a mapping in {braces}, the command reports the file and line instead. The name can't be changed, \
            because it identifies the place in the log and the spool's paths. A changed address or credential is first tested with the org.

            Example:
              sudo tributary integration edit acme
              sudo tributary integration edit acme --poll-interval 30s \\
                --filter 'eventType sw "user."'
              sudo tributary integration edit acme --no-response-action
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "The integration.", completion: .names(of: .integrations)) var name: String
    @OptionGroup var fields: IntegrationFields
    @Flag(help: "Save without a test against the org.") var noCheck = false
    @Flag(help: "Do not reload the running daemon.") var noReload = false

    func run() async throws {
        tributary_guard_memory()
        let change = IntegrationChange(options, noReload: noReload)
        try await change.administration.attempt {
            let outcome = try await change.apply(to: name) { record, present in
                let before = record
                if fields.isEmpty {
                    guard let dialogue = Dialogue(change.interruption) else {
                        throw ValidationError(
                            "nothing to change: give at least one flag; see tributary integration edit --help")
                    }
                    try ask(&record, dialogue, present)
                } else {
                    try fields.apply(to: &record)
                    try setKinds(&record)
                }
                try await check(before, record, present, change)
            }
            guard let outcome else { return Terminal.result("nothing was changed") }
            Terminal.result(outcome.words("\(name) is changed"))
        }
    }

    private func setKinds(_ record: inout IntegrationRecord) throws {
        if fields.dataIngest == false { record.remove(.dataIngest) }
        if fields.responseAction == false { record.remove(.responseAction) }
        for (kind, credential, wanted) in [
            (IntegrationRecord.Kind.dataIngest, fields.credential, fields.dataIngest),
            (.responseAction, fields.responseCredential, fields.responseAction),
        ] {
            let flag = kind == .dataIngest ? "--credential" : "--response-credential"
            if let credential {
                do throws(ValueError) {
                    try record.set(kind.credential, to: credential)
                } catch {
                    throw ValidationError("\(flag): \(error)")
                }
            } else if wanted == true, !record.has(kind) {
                throw ValidationError("\(flag) is missing: the credential for \(kind.words)")
            }
        }
        guard !record.kinds.isEmpty else {
            throw ValidationError(
                "an integration needs data ingest or response action, but this change would leave neither: use "
                    + "\(CommandHint.command("integration pause")) or \(CommandHint.command("integration remove"))"
            )
        }
    }

    private func ask(_ record: inout IntegrationRecord, _ dialogue: Dialogue, _ present: Configuration) throws {
        dialogue.hint("Enter keeps the value in brackets. To remove a description or filter, type -")
        var questions = [("Description", "description"), ("Address of the org", "url")]
        if record.has(.dataIngest) {
            questions += [
                ("Credential that reads the log", IntegrationRecord.Kind.dataIngest.credential),
                ("Filter", "data_ingest.filter"), ("Poll interval", "data_ingest.poll_interval"),
            ]
        }
        if record.has(.responseAction) {
            questions.append(("Credential that acts in Okta", IntegrationRecord.Kind.responseAction.credential))
        }
        for (question, path) in questions {
            let before = record
            record = try dialogue.ask(question, standard: before[path] ?? "") { text in
                var record = before
                let isOptional = ["description", "data_ingest.filter"].contains(path)
                try record.set(path, to: text == "-" && isOptional ? nil : text)
                if path.hasSuffix("credential"), present.credential(named: text) == nil {
                    let known = present.credentials.map(\.name.text).joined(separator: ", ")
                    throw ValueError("there is no credential of that name", hint: "the credentials are \(known)")
                }
                return record
            }
        }
    }

    /// Tests a changed address or credential before it is saved.
    private func check(
        _ before: IntegrationRecord, _ record: IntegrationRecord, _ present: Configuration, _ change: IntegrationChange
    ) async throws {
        let ingest = IntegrationRecord.Kind.dataIngest.credential
        guard !noCheck, record.has(.dataIngest), before["url"] != record["url"] || before[ingest] != record[ingest]
        else {
            return
        }
        let administration = change.administration
        var edit = try ConfigurationEdit(of: administration.path)
        let configuration = try edit.change(to: record, present: present, administration.context)
        guard let integration = configuration.integration(named: name),
            let credential = integration.dataIngest?.credential
        else { return }
        let report = try await OrgTrial(administration: administration, interruption: change.interruption).ask(
            integration, in: configuration, with: .stored(credential))
        Terminal.complain(OnlineText(output: Terminal(descriptor: STDERR_FILENO)).text(report))
        guard report.verdict == .good else { throw report.failure }
    }
}

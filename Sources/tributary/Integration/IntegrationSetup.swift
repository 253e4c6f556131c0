import ArgumentParser
import Collector
import CommandHints
import Configuration
import Credentials
import Glibc
import Setup

/// The data that `integration add` will save, after all questions and tests.
struct IntegrationRequest {
    var record: IntegrationRecord
    /// The credentials that are not stored yet.
    var credentials: [NewCredential]
    var edit: ConfigurationEdit
    /// The configuration after the change.
    var configuration: Configuration
    /// The result of the test; nil if there was no test.
    var report: OnlineReport?
}

/// Asks the questions of `integration add`, and tests the answers. A question is left out if a flag answers it. Nothing is saved here.
struct IntegrationSetup {
    let administration: Administration
    let present: Configuration
    let edit: ConfigurationEdit
    let fields: IntegrationFields
    let newCredential: NewCredentialOptions
    let network: NetworkFields
    /// Asks the person; nil if there is no terminal, or with `--no-input`.
    let dialogue: Dialogue?
    let interruption: Interruption

    private var ingest: CredentialChoice?
    private var response: CredentialChoice?

    init(
        administration: Administration, present: Configuration, edit: ConfigurationEdit, fields: IntegrationFields,
        newCredential: NewCredentialOptions, network: NetworkFields, dialogue: Dialogue?, interruption: Interruption
    ) {
        self.administration = administration
        self.present = present
        self.edit = edit
        self.fields = fields
        self.newCredential = newCredential
        self.network = network
        self.dialogue = dialogue
        self.interruption = interruption
    }

    mutating func prepare(name: String?, checks: Bool) async throws -> IntegrationRequest {
        dialogue?.hint(
            "Nothing is saved until all your answers are complete and tested; Ctrl-C leaves everything as it was.")
        var record = IntegrationRecord(name: try askName(name))
        try fields.apply(to: &record)
        try askDescription(&record)
        try askURL(&record)
        let kinds = try askKinds()
        if kinds.contains(.dataIngest) { try askStart(&record) }
        try refuseKeysWithoutIngest(record, kinds)
        for kind in kinds { try askCredential(kind, &record) }
        var request = try candidate(record)
        if checks { request = try await tried(request) }
        if let new = try askNetwork() {
            request.configuration = try request.edit.change(
                to: new, present: request.configuration, administration.context)
        }
        return request
    }

    // MARK: Questions

    private func askName(_ given: String?) throws -> Name {
        func free(_ text: String) throws -> Name {
            let name = try Name(parsing: text)
            if present.integration(named: name.text) != nil {
                throw ValueError(
                    "the integration \(name) already exists",
                    hint: "see \(CommandHint.command("integration edit \(name)"))")
            }
            if name.text.hasPrefix("credential-") {
                throw ValueError(
                    "the name \(name) begins with credential-, which is reserved for files of credentials",
                    hint: "choose another name")
            }
            let file = edit.dropIn("\(name).yaml")
            if access(file, F_OK) == 0 { throw ValueError("\(file) already exists", hint: "choose another name") }
            return name
        }
        guard let given else {
            guard let dialogue else { throw ValidationError("NAME is missing: tributary integration add NAME --url …") }
            return try dialogue.ask("Name, such as acme, used in the status, the journal and the spool's paths", free)
        }
        do {
            return try free(given)
        } catch let error as ValueError {
            throw Failure(
                "tributary: NAME: \(error)",
                (try? Name(parsing: given)) == nil ? ExitStatus.usage : ExitStatus.dataError)
        }
    }

    private func askDescription(_ record: inout IntegrationRecord) throws {
        guard let dialogue, fields.description == nil else { return }
        let before = record
        record = try dialogue.ask("Description, for people (Enter for none)") { text in
            var record = before
            try record.set("description", to: text)
            return record
        }
    }

    private func askURL(_ record: inout IntegrationRecord, again: Bool = false) throws {
        if again || record["url"] == nil {
            guard let dialogue else {
                throw ValidationError("--url is missing: the org's address, such as https://acme.okta.com")
            }
            let before = record
            if !again {
                dialogue.hint(
                    "copy the address from your browser while you are signed in to Okta; everything after the host name is removed"
                )
            }
            record = try dialogue.ask("Address of the org", standard: record["url"]) { text in
                var record = before
                try record.set("url", to: text)
                guard record["url"] != nil else {
                    throw ValueError("an address is required", hint: "such as https://acme.okta.com")
                }
                if let url = record["url"], url != text { dialogue.hint("→ \(url)") }
                return record
            }
        } else if let url = record["url"], fields.url != url {
            Terminal.complain("note: the address was normalized to \(url)")
        }
    }

    private func askKinds() throws -> [IntegrationRecord.Kind] {
        let ingests = fields.dataIngest ?? (fields.credential != nil ? true : nil)
        let responds = fields.responseAction ?? (fields.responseCredential != nil ? true : nil)
        let kinds: [IntegrationRecord.Kind]
        if let dialogue, ingests == nil, responds == nil {
            let number = try dialogue.choose(
                "What is the integration for?",
                among: [
                    ("data ingest", "collect the System Log"),
                    ("response action", "suspend users, clear sessions and more: tributary respond"),
                    ("both", "with a separate credential for each"),
                ])
            kinds = [[.dataIngest], [.responseAction], [.dataIngest, .responseAction]][number]
        } else {
            kinds = (ingests ?? (responds != true) ? [.dataIngest] : []) + (responds ?? false ? [.responseAction] : [])
        }
        guard !kinds.isEmpty else {
            throw ValidationError("the integration needs a purpose: --data-ingest or --response-action")
        }
        return kinds
    }

    private func askStart(_ record: inout IntegrationRecord) throws {
        guard record["data_ingest.start"] == nil else { return }
        let before = record
        func started(_ text: String) throws -> IntegrationRecord {
            var record = before
            try record.set("data_ingest.start", to: text)
            return record
        }
        record =
            try dialogue?.ask(
                "How far back to begin: 1d, 30d, a time, or now (Okta keeps 90 days)", standard: "7d", started)
            ?? started("7d")
    }

    private func refuseKeysWithoutIngest(_ record: IntegrationRecord, _ kinds: [IntegrationRecord.Kind]) throws {
        guard !kinds.contains(.dataIngest) else { return }
        for path in IntegrationRecord.keys where path.hasPrefix("data_ingest.") && record[path] != nil {
            throw ValidationError("\(path) has an effect only with --data-ingest")
        }
    }

    private mutating func askCredential(
        _ kind: IntegrationRecord.Kind, _ record: inout IntegrationRecord, again: Bool = false
    ) throws {
        let given = kind == .dataIngest ? fields.credential : fields.responseCredential
        if dialogue == nil, ingest?.new != nil, given.flatMap({ present.credential(named: $0) }) == nil {
            throw ValidationError(
                "standard input can carry only one secret: add the other credential first, with \(CommandHint.command("credential add NAME --permissions write --for respond"))"
            )
        }
        let questions = CredentialQuestions(
            configuration: present, administration: administration, options: newCredential, dialogue: dialogue)
        let choice = try questions.choose(
            for: kind, given: again ? nil : given, integration: record.name, url: record["url"],
            avoiding: kind == .dataIngest ? [] : [ingest?.new?.record.name].compactMap(\.self),
            earlier: kind == .dataIngest ? ingest : response)
        if kind == .dataIngest { ingest = choice } else { response = choice }
        try record.set(kind.credential, to: choice.name.text)
    }

    private func askNetwork() throws -> MyNetwork? {
        let given = try network.parsed()
        if !given.isEmpty {
            let before = MyNetwork(present)
            var new = before
            new.domains += given.domains.filter { !before.domains.contains($0) }
            new.ranges += given.ranges.filter { !before.ranges.contains($0) }
            return new == before ? nil : new
        }
        guard let dialogue, !edit.saysMyNetwork else { return nil }
        return try NetworkQuestions(dialogue: dialogue).ask(
            MyNetwork(),
            "My domains and IPs: these count as internal in every record. You are asked once; to change them later: \(CommandHint.command("network edit"))"
        )
    }

    // MARK: Testing

    /// The files and the configuration as they would be after saving.
    private func candidate(_ record: IntegrationRecord) throws -> IntegrationRequest {
        let credentials = [ingest?.new, response?.new].compactMap(\.self)
        var edit = edit
        for credential in credentials {
            let name = credential.record.name
            let file = CredentialRecord.file(of: name, configuration: administration.path)
            if self.edit.source(file) != nil || administration.takenFile(of: name) != nil {
                let words =
                    administration.addedMeanwhile(record.name, credentials: [name])
                    ?? "\(file) already exists and is not replaced; give the credential another name with --credential"
                throw Failure("tributary: \(words)", ExitStatus.dataError)
            }
            edit.put(credential.record.yaml, into: file)
        }
        edit.put(record.yaml, into: edit.dropIn(record.fileName))
        let configuration = try edit.load(administration.context)
        let own = edit.dropIn(record.fileName)
        // Only warnings about the integration's own file are shown. A credential's file would cause the warning that its secret is missing, but the
        // secret is stored later.
        for warning in configuration.warnings where warning.place.file == own && !present.warnings.contains(warning) {
            Terminal.complain("warning: \(warning.message)" + (warning.hint.map { "; \($0)" } ?? ""))
        }
        return IntegrationRequest(
            record: record, credentials: credentials, edit: edit, configuration: configuration)
    }

    private mutating func tried(_ first: IntegrationRequest) async throws -> IntegrationRequest {
        var request = first
        while true {
            guard let integration = request.configuration.integration(named: request.record.name.text) else {
                return request
            }
            Terminal.complain("")
            let report = try await OrgTrial(administration: administration, interruption: interruption).ask(
                integration, in: request.configuration, with: ingest)
            Terminal.complain(OnlineText(output: Terminal(descriptor: STDERR_FILENO)).text(report))
            request.report = report
            guard report.verdict != .good else { return request }
            guard let dialogue else { throw report.failure }
            var record = request.record
            Terminal.complain("")
            if report.blamesAddress {
                dialogue.note("Enter the address again, or press Ctrl-C to leave everything as it was.")
                try askURL(&record, again: true)
            } else {
                dialogue.note("Choose the credential again, or press Ctrl-C to leave everything as it was.")
                try askCredential(.dataIngest, &record, again: true)
            }
            request = try candidate(record)
        }
    }
}

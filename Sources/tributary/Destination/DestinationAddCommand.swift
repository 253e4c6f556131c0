import ArgumentParser
import CLinux
import Collector
import CommandHints
import Configuration
import Credentials
import Delivery
import FoundationEssentials
import Setup

struct DestinationAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Set up a destination: check its settings, test it, save it, and show how to start the delivery.",
        discussion: """
            Each key of a destination's configuration has a flag. On a terminal, the command asks for missing values. The secret (an access key, \
            token or password) is typed without being shown, or read from standard input. Only this destination's delivery can read it. The command \
            writes conf.d/destination-NAME.yaml. For Amazon S3, it prints the policy that the access key or role needs.

            The destination is tested before it is saved. In a bucket, the test writes a small object, and deletes it again if the access key allows \
            that. In other destinations, the test stores nothing. If a step fails, nothing is saved.

            Exits with 0 when the destination is saved, with 64 for missing or wrong flags, with 65 if the name is taken, with 69 if a step of the \
            test fails, and with 78 if the configuration is refused.

            Example:
              sudo tributary destination add lake --type s3 --bucket example-lake \\
                --region eu-central-1 --credentials imds
              sudo tributary destination add search --type http \\
                --protocol elasticsearch --url https://es.example.com:9200 \\
                --index 'okta-{date}' < api-key
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "A name of lower-case letters, digits and -, used in the status, in the journal, and for the unit.")
    var name: String
    @Option(help: ArgumentHelp("\(DestinationType.words.alternatives)."), completion: .list(DestinationType.words))
    var type: String?
    @OptionGroup var fields: DestinationFields
    @Flag(help: "Store the secret unencrypted, readable only by root, instead of encrypting it with systemd-creds.")
    var plain =
        false
    @Flag(help: "Save without a test.") var noCheck = false
    @Flag(help: "Do not reload the running daemon.") var noReload = false
    @Flag(help: "Never ask for missing values, even on a terminal.") var noInput = false
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        tributary_guard_memory()
        try await Failure.documented(json, name: name) { try await add() }
    }

    private func add() async throws {
        let administration = Administration(configuration: options.config)
        try await administration.attempt {
            let interruption = Interruption.watch()
            let dialogue = noInput ? nil : Dialogue(interruption)
            try administration.requireWriting()
            var edit = try ConfigurationEdit(of: administration.path)
            let present = try edit.load(administration.context)
            let name = try IntegrationRecord.name(name)
            guard present.destination(named: name.text) == nil else {
                throw Failure(
                    "tributary: the destination \(name) already exists; to change it: \(CommandHint.command("destination edit \(name)"))",
                    ExitStatus.dataError)
            }
            var record = DestinationRecord(name: name)
            try fields.apply(to: &record)
            try fill(&record, dialogue)
            let delivery = administration.with(.deliver(name))
            let file = edit.dropIn(record.fileName)
            guard edit.source(file) == nil else {
                throw Failure(
                    "tributary: \(file) already exists and is not replaced: rename this file first",
                    ExitStatus.dataError)
            }
            // A unit provides the secret only for the installed configuration. In any other configuration, `secret_file` must name the secret's file.
            edit.put(record.yaml, into: file)
            var configuration = try edit.load(administration.context)
            guard var destination = configuration.destination(named: name.text) else { throw ExitStatus.software }
            let needsSecret = DestinationTrial.needsSecret(destination)
            if needsSecret, let own = delivery.secretFile(of: name) {
                try record.set("secret_file", to: [own])
                edit.put(record.yaml, into: file)
                configuration = try edit.load(administration.context)
                destination = configuration.destination(named: name.text) ?? destination
            }
            let secret = needsSecret ? try self.secret(destination, delivery, dialogue) : nil
            let steps = noCheck ? [] : try await trial(destination, configuration, secret?.bytes, administration)
            let kept = secret.flatMap { secret in
                secret.isNew
                    ? NewCredential(
                        record: CredentialRecord(name: name, type: .apiToken), secret: secret.bytes,
                        administration: delivery, plain: plain) : nil
            }
            let outcome = try await ChangeInForce(
                administration: administration, interruption: interruption, reloads: !noReload
            ).apply(edit, configuration, credentials: kept.map { [$0] } ?? [])
            try tell(destination, file, steps, outcome)
        }
    }

    /// Asks for required values that no flag gives.
    private func fill(_ record: inout DestinationRecord, _ dialogue: Dialogue?) throws {
        let types = DestinationType.allCases
        var chosen = type
        if chosen == nil, let dialogue {
            let options = types.map { (title: $0.rawValue, about: $0.about) }
            chosen = types[try dialogue.choose("Which type of destination?", among: options)].rawValue
        }
        guard let chosen else { throw ValidationError("--type is missing: \(DestinationType.words.alternatives)") }
        func set(_ key: String, _ text: String) throws { try record.set(key, to: [text]) }
        do { try set("type", chosen) } catch let error as ValueError { throw ValidationError("--type: \(error)") }
        guard let dialogue else { return }
        func ask(
            _ key: String, _ question: String, standard: String? = nil, _ check: (String) throws -> Void = { _ in }
        ) throws {
            guard record.values[key] == nil else { return }
            record = try dialogue.ask(question, standard: standard) { text in
                guard !text.isEmpty else { throw ValueError("a value is required") }
                try check(text)
                var changed = record
                try changed.set(key, to: [text])
                return changed
            }
        }
        switch DestinationType(rawValue: chosen) {
        case .s3:
            try ask("bucket", "Bucket")
            if record.values["endpoint"] == nil { try ask("region", "Region") }
            try ask("credentials", "Access key from", standard: "auto")
        case .http:
            try ask("protocol", "Protocol", standard: "elasticsearch")
            try ask("url", "Address")
            switch record.values["protocol"]?.first {
            case "clickhouse":
                try ask("table", "Table", standard: "okta")
                try ask("user", "User", standard: "default")
            case "elasticsearch": try ask("index", "Index", standard: "okta-{date}")
            default: break
            }
        case .exec:
            try ask("command", "Program, by its absolute path") { text in
                guard text.hasPrefix("/") else { throw ValueError("write the absolute path, beginning with /") }
            }
        case nil: break
        }
    }

    /// Returns the stored secret if there is one. Otherwise asks for a new secret on a terminal, or reads it from standard input.
    private func secret(
        _ destination: Configuration.Destination, _ delivery: Administration, _ dialogue: Dialogue?
    ) throws -> (bytes: [UInt8], isNew: Bool) {
        let keeper = delivery.keeper
        if try keeper.form(of: destination.name) != nil { return (try keeper.secret(of: destination.name), false) }
        let what = destination.type == .s3 ? "Access key, in the form of ~/.aws/credentials" : "Token or password"
        func check(_ secret: [UInt8]) throws {
            if let problem = DestinationSecret.problem(secret, of: destination) { throw ValidationError(problem) }
        }
        if let dialogue {
            guard destination.type == .s3 else { return (try dialogue.secret(what, check), true) }
            return (try accessKey(dialogue, check), true)
        }
        guard isatty(STDIN_FILENO) == 0 else {
            throw ValidationError(
                "this command can't ask for the secret (--no-input is given, or standard error is not a terminal): write the secret into a file, and add < FILE to the command"
            )
        }
        let secret = try SecretInput.read("")
        try check(secret)
        return (secret, true)
    }

    /// Asks for the two parts of an access key, one after the other, and returns the key in the form in which it is stored.
    private func accessKey(_ dialogue: Dialogue, _ check: ([UInt8]) throws -> Void) throws -> [UInt8] {
        func document(_ id: String, _ secret: String) -> [UInt8] {
            Array("aws_access_key_id = \(id)\naws_secret_access_key = \(secret)\n".utf8)
        }
        let id = try dialogue.ask("Access key ID") { text in
            try check(document(text, "x"))
            return text
        }
        let secret = try dialogue.secret("Secret access key") { secret in
            try check(document(id, String(decoding: secret, as: UTF8.self)))
        }
        return document(id, String(decoding: secret, as: UTF8.self))
    }

    private func trial(
        _ destination: Configuration.Destination, _ configuration: Configuration, _ secret: [UInt8]?,
        _ administration: Administration
    ) async throws -> [DestinationStep] {
        let steps = try await DestinationTrial(of: destination, administration).steps(
            destination, network: configuration.network, secret: secret)
        guard steps.allSatisfy(\.isGood) else {
            for line in steps.flatMap({ $0.lines(.output) }) { Terminal.complain(line) }
            throw Failure(
                "tributary: nothing was saved; --no-check saves the destination without a test", ExitStatus.unavailable,
                problem: steps.filter { !$0.isGood }.flatMap { $0.lines(.output) }.joined(separator: "\n"))
        }
        return steps
    }

    private func tell(
        _ destination: Configuration.Destination, _ file: String, _ steps: [DestinationStep],
        _ outcome: ChangeInForce.Daemon
    ) throws {
        if json { return Terminal.result(try DestinationDescription(destination, file: file).json()) }
        for line in steps.flatMap({ $0.lines(.output) }) { Terminal.result(line) }
        Terminal.result(outcome.words("\(destination.name) is saved in \(file)"))
        DestinationDescription(destination, file: file).tell()
    }
}

import ArgumentParser
import Collector
import Configuration
import Credentials
import Glibc
import OktaAPI
import Setup

/// The credential for one purpose of an integration: a stored one or a new one.
enum CredentialChoice: Sendable {
    case stored(Configuration.Credential)
    case new(NewCredential)

    var name: Name {
        switch self {
        case .stored(let credential): credential.name
        case .new(let credential): credential.record.name
        }
    }

    var new: NewCredential? { if case .new(let credential) = self { credential } else { nil } }
}

/// The options for a new credential.
struct NewCredentialOptions: ParsableArguments {
    @Option(help: "The type of a new credential: api_token, or oauth for a service app.")
    var credentialType: String?
    @Option(help: "With --credential-type oauth: the service app's client ID.")
    var clientID: String?
    @Option(
        help: "The last day on which a new credential is valid, YYYY-MM-DD; you are warned 30, 7 and 1 days before.")
    var expires: String?
    @Flag(help: "Store a new secret unencrypted, readable only by root, instead of encrypting it with systemd-creds.")
    var plain = false

    func type() throws -> CredentialType? {
        guard let credentialType else { return nil }
        guard let type = CredentialType(rawValue: credentialType) else {
            throw ValidationError("--credential-type must be api_token or oauth")
        }
        return type
    }
}

/// Determines the credential of an integration, from the options or by asking.
struct CredentialQuestions {
    let configuration: Configuration
    let administration: Administration
    let options: NewCredentialOptions
    /// Asks the person; nil if there is no terminal, or with `--no-input`.
    let dialogue: Dialogue?

    /// - Parameters:
    ///   - earlier: the previous answer, if the question is asked again.
    ///   - given: the name from the options, which has precedence.
    ///   - integration: a new credential is named after it.
    ///   - url: the org's address. Only a credential that is already used with this org can be the default answer, so that pressing Enter never
    ///     sends a secret to another org.
    ///   - avoiding: names of other new credentials of this command.
    func choose(
        for kind: IntegrationRecord.Kind, given: String?, integration: Name, url: String?, avoiding: [Name] = [],
        earlier: CredentialChoice? = nil
    ) throws -> CredentialChoice {
        let permissions: CredentialPermissions = kind == .dataIngest ? .read : .write
        if let given {
            let name = try parse(given, "--\(kind == .dataIngest ? "" : "response-")credential")
            if let stored = configuration.credential(named: name.text) { return .stored(stored) }
            return .new(try make(name, try options.type() ?? .apiToken, permissions))
        }
        let standard = earlier?.new?.record.name ?? freeName(integration, kind, avoiding)
        guard let dialogue else { return .new(try make(standard, try options.type() ?? .apiToken, permissions)) }
        if let type = try options.type() { return .new(try make(standard, type, permissions)) }
        let stored = configuration.credentials.filter { $0.permissions == permissions }
        let number = try dialogue.choose(
            kind == .dataIngest
                ? "Which credential should read the log?" : "Which credential should perform response actions?",
            among: stored.map { ($0.name.text, about($0)) } + Self.newOnes(kind),
            standard: standardChoice(stored, earlier, kind, url))
        if number < stored.count { return .stored(stored[number]) }
        let name = try dialogue.ask("Name of the credential", standard: standard.text) { text in
            let name = try Name(parsing: text)
            guard configuration.credential(named: name.text) == nil, !avoiding.contains(name) else {
                throw ValueError("the credential \(name) already exists", hint: "choose another name")
            }
            if let file = administration.takenFile(of: name) {
                throw ValueError("\(file) already exists and is not replaced", hint: "choose another name")
            }
            return name
        }
        return .new(try make(name, number == stored.count ? .apiToken : .oauth, permissions))
    }

    private func standardChoice(
        _ stored: [Configuration.Credential], _ earlier: CredentialChoice?, _ kind: IntegrationRecord.Kind,
        _ url: String?
    ) -> Int {
        if case .new(let credential) = earlier { return stored.count + (credential.record.type == .apiToken ? 0 : 1) }
        let records = configuration.integrations.map { IntegrationRecord($0) }
        let used = stored.indices.filter { index in
            records.contains { $0["url"] == url && $0[kind.credential] == stored[index].name.text }
        }
        return used.first { stored[$0].name == earlier?.name } ?? used.first ?? stored.count
    }

    private static func newOnes(_ kind: IntegrationRecord.Kind) -> [(title: String, about: String)] {
        let role = kind == .dataIngest ? "a Read-only or Report Administrator" : "an administrator who may manage users"
        return [
            ("a new API token", "Admin Console > Security > API > Tokens > Create token, as \(role)"),
            ("a new service app", "Applications > Create App Integration > API Services; this command makes its key"),
        ]
    }

    private func about(_ credential: Configuration.Credential) -> String {
        let users = CredentialTable.users(of: credential.name, in: configuration)
        return [
            credential.type == .oauth ? "service app" : "API token", credential.permissions.rawValue,
            users.isEmpty ? "not used" : "used by \(users.prefix(3).joined(separator: ", "))",
            credential.expires.map { "until \($0)" }, credential.description.map { LiteralSecret.masked($0).printable },
        ].compactMap(\.self).joined(separator: ", ")
    }

    private func freeName(_ integration: Name, _ kind: IntegrationRecord.Kind, _ avoiding: [Name]) -> Name {
        let ending = kind == .dataIngest ? "-read" : "-respond"
        let base = integration.text.prefix(63 - ending.count - 3) + ending
        for number in 1...99 {
            let text = number == 1 ? String(base) : "\(base)-\(number)"
            if let name = try? Name(parsing: text), configuration.credential(named: text) == nil,
                !avoiding.contains(name), administration.takenFile(of: name) == nil
            {
                return name
            }
        }
        return integration
    }

    private func parse(_ text: String, _ flag: String) throws -> Name {
        do throws(ValueError) {
            return try Name(parsing: text)
        } catch {
            throw ValidationError("\(flag): \(error)")
        }
    }

    // MARK: New credentials

    private func make(_ name: Name, _ type: CredentialType, _ permissions: CredentialPermissions) throws
        -> NewCredential
    {
        let administration = administration.with(permissions == .read ? .collector : .respond)
        var record = CredentialRecord(name: name, type: type, permissions: permissions)
        record.secretFile = administration.secretFile(of: name)
        try Fields(expires: options.expires, clientID: options.clientID).apply(to: &record)
        let secret: [UInt8]
        switch (type, dialogue) {
        case (.apiToken, let dialogue?):
            secret = try dialogue.secret("API token of \(name)") { try SecretText.check($0, type: .apiToken) }
        case (.oauth, let dialogue?): secret = try makeKey(&record, administration, dialogue)
        case (_, nil):
            if type == .oauth, record.clientID == nil {
                throw ValidationError("--client-id is missing: the service app's page in Okta shows it")
            }
            // An earlier `credential add` may have made the key and printed its public half. If not, the secret is read from
            // standard input.
            if type == .oauth, let made = try administration.keeper.next(for: name) {
                secret = made
            } else {
                // With --no-input, standard input can be a terminal. Then nobody is asked for the secret, so it is missing.
                secret = isatty(STDIN_FILENO) == 1 ? [] : try SecretInput.read("")
                guard !secret.isEmpty else {
                    throw ValidationError(
                        "the secret of \(name) is missing: standard input must contain the \(type == .oauth ? "private key" : "API token"); "
                            + "or use --credential to name a stored credential")
                }
            }
        }
        try SecretText.check(secret, type: type)
        return NewCredential(record: record, secret: secret, administration: administration, plain: options.plain)
    }

    /// Makes a key, or uses the one that an earlier `credential add` has stored. A new key stays in memory until everything is saved, so that no key
    /// is left if the command is stopped.
    private func makeKey(
        _ record: inout CredentialRecord, _ administration: Administration, _ dialogue: Dialogue
    ) throws -> [UInt8] {
        let secret = try administration.keeper.next(for: record.name) ?? NewServiceAppKey().privateJWK
        guard let publicJWK = NewServiceAppKey.publicJWK(of: secret) else {
            throw CredentialError.empty(place: "the key")
        }
        dialogue.note(ServiceAppSteps.text(publicJWK: publicJWK, permissions: record.permissions))
        if record.clientID == nil {
            record.clientID = try dialogue.ask("Client ID of the app") { text in
                var trial = record
                try Fields(clientID: text).apply(to: &trial)
                return trial.clientID
            }
        }
        return secret
    }
}

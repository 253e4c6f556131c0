import ArgumentParser
import CLinux
import Collector
import CommandHints
import Configuration
import Credentials
import FoundationEssentials
import Glibc
import OktaAPI
import Setup

struct CredentialGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credential",
        abstract: "Add, list, rotate and remove the credentials for Okta.",
        discussion: """
            A credential is an API token or the key of a service app. Its secret is a file that only root can read; its configuration is in \
            conf.d/credential-NAME.yaml. A secret is typed without being shown, or read from standard input; it is never an argument. A \
            new secret takes effect without a restart.

            Example:
              sudo tributary credential add acme-read
              sudo tributary credential add acme-app --type oauth
              sudo tributary credential rotate acme-read
              sudo tributary credential list
            """,
        subcommands: [
            CredentialAdd.self, CredentialList.self, CredentialShow.self, CredentialEdit.self, CredentialRotate.self,
            CredentialRemove.self, CredentialLoad.self,
        ])
}

/// The options that the commands on credentials share.
struct CredentialOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOptions

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "The service that uses the credentials: collector, respond, or deliver/NAME for a destination.",
            valueName: "service"))
    var service = "collector"

    func directories() throws -> CredentialDirectories {
        do throws(ValueError) {
            return try CredentialDirectories(parsing: service)
        } catch {
            throw ValidationError("--for: \(error)")
        }
    }

    /// Whether the credentials belong to a destination. Such credentials are not declared in the configuration.
    var isOfDelivery: Bool { service.hasPrefix("deliver/") }

    var context: ConfigurationContext { Administration(configuration: configuration.config).context }

    /// Reads and changes the configuration, and the secrets of the service that `--for` names.
    var administration: Administration {
        get throws { Administration(configuration: configuration.config, of: try directories()) }
    }

    func load() throws -> Configuration { try administration.load() }

    /// Reads a credential's name.
    func name(_ text: String) throws -> Name {
        do throws(ValueError) {
            return try Name(parsing: text)
        } catch {
            throw ValidationError("NAME: \(error)")
        }
    }

    /// The credential of this name in the configuration.
    ///
    /// - Throws: exit code 66, with a message, if the configuration has no such credential.
    func known(_ name: Name, in configuration: Configuration) throws -> Configuration.Credential {
        guard let credential = configuration.credential(named: name.text) else {
            throw Failure(
                "tributary: there is no credential \(name); see \(CommandHint.command("credential list"))",
                ExitStatus.noInput)
        }
        return credential
    }

    /// Runs an action on credential files or the configuration, and turns its errors into an exit code.
    func attempt<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await administration.attempt(body)
    }

    /// Provides the changed secrets to the service, as ``Administration/layDownSecrets()`` does.
    func apply() throws { try administration.layDownSecrets() }
}

/// Checks the form of a secret before the secret is stored.
enum SecretText {
    /// Throws `CredentialError` if the text is not a secret of this type.
    static func check(_ secret: [UInt8], type: CredentialType) throws(CredentialError) {
        guard let text = String(validating: secret, as: UTF8.self) else { throw .malformed(place: "the secret") }
        switch type {
        case .apiToken: _ = try APIToken(parsing: text, place: "the secret")
        case .oauth:
            do throws(PrivateKeyProblem) {
                _ = try ServiceAppKey(parsing: text)
            } catch {
                throw .key(place: "the secret", error)
            }
        }
    }
}

/// Instructions for setting up the public key in Okta.
enum ServiceAppSteps {
    static func text(publicJWK: String, permissions: CredentialPermissions) -> String {
        """
        In the Admin Console, as a super administrator:
          1. Applications > Create App Integration > API Services (or open the existing app).
          2. General > Client Credentials: Public key / Private key, Add key, and paste this public key:

        \(publicJWK)

          3. Okta API Scopes: grant \(scopes(permissions).joined(separator: ", "))\(permissions == .read ? "" : "; if the app also collects the log, grant okta.logs.read, too").
          4. Admin roles: \(permissions == .read ? "Read-only Administrator" : "a role that may manage the users on whom you will act").
        """
    }

    static func scopes(_ permissions: CredentialPermissions) -> [String] {
        permissions == .read ? ["okta.logs.read"] : ["okta.users.manage", "okta.sessions.manage"]
    }
}

struct CredentialAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a credential: an API token, or a service app with a new key.",
        discussion: """
            An API token is typed without being shown, or read from standard input. For a service app, the command makes a key pair, prints the \
            public key and the scopes to grant, and then asks for the client ID. --own-key reads your own private key from standard input.

            Example:
              sudo tributary credential add acme-read --expires 2027-03-01
              sudo tributary credential add acme-app --type oauth --client-id 0oa1example
            """)

    @OptionGroup var options: CredentialOptions
    @Argument(help: "A name of lower-case letters, digits and -, by which integrations refer to the credential.")
    var name: String
    @Option(help: "The type of the credential: api_token, or oauth for a service app.") var type = "api_token"
    @Option(help: "A description for people.") var description: String?
    @Option(help: "The permissions: read for the log, or write for response actions.") var permissions = "read"
    @Option(help: "The last day on which the credential is valid, YYYY-MM-DD; you are warned 30, 7 and 1 days before.")
    var expires: String?
    @Option(help: "With --type oauth: the service app's client ID.") var clientID: String?
    @Flag(help: "With --type oauth: read your own private key, PEM or JWK, from standard input.") var ownKey = false
    @Flag(help: "Store the secret unencrypted, readable only by root, instead of encrypting it with systemd-creds.")
    var plain =
        false

    func run() async throws {
        tributary_guard_memory()
        try await options.attempt {
            let name = try options.name(name)
            guard !options.isOfDelivery else { return try DeliverySecret(options, name).add(plain: plain) }
            guard let type = CredentialType(rawValue: type) else {
                throw ValidationError("--type must be api_token or oauth")
            }
            var record = CredentialRecord(name: name, type: type)
            try Fields(description: description, permissions: permissions, expires: expires, clientID: clientID)
                .apply(to: &record)
            try refuseTaken(name)
            let keeper = try options.administration.keeper
            record.secretFile = try options.administration.secretFile(of: name)
            let secret: [UInt8]
            switch type {
            case .apiToken:
                secret = try SecretInput.read("API token of \(name) (not shown): ")
                try SecretText.check(secret, type: .apiToken)
            case .oauth: secret = try key(&record, keeper)
            }
            // The lock is taken only now, so that it is not held while a person types.
            var lock = try await ConfigurationLock.take(options.administration.path)
            defer { lock.release() }
            try refuseTaken(name)
            try options.administration.keep(secret, as: name, plain: plain)
            do {
                try record.save(configuration: options.administration.path, context: options.context)
            } catch {
                try keeper.remove(name)
                throw error
            }
            try keeper.removeNext(for: name)
            try options.apply()
            let use = "integration add --\(record.permissions == .read ? "" : "response-")credential \(name)"
            Terminal.complain("\(name) is stored. Use it with: \(CommandHint.asRoot(use))")
        }
    }

    /// Throws exit code 65 if the name is in use, because this command never replaces a secret or a file.
    private func refuseTaken(_ name: Name) throws {
        let administration = try options.administration
        var problem: String?
        if let earlier = (try? administration.load())?.credential(named: name.text) {
            problem =
                "the credential \(earlier.name) already exists; to change it: \(CommandHint.command("credential rotate \(name)")), or credential edit"
        } else if try administration.keeper.form(of: name) != nil {
            // The secret may belong to a credential whose configuration can't be read now.
            problem =
                "the secret of \(name) already exists, but no configuration of this credential can be read: correct the configuration "
                + "(\(CommandHint.command("check"))), or remove the secret with: \(CommandHint.command("credential remove \(name)"))"
        } else if let file = administration.takenFile(of: name) {
            problem =
                "\(file) already exists and is not replaced: rename this file, or give the credential another name"
        }
        if let problem { throw Failure("tributary: \(problem)", ExitStatus.dataError) }
    }

    /// Returns the key of a new service app, and enters the app's client ID in the record.
    private func key(_ record: inout CredentialRecord, _ keeper: SecretKeeper) throws -> [UInt8] {
        let secret: [UInt8]
        if ownKey {
            guard isatty(STDIN_FILENO) == 0 else {
                throw ValidationError(
                    "--own-key reads the private key from standard input, which is a terminal now: add < key.pem to the command"
                )
            }
            secret = try SecretInput.read("")
            try SecretText.check(secret, type: .oauth)
        } else {
            // An earlier run may have stored a key and then ended, because the client ID was not known yet. This run uses that key.
            let made = try keeper.next(for: record.name)
            secret = made ?? NewServiceAppKey().privateJWK
            if made == nil { try keeper.putNext(secret, for: record.name) }
            guard let publicJWK = NewServiceAppKey.publicJWK(of: secret) else {
                throw CredentialError.empty(place: "the key")
            }
            print(ServiceAppSteps.text(publicJWK: publicJWK, permissions: record.permissions))
        }
        if record.clientID == nil {
            let given = SecretInput.readLine("Client ID of the app: ") ?? ""
            guard !given.isEmpty else {
                let again = "credential add \(record.name) --type oauth --client-id ID"
                Terminal.complain(
                    ownKey
                        ? "tributary: the client ID is missing, so nothing was stored; run: \(CommandHint.command("\(again) --own-key")) < key.pem"
                        : "tributary: the client ID is missing, so only the key was stored; when you know the client ID, run: \(CommandHint.command(again))"
                )
                throw ExitStatus.usage
            }
            try Fields(clientID: given).apply(to: &record)
        }
        return secret
    }
}

/// Values from flags or answers, as text, for fields of a credential's record.
struct Fields {
    var description: String?
    var permissions: String?
    var expires: String?
    var clientID: String?
    var keyID: String?

    func apply(to record: inout CredentialRecord) throws {
        if let description {
            let folded = description.split(whereSeparator: \.isNewline).joined(separator: " ")
            guard folded.utf8.count <= 500 else { throw ValidationError("--description must have at most 500 bytes") }
            guard !LiteralSecret.mayBePresent(in: folded) else {
                throw ValidationError("--description looks like a secret, so it was not saved and is not repeated here")
            }
            record.description = folded.isEmpty ? nil : folded
        }
        if let permissions {
            guard let value = CredentialPermissions(rawValue: permissions) else {
                throw ValidationError("--permissions must be read or write")
            }
            record.permissions = value
        }
        if let expires {
            do throws(ValueError) {
                record.expires = expires == "never" ? nil : try CalendarDate(parsing: expires)
            } catch {
                throw ValidationError("--expires: \(error)")
            }
            let today = CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970))
            if let day = record.expires, day.daysSince1970 < today.daysSince1970 {
                throw ValidationError(
                    "--expires: \(day) is in the past; write the last day on which the credential is valid, or the word never"
                )
            }
        }
        if let clientID {
            guard Self.isIdentifier(clientID),
                clientID.hasPrefix("0o") || !LiteralSecret.mayBePresent(in: clientID)
            else {
                throw ValidationError(
                    "--client-id: copy the client ID from the app's page in Okta; it has the form 0oa1example and is not a secret"
                )
            }
            record.clientID = clientID
        }
        if let keyID {
            guard keyID.isEmpty || (Self.isIdentifier(keyID) && !LiteralSecret.isPresent(in: keyID, identifiers: true))
            else {
                throw ValidationError("--key-id: copy the key's kid from the app's page in Okta")
            }
            record.keyID = keyID.isEmpty ? nil : keyID
        }
    }

    private static func isIdentifier(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

struct CredentialEdit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change a credential's settings; its secret stays the same.",
        discussion: """
            Example:
              sudo tributary credential edit acme-read --expires 2027-09-01 \\
                --description "read-only admin"
            """)

    @OptionGroup var options: CredentialOptions
    @Argument(help: "The credential.", completion: .names(of: .credentials)) var name: String
    @Option(help: "A description for people.") var description: String?
    @Option(help: "The permissions: read for the log, or write for response actions.") var permissions: String?
    @Option(help: "The last day on which the credential is valid, YYYY-MM-DD, or never.") var expires: String?
    @Option(help: "The service app's client ID.") var clientID: String?
    @Option(help: "The key's kid, if the app has several keys; an empty value removes the setting.") var keyID: String?

    func run() async throws {
        try await options.attempt {
            let name = try options.name(name)
            var lock = try await ConfigurationLock.take(options.administration.path)
            defer { lock.release() }
            var record = CredentialRecord(try options.known(name, in: options.load()))
            try CredentialFile.checkIsOwn(name, options)
            try Fields(
                description: description, permissions: permissions, expires: expires, clientID: clientID, keyID: keyID
            ).apply(to: &record)
            try record.save(configuration: options.administration.path, context: options.context)
            Terminal.complain("\(name) is changed; apply the change with: \(CommandHint.reload)")
        }
    }
}

/// The configuration file of a credential.
enum CredentialFile {
    /// Throws exit code 65 unless the credential is declared in `conf.d/credential-NAME.yaml` and that file declares no integration.
    /// `tributary credential` changes only files that it has written itself.
    static func checkIsOwn(_ name: Name, _ options: CredentialOptions) throws {
        let path = CredentialRecord.file(of: name, configuration: try options.administration.path)
        let source = try ConfigurationEdit(of: options.administration.path).source(path)
        if let source, source.place(ofItem: name.text, in: "credentials") != nil,
            source.itemCount(of: "integrations") == 0
        {
            return
        }
        Terminal.complain(
            "tributary: \(name) is declared in \(options.configuration.config) or in one of your files in conf.d: change it there"
        )
        throw ExitStatus.dataError
    }
}

struct CredentialRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove an unused credential and its secret.",
        discussion: """
            The command refuses if an integration still uses the credential. After the removal, revoke the credential in Okta.

            Example:
              sudo tributary credential remove acme-read
            """)

    @OptionGroup var options: CredentialOptions
    @Argument(help: "The credential.", completion: .names(of: .credentials)) var name: String

    func run() async throws {
        try await options.attempt {
            let name = try options.name(name)
            guard !options.isOfDelivery else { return try DeliverySecret(options, name).remove() }
            var lock = try await ConfigurationLock.take(options.administration.path)
            defer { lock.release() }
            let configuration = try options.load()
            let users = CredentialTable.users(of: name, in: configuration)
            guard users.isEmpty else {
                Terminal.complain(
                    "tributary: \(name) is used by \(users.joined(separator: ", ")): first give those integrations another credential"
                )
                throw ExitStatus.dataError
            }
            if configuration.credential(named: name.text) != nil {
                try CredentialFile.checkIsOwn(name, options)
                try CredentialRecord.remove(
                    name, configuration: options.administration.path, context: options.context)
            }
            let keeper = try options.administration.keeper
            let hadSecret = try keeper.remove(name)
            try keeper.removeNext(for: name)
            guard hadSecret || configuration.credential(named: name.text) != nil else {
                Terminal.complain("tributary: there is no credential \(name)")
                throw ExitStatus.noInput
            }
            try options.apply()
            Terminal.complain(
                "\(name) is removed; revoke it in Okta, then apply the change with: \(CommandHint.reload)")
        }
    }
}

struct CredentialLoad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract:
            "Decrypt the credentials for the service's user. A unit runs this command as root before the service starts.",
        discussion: """
            Decrypts each file NAME.cred of the service (for the collector, in /etc/tributary/credentials) with systemd-creds, and copies all other \
            files. The results are in a directory under /run that only the service's user can read. A file that can't be read is reported and skipped. \
            The exit code is still 0, because only the integrations that need that file are affected.

            Example: in a unit
              ExecStartPre=+/usr/bin/tributary credential load
            """,
        shouldDisplay: false)

    @Argument(help: "The service that needs the credentials: collector, respond or deliver/NAME.")
    var service = "collector"
    @Option(help: "The user who may read the secrets: a name or a number.") var user = "tributary"
    @Flag(help: "Remove the decrypted credentials.") var remove = false
    @Option(help: ArgumentHelp("For tests: the directory with the stored credentials.", visibility: .hidden))
    var source: String?
    @Option(help: ArgumentHelp("For tests: the directory for the decrypted credentials.", visibility: .hidden))
    var target: String?

    func run() throws {
        tributary_guard_memory()
        do {
            let directories = try CredentialDirectories(parsing: service)
            let loader = try CredentialLoader(
                source: source ?? directories.source, target: target ?? directories.runtime, user: user)
            guard !remove else { return loader.remove() }
            for outcome in try loader.load() {
                // `<3>` is the message's priority in the journal (sd-daemon(3)).
                if let failure = outcome.failure { Terminal.complain("<3>credential \(outcome.name): \(failure)") }
            }
        } catch let error as ValueError {
            throw ValidationError("\(error)")
        } catch {
            Terminal.complain("<3>credentials of \(service): \(error)")
            throw ExitStatus.inputOutput
        }
    }
}

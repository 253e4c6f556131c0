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

struct CredentialRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Replace a credential's secret, after Okta has accepted the new one.",
        discussion: """
            An API token is typed without being shown, or read from standard input. For a service app, the command makes a new key and prints its \
            public half. Add the public half to the app in Okta, and keep the old key there. Then press Enter, or run the command again with --finish.

            The new secret is tested with the org of each integration that collects with this credential. If a test fails, nothing is changed. The \
            new secret takes effect without a restart. Afterwards you can revoke the old secret.

            Example:
              sudo tributary credential rotate acme-read
              sudo tributary credential rotate acme-read --expires 2027-09-01 < new-token
              sudo tributary credential rotate acme-app
              sudo tributary credential rotate acme-app --finish
            """)

    @OptionGroup var options: CredentialOptions
    @Argument(help: "The credential.", completion: .names(of: .credentials)) var name: String
    @Option(help: "The last day on which the new secret is valid, YYYY-MM-DD, or never.") var expires: String?
    @Flag(help: "With a service app: finish the rotation, after you have added the new key to the app in Okta.")
    var finish = false
    @Flag(help: "With a service app: read your own private key, PEM or JWK, from standard input.") var ownKey = false
    @Flag(help: "Replace the secret without testing it. Use this if the org can't be reached from this host.")
    var offline = false

    func run() async throws {
        tributary_guard_memory()
        try await options.attempt {
            let name = try options.name(name)
            guard !options.isOfDelivery else { return try DeliverySecret(options, name).rotate() }
            let configuration = try options.load()
            let credential = try options.known(name, in: configuration)
            let own = try options.administration.secretFile(of: name)
            guard credential.settings.secretFile == nil || credential.settings.secretFile == own else {
                Terminal.complain(
                    "tributary: the configuration says that the secret of \(name) is in \(credential.secretFile): replace that file yourself; "
                        + "the next request uses the new secret")
                throw ExitStatus.dataError
            }
            // A key that this command makes contains its own kid, so the old key's kid is removed from the configuration.
            let hadKeyID = credential.type == .oauth && credential.keyID != nil && !ownKey
            if expires != nil || hadKeyID { try CredentialFile.checkIsOwn(name, options) }
            // The new values are checked before the person is asked for the secret.
            var trial = CredentialRecord(credential)
            try Fields(expires: expires).apply(to: &trial)
            let keeper = try options.administration.keeper
            guard let secret = try secret(credential, keeper) else { return }
            try SecretText.check(secret, type: credential.type)
            if !offline { try await accept(secret, credential, configuration, keeper) }
            var lock = try await ConfigurationLock.take(options.administration.path)
            defer { lock.release() }
            try keeper.put(
                secret, as: name, try keeper.form(of: name) ?? (SystemdCreds.isInstalled ? .encrypted : .plain))
            try keeper.removeNext(for: name)
            if expires != nil || hadKeyID {
                // The credential is read again, because it may have changed while the person typed.
                var record = CredentialRecord(try options.known(name, in: options.load()))
                try Fields(expires: expires).apply(to: &record)
                if hadKeyID { record.keyID = nil }
                try record.save(configuration: options.administration.path, context: options.context)
            }
            try options.apply()
            Terminal.complain(
                "\(name) is rotated"
                    + (expires != nil || hadKeyID ? "; apply its new settings with: \(CommandHint.reload)" : "")
                    + "; revoke the old \(credential.type == .oauth ? "key" : "token") in Okta")
        }
    }

    /// Reads or makes the new secret. Nil if a person must first add a new key to the app in Okta.
    private func secret(_ credential: Configuration.Credential, _ keeper: SecretKeeper) throws -> [UInt8]? {
        let name = credential.name
        guard credential.type == .oauth else { return try SecretInput.read("New API token of \(name) (not shown): ") }
        if ownKey {
            guard isatty(STDIN_FILENO) == 0 else {
                throw ValidationError(
                    "--own-key reads the private key from standard input, which is a terminal now: add < key.pem to the command"
                )
            }
            return try SecretInput.read("")
        }
        let made = try keeper.next(for: name)
        if finish {
            guard let made else {
                Terminal.complain(
                    "tributary: no new key was made for \(name) yet; make one with: \(CommandHint.command("credential rotate \(name)"))"
                )
                throw ExitStatus.noInput
            }
            return made
        }
        let secret = made ?? NewServiceAppKey().privateJWK
        if made == nil { try keeper.putNext(secret, for: name) }
        guard let publicJWK = NewServiceAppKey.publicJWK(of: secret) else {
            throw CredentialError.empty(place: "the key")
        }
        print(
            "Add this public key to the app (General > Client Credentials > Edit > Add key), and keep the old one:\n\n\(publicJWK)\n"
        )
        guard isatty(STDIN_FILENO) == 1, SecretInput.readLine("Press Enter when the key is saved in Okta: ") != nil
        else {
            Terminal.complain(
                "when the key is saved in Okta, run: \(CommandHint.command("credential rotate \(name) --finish"))")
            return nil
        }
        return secret
    }

    /// Tests the new secret with the org of each integration that collects with the credential.
    ///
    /// - Throws: exit code 77 if an org refuses the secret, or if the secret can't be used; otherwise 69 if an org can't be reached. Exit code 78 if
    ///   the test can't start.
    private func accept(
        _ secret: [UInt8], _ credential: Configuration.Credential, _ configuration: Configuration,
        _ keeper: SecretKeeper
    ) async throws {
        let users = configuration.integrations.filter { $0.dataIngest?.credential.name == credential.name }
        guard !users.isEmpty else {
            Terminal.complain("note: no integration collects with \(credential.name), so the new secret was not tested")
            return
        }
        let reports = try await keeper.withFile(secret) { path in
            let trial = users.map { integration in
                var integration = integration
                integration.dataIngest?.credential.secretFile = path
                if credential.type == .oauth, !ownKey { integration.dataIngest?.credential.settings.keyID = nil }
                return integration
            }
            let check: OnlineCheck
            do throws(Daemon.StartError) {
                check = try OnlineCheck(configuration)
            } catch {
                Terminal.complain(error.description)
                throw ExitStatus.configuration
            }
            var reports: [OnlineReport] = []
            await check.ask(trial) { reports.append($0) }
            await check.shutdown()
            return reports
        }
        for report in reports where report.verdict != .good {
            for step in report.steps where step.outcome == .failed {
                Terminal.complain("\(report.integration): \(step.step.words): \(step.words)")
            }
        }
        let verdict = reports.map(\.verdict).max() ?? .good
        guard verdict != .good else { return }
        Terminal.complain("tributary: nothing was changed; the old secret of \(credential.name) stays in use")
        throw verdict == .unreachable ? ExitStatus.unavailable : ExitStatus.noPermission
    }
}

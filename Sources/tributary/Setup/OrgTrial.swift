import Collector
import Configuration
import Credentials
import Glibc
import Setup

/// Sends an org the same requests as the daemon, with a configuration and a secret that may not be saved yet.
struct OrgTrial {
    let administration: Administration
    let interruption: Interruption

    /// - Parameter configuration: the configuration after the change.
    func ask(
        _ integration: Configuration.Integration, in configuration: Configuration, with choice: CredentialChoice?
    ) async throws -> OnlineReport {
        guard let choice, let secret = try secret(choice) else {
            return try await ask(integration, configuration)
        }
        return try await administration.keeper.withFile(secret) { path in
            var integration = integration
            integration.dataIngest?.credential.secretFile = path
            return try await ask(integration, configuration)
        }
    }

    /// The secret of a new credential, or of a credential that no unit has provided yet; nil if the secret can be read from its file, or if
    /// there is none.
    private func secret(_ choice: CredentialChoice) throws -> [UInt8]? {
        switch choice {
        case .new(let credential): return credential.secret
        case .stored(let credential):
            guard access(credential.secretFile, R_OK) != 0, try administration.keeper.form(of: credential.name) != nil
            else { return nil }
            return try administration.keeper.secret(of: credential.name)
        }
    }

    private func ask(
        _ integration: Configuration.Integration, _ configuration: Configuration
    ) async throws -> OnlineReport {
        let check: OnlineCheck
        do throws(Daemon.StartError) {
            check = try OnlineCheck(configuration)
        } catch {
            throw Failure(error.description, ExitStatus.configuration)
        }
        let report: OnlineReport
        do {
            report = try await interruption.cancelling { await check.ask(integration) }
        } catch {
            await check.shutdown()
            throw error
        }
        await check.shutdown()
        return report
    }
}

extension OnlineReport {
    /// The error with which a command ends if this test has failed. The command then does not save its change.
    var failure: Failure {
        let code =
            switch verdict {
            case .good, .unreachable: ExitStatus.unavailable
            case .refused: ExitStatus.noPermission
            case .misconfigured: ExitStatus.configuration
            }
        let problems = steps.filter { $0.outcome == .failed }.map { step in
            "\(step.step.words): \(step.words)" + (step.advice.map { ". \($0)" } ?? "")
        }
        return Failure(
            "tributary: nothing was changed; --no-check saves the change without a test", code,
            problem: problems.joined(separator: "\n"), check: self)
    }

    /// Whether the failure was caused by the address and not by the credential.
    var blamesAddress: Bool {
        steps.contains { $0.outcome == .failed && [.name, .connection, .organization].contains($0.step) }
    }
}

import Collector
import CommandHints
import Configuration
import Credentials
import Glibc
import Setup

/// A secret that is to be stored together with a change.
struct NewCredential: Sendable {
    var record: CredentialRecord
    var secret: [UInt8]
    /// The service for which the secret is stored.
    let administration: Administration
    /// Whether to store the secret unencrypted.
    let plain: Bool
}

/// Puts a change into force: stores the secrets, writes the files, and then makes the daemon reload. If a step fails, or the user presses Ctrl-C, the
/// completed steps are undone. If a step can't be undone, a message says so.
struct ChangeInForce {
    let administration: Administration
    let interruption: Interruption
    /// Whether to make the running daemon reload.
    let reloads: Bool

    /// What the daemon did with the change.
    enum Daemon: Sendable, Equatable {
        /// The daemon's description of the change.
        case reloaded(String)
        case notRunning
        /// The daemon is running, but was not asked to reload, because ``ChangeInForce/reloads`` is false.
        case notAsked
    }

    /// How long the daemon may take to apply a change, in seconds.
    private static let patience = 60
    /// How long the daemon may take to read the restored files, in seconds. This time is short, because the daemon may not answer at all. It is not
    /// used if the daemon has refused the change, because then the daemon does answer.
    private static let shortPatience = 5
    private static var partly: String {
        "not everything could be undone: see the messages above, and run: \(CommandHint.command("check"))"
    }

    /// The daemon has refused the change. Each problem names a file, a line and a correction.
    private struct Refused: Error { let problems: [String] }

    /// - Parameters:
    ///   - edit: the new contents of the files, which have been checked.
    ///   - configuration: the configuration that these files contain.
    ///   - credentials: new credentials. They are stored before the files refer to them.
    ///   - added: the integration that is added, if there is one.
    /// - Throws: an error that says why the change failed. Before that, every completed step is undone, or a message says what could not be undone.
    func apply(
        _ edit: ConfigurationEdit, _ configuration: Configuration, credentials: [NewCredential] = [],
        adding added: Name? = nil
    ) async throws -> Daemon {
        do throws(Collector.Daemon.StartError) {
            _ = try Normalizing(configuration).catalog()
        } catch {
            throw Failure("tributary: \(error)", ExitStatus.configuration)
        }
        var steps = Steps()
        let daemon = administration.daemon(configuration)
        var lock = try await ConfigurationLock.take(administration.path, interruption)
        do {
            try interruption.check()
            try save(edit, credentials, &steps)
            lock.release()
            try interruption.check()
            guard daemon.isRunning else { return .notRunning }
            guard reloads else { return .notAsked }
            steps.wasTold = true
            let outcome = try await interruption.cancelling { try await daemon.reload(within: Self.patience) }
            if let refused = outcome.refused { throw Refused(problems: refused.problems) }
            if let words = outcome.restartWords {
                Terminal.complain("tributary: \(words): \(CommandHint.restart)")
            }
            return .reloaded(outcome.lastChange ?? "reloaded")
        } catch {
            let isTakenBack = await takeBack(
                steps.saved, steps.kept, tell: steps.wasTold ? daemon : nil,
                within: error is Refused ? Self.patience : Self.shortPatience)
            if steps.saved == nil, error is CredentialFileError,
                let words = administration.addedMeanwhile(added, credentials: credentials.map(\.record.name))
            {
                throw Failure("tributary: \(words)" + (isTakenBack ? "" : "; \(Self.partly)"), ExitStatus.dataError)
            }
            throw report(error, hasSaved: steps.saved != nil, isTakenBack: isTakenBack)
        }
    }

    /// The completed steps, for undoing them.
    private struct Steps {
        var kept: [NewCredential] = []
        var saved: SavedEdit?
        /// Whether the daemon was asked to reload.
        var wasTold = false
    }

    /// Stores the secrets, then writes the files.
    private func save(_ edit: ConfigurationEdit, _ credentials: [NewCredential], _ steps: inout Steps) throws {
        for credential in credentials {
            let keeper = credential.administration.keeper
            guard try keeper.form(of: credential.record.name) == nil else {
                throw CredentialFileError(
                    "the secret of \(credential.record.name) already exists; remove it with: "
                        + CommandHint.command("credential remove \(credential.record.name)")
                )
            }
            steps.kept.append(credential)
            try credential.administration.keep(credential.secret, as: credential.record.name, plain: credential.plain)
        }
        steps.saved = try edit.save()
        if !steps.kept.isEmpty { try administration.layDownSecrets() }
    }

    /// Returns the error to throw, with a line about what was undone. If the error can't carry this line, the line is printed.
    private func report(_ error: any Error, hasSaved: Bool, isTakenBack: Bool) -> any Error {
        if let refused = error as? Refused {
            let ending =
                "tributary: the daemon has refused the configuration; "
                + (isTakenBack ? "all changes were undone" : Self.partly)
            return Failure((refused.problems + [ending]).joined(separator: "\n"), ExitStatus.configuration)
        }
        if error is Interruption.Stopped {
            return isTakenBack ? error : Failure("tributary: stopped; \(Self.partly)", ExitStatus.interrupted)
        }
        guard hasSaved else { return error }
        let words = "tributary: \(isTakenBack ? "the changes were undone" : Self.partly)"
        if let failure = error as? Failure { return failure.adding(words) }
        Terminal.complain(words)
        return error
    }

    /// Tries to undo every step, and prints which ones fail.
    ///
    /// - Returns: whether everything was undone.
    private func takeBack(
        _ saved: SavedEdit?, _ kept: [NewCredential], tell daemon: RunningReport?, within patience: Int
    ) async -> Bool {
        var isTakenBack = true
        func attempt(_ step: () throws -> Void) {
            do {
                try step()
            } catch {
                isTakenBack = false
                Terminal.complain("tributary: not everything could be undone: \(error)")
            }
        }
        if let saved { attempt { try saved.takeBack() } }
        for credential in kept {
            attempt {
                let owner = credential.administration
                let name = credential.record.name
                try owner.keeper.remove(name)
                guard try owner.keeper.form(of: name) == nil else {
                    throw CredentialFileError("the secret \(name) is still in \(owner.directories.source)")
                }
            }
        }
        if !kept.isEmpty { attempt { try administration.layDownSecrets() } }
        // The daemon must read the restored files. Otherwise it would report a refused configuration until the next reload, or use files that no
        // longer exist.
        guard let daemon, daemon.isRunning else { return isTakenBack }
        do {
            _ = try await daemon.reload(within: patience)
        } catch {
            isTakenBack = false
            Terminal.complain(
                "tributary: the daemon has not read the restored files; make it read them: \(CommandHint.reload)")
        }
        return isTakenBack
    }
}

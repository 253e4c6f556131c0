import Collector
import Configuration
import Credentials
import Glibc
import Setup

/// A secret that is to be stored together with a change.
struct NewCredential: Sendable {
    var record: CredentialRecord
    var secret: [UInt8]
    /// The configuration to which it belongs.
    let administration: Administration
    /// Whether to store it unencrypted.
    let plain: Bool
}

/// Puts a change into force: secrets, files, then the daemon. Either all of it or nothing: if a step fails, or the user presses Ctrl-C, the steps done so far
/// are undone, and that is reported.
struct ChangeInForce {
    let administration: Administration
    let interruption: Interruption
    /// Whether the running daemon is told to reload.
    let reloads: Bool

    /// What the daemon did with the change.
    enum Daemon: Sendable, Equatable {
        /// The daemon's description of the change.
        case reloaded(String)
        case notRunning
        /// The daemon is running, but was not to be told.
        case notAsked
    }

    /// How long the daemon may take. Seconds.
    private static let patience = 60
    /// The same for a daemon that has already failed to answer once. Seconds.
    private static let shortPatience = 5
    private static var partly: String {
        "not everything is as it was before: see above, and \(CommandHint.command("check"))"
    }

    /// The daemon has refused the change. Each problem has file, line and what to do.
    private struct Refused: Error { let problems: [String] }

    /// - Parameters:
    ///   - edit: the new contents of the files, which have been checked.
    ///   - configuration: the result of that check.
    ///   - credentials: stored before the files refer to them.
    ///   - added: the integration that is added, if there is one.
    /// - Throws: an exit code, after printing why. Then everything has been undone, or what could not be undone was printed.
    func apply(
        _ edit: ConfigurationEdit, _ configuration: Configuration, credentials: [NewCredential] = [],
        adding added: Name? = nil
    ) async throws -> Daemon {
        do throws(Collector.Daemon.StartError) {
            _ = try Normalizing(configuration).catalog()
        } catch {
            throw Failure("tributary: \(error)", ExitStatus.configuration)
        }
        var kept: [NewCredential] = []
        var saved: SavedEdit?
        var wasTold = false
        let daemon = administration.daemon(configuration)
        var lock = try await ConfigurationLock.take(administration.path, interruption)
        do {
            try interruption.check()
            for credential in credentials {
                let keeper = credential.administration.keeper
                guard try keeper.form(of: credential.record.name) == nil else {
                    throw CredentialFileError(
                        "there is already a secret \(credential.record.name): remove it with \(CommandHint.command("credential remove \(credential.record.name)"))"
                    )
                }
                kept.append(credential)
                try credential.administration.keep(
                    credential.secret, as: credential.record.name, plain: credential.plain)
            }
            saved = try edit.save()
            if !kept.isEmpty { try administration.layDownSecrets() }
            lock.release()
            try interruption.check()
            guard daemon.isRunning else { return .notRunning }
            guard reloads else { return .notAsked }
            wasTold = true
            let outcome = try await interruption.cancelling { try await daemon.reload(within: Self.patience) }
            if let refused = outcome.refused { throw Refused(problems: refused.problems) }
            if let words = outcome.restartWords {
                Terminal.complain("tributary: \(words): \(CommandHint.restart)")
            }
            return .reloaded(outcome.lastChange ?? "reloaded")
        } catch {
            let isTakenBack = await takeBack(
                saved, kept, tell: wasTold ? daemon : nil, within: error is Refused ? Self.patience : Self.shortPatience
            )
            if saved == nil, error is CredentialFileError,
                let words = administration.addedMeanwhile(added, credentials: credentials.map(\.record.name))
            {
                throw Failure(
                    "tributary: \(words)" + (isTakenBack ? "" : "; \(Self.partly)"), ExitStatus.dataError)
            }
            if let refused = error as? Refused {
                let ending =
                    "tributary: the daemon has refused the configuration; "
                    + (isTakenBack ? "everything is as it was before" : Self.partly)
                throw Failure(
                    (refused.problems + [ending]).joined(separator: "\n"), ExitStatus.configuration)
            }
            if error is Interruption.Stopped, !isTakenBack {
                throw Failure("tributary: stopped; \(Self.partly)", ExitStatus.interrupted)
            }
            if saved != nil, !(error is Interruption.Stopped) {
                let words = "tributary: \(isTakenBack ? "the changes were undone" : Self.partly)"
                if let failure = error as? Failure { throw failure.adding(words) }
                Terminal.complain(words)
            }
            throw error
        }
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
        // Otherwise the daemon would report a refused configuration until the next reload, or use files that no longer exist.
        guard let daemon, daemon.isRunning else { return isTakenBack }
        do {
            _ = try await daemon.reload(within: patience)
        } catch {
            isTakenBack = false
            Terminal.complain("tributary: the daemon has not read the files again: \(CommandHint.reload)")
        }
        return isTakenBack
    }
}

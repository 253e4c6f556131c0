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
    private static let partly = "not everything is as it was before: see above, and tributary check"

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
            Terminal.complain("tributary: \(error)")
            throw ExitStatus.configuration
        }
        var kept: [NewCredential] = []
        var saved: SavedEdit?
        var wasTold = false
        let daemon = administration.daemon(configuration)
        // If two runs overlap, the second one must see everything that the first one has saved, or nothing.
        var lock = try await takeLock()
        defer { if lock >= 0 { close(lock) } }
        do {
            try interruption.check()
            for credential in credentials {
                let keeper = credential.administration.keeper
                guard try keeper.form(of: credential.record.name) == nil else {
                    throw CredentialFileError(
                        "there is already a secret \(credential.record.name): remove it with tributary credential remove \(credential.record.name)"
                    )
                }
                kept.append(credential)
                try credential.administration.keep(
                    credential.secret, as: credential.record.name, plain: credential.plain)
            }
            saved = try edit.save()
            if !kept.isEmpty { try administration.layDownSecrets() }
            if lock >= 0 { close(lock) }
            lock = -1
            try interruption.check()
            guard daemon.isRunning else { return .notRunning }
            guard reloads else { return .notAsked }
            wasTold = true
            let outcome = try await interruption.cancelling { try await daemon.reload(within: Self.patience) }
            if let refused = outcome.refused { throw Refused(problems: refused.problems) }
            if let words = outcome.restartWords {
                Terminal.complain("tributary: \(words): systemctl restart tributary")
            }
            return .reloaded(outcome.lastChange ?? "reloaded")
        } catch {
            let isTakenBack = await takeBack(
                saved, kept, tell: wasTold ? daemon : nil, within: error is Refused ? Self.patience : Self.shortPatience
            )
            if saved == nil, error is CredentialFileError,
                let words = administration.addedMeanwhile(added, credentials: credentials.map(\.record.name))
            {
                Terminal.complain("tributary: \(words)" + (isTakenBack ? "" : "; \(Self.partly)"))
                throw ExitStatus.dataError
            }
            if let refused = error as? Refused {
                for problem in refused.problems { Terminal.complain(problem) }
                Terminal.complain(
                    "tributary: the daemon has refused the configuration; "
                        + (isTakenBack ? "everything is as it was before" : Self.partly))
                throw ExitStatus.configuration
            }
            if error is Interruption.Stopped, !isTakenBack {
                Terminal.complain("tributary: stopped; \(Self.partly)")
                throw ExitStatus.interrupted
            }
            if saved != nil, !(error is Interruption.Stopped) {
                Terminal.complain("tributary: \(isTakenBack ? "the changes were undone" : Self.partly)")
            }
            throw error
        }
    }

    /// Waits until no other run is choosing free names and saving.
    ///
    /// - Returns: the descriptor to close after saving; -1 if nothing can be locked.
    private func takeLock() async throws -> Int32 {
        let path = administration.path
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        let opened = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { return -1 }
        do {
            for _ in 0..<600 {
                if flock(opened, LOCK_EX | LOCK_NB) == 0 { return opened }
                // The file system does not support locks.
                guard errno == EWOULDBLOCK || errno == EINTR else {
                    close(opened)
                    return -1
                }
                try interruption.check()
                try await Task.sleep(for: .milliseconds(50))
            }
        } catch {
            close(opened)
            throw error
        }
        close(opened)
        throw CredentialFileError("another run is changing the files of \(directory): try again when it has ended")
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
            Terminal.complain("tributary: the daemon has not read the files again: systemctl reload tributary")
        }
        return isTakenBack
    }
}

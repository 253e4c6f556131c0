import Collector
import Configuration
import Credentials
import Glibc
import Setup

/// A secret that is to be kept with a change.
struct NewCredential: Sendable {
    var record: CredentialRecord
    var secret: [UInt8]
    /// Where it goes.
    let administration: Administration
    /// Not encrypted by systemd-creds.
    let plain: Bool
}

/// Puts a change into force: secrets, files, then the daemon. All of it, or nothing: what was done when a step fails, or when Ctrl-C comes, is taken
/// back, and that is said.
struct ChangeInForce {
    let administration: Administration
    let interruption: Interruption
    /// Whether the daemon that runs is told.
    let reloads: Bool

    /// What became of it in the daemon.
    enum Daemon: Sendable, Equatable {
        /// In the daemon's words.
        case reloaded(String)
        case notRunning
        /// It runs, and nobody wanted it to be told.
        case notAsked
    }

    /// How long the daemon may take, in seconds.
    private static let patience = 60
    /// The same for one that has not answered already.
    private static let shortPatience = 5
    private static let partly = "not everything is as it was before: see above, and tributary check"

    /// The daemon has refused it, each problem with file, line and what to do.
    private struct Refused: Error { let problems: [String] }

    /// - Parameters:
    ///   - edit: what the files are to say; it was checked.
    ///   - configuration: the result of that check.
    ///   - credentials: kept before the files say anything of them.
    ///   - added: the integration that is added, if one is.
    /// - Throws: an exit code, after saying why. Everything is as it was then, or it is said what is not.
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
        // Of two runs, the second one finds everything that the first one has saved, or nothing of it.
        var lock = try await takeLock()
        defer { if lock >= 0 { close(lock) } }
        do {
            try interruption.check()
            for credential in credentials {
                let keeper = credential.administration.keeper
                guard try keeper.form(of: credential.record.name) == nil else {
                    throw CredentialFileError(
                        "there is a secret \(credential.record.name) already: take it away with tributary credential remove \(credential.record.name)"
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
                Terminal.complain("tributary: \(isTakenBack ? "what was saved is taken back" : Self.partly)")
            }
            throw error
        }
    }

    /// Waits until no other run looks for free names and saves.
    ///
    /// - Returns: what is to be closed after saving; -1 where there is nothing to be locked.
    private func takeLock() async throws -> Int32 {
        let path = administration.path
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        let opened = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { return -1 }
        do {
            for _ in 0..<600 {
                if flock(opened, LOCK_EX | LOCK_NB) == 0 { return opened }
                // A file system without locks.
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

    /// Tries every step, and says which ones fail.
    ///
    /// - Returns: whether everything is as it was.
    private func takeBack(
        _ saved: SavedEdit?, _ kept: [NewCredential], tell daemon: RunningReport?, within patience: Int
    ) async -> Bool {
        var isTakenBack = true
        func attempt(_ step: () throws -> Void) {
            do {
                try step()
            } catch {
                isTakenBack = false
                Terminal.complain("tributary: not all could be taken back: \(error)")
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
        // Otherwise it would say until the next reload that a configuration was refused, or have read what is gone.
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

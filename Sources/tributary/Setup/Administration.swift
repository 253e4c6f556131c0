import ArgumentParser
import Collector
import Configuration
import Credentials
import FoundationEssentials
import Glibc
import OktaAPI
import Setup

/// One configuration with its secrets, as the commands that change it see it.
struct Administration: Sendable {
    /// Of the main file, absolute.
    let path: String
    let directories: CredentialDirectories

    /// - Parameter configuration: the path as it was given.
    init(configuration: String, of directories: CredentialDirectories = .collector) {
        path = configuration.hasPrefix("/") ? configuration : Self.workingDirectory + "/" + configuration
        self.directories =
            path == ConfigurationOptions.installed ? directories : directories.next(to: path)
    }

    private static var workingDirectory: String { FileManager.default.currentDirectoryPath }

    /// The same with the secrets of another service.
    func with(_ directories: CredentialDirectories) -> Self { Self(configuration: path, of: directories) }

    /// Whether it is the one that the unit runs with.
    var isInstalled: Bool { directories.areLaidDown }

    var keeper: SecretKeeper { SecretKeeper(directories) }

    /// Where a secret is that no unit hands over; nil for one that the unit does.
    func secretFile(of name: Name) -> String? { isInstalled ? nil : "\(directories.source)/\(name)" }

    var context: ConfigurationContext {
        ConfigurationContext(
            environment: isInstalled ? InstalledUnit.environment : ProcessInfo.processInfo.environment,
            today: CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970)), secrets: .warned)
    }

    /// - Throws: exit code 78, after saying every problem.
    func load() throws -> Configuration {
        do throws(ConfigurationError) {
            return try Configuration.load(path: path, context: context)
        } catch {
            Terminal.complain(error.description)
            throw ExitStatus.configuration
        }
    }

    /// What is said where another run was faster; nil if the files, as they are now, have none of these names.
    func addedMeanwhile(_ integration: Name?, credentials: [Name]) -> String? {
        guard let now = try? Configuration.load(path: path, context: context) else { return nil }
        if let integration, now.integration(named: integration.text) != nil {
            return "the integration \(integration) is there by now: another run has just added it"
        }
        let taken = credentials.first { now.credential(named: $0.text) != nil }
        return taken.map { "the credential \($0) is there by now: another run has just added it" }
    }

    /// The file of a new credential if something is there already, which is never replaced: an integration may stand in it.
    func takenFile(of credential: Name) -> String? {
        let file = CredentialRecord.file(of: credential, configuration: path)
        var status = stat()
        return lstat(file, &status) == 0 ? file : nil
    }

    func daemon(_ configuration: Configuration) -> RunningReport {
        RunningReport(directory: configuration.runtimeDirectory, configuration: path)
    }

    /// Throws exit code 77 where this process may not change the configuration: better before many questions than after them.
    func requireWriting() throws {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        let dropIns = directory + "/conf.d"
        let place = access(dropIns, F_OK) == 0 ? dropIns : directory
        guard access(place.isEmpty ? "/" : place, W_OK) != 0, errno != ENOENT else { return }
        Terminal.complain(
            "tributary: \(place) can't be written: \(String(cString: strerror(errno)))"
                + (geteuid() == 0 ? "" : "; run this as root (sudo)"))
        throw ExitStatus.noPermission
    }

    /// Keeps a secret: encrypted where that is possible, else as it is, readable by root alone.
    func keep(_ secret: [UInt8], as name: Name, plain: Bool) throws {
        guard !plain, isInstalled, SystemdCreds.isInstalled else { return try keeper.put(secret, as: name, .plain) }
        do throws(CredentialFileError) {
            try keeper.put(secret, as: name, .encrypted)
        } catch {
            Terminal.complain("note: \(error); the secret is kept as it is, readable by root alone")
            try keeper.put(secret, as: name, .plain)
        }
    }

    /// Gives the services the changed secrets, where a unit has been given any.
    func layDownSecrets() throws {
        guard isInstalled, geteuid() == 0, access(directories.runtime, F_OK) == 0 else { return }
        var owner = stat()
        guard stat(directories.runtime, &owner) == 0 else { return }
        let outcomes = try CredentialLoader(directories, user: "\(owner.st_uid)").load()
        for outcome in outcomes {
            if let failure = outcome.failure { Terminal.complain("warning: \(outcome.name): \(failure)") }
        }
    }

    /// Runs what may fail for files, secrets or the configuration, and gives the exit code for it.
    func attempt<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as CredentialFileError {
            Terminal.complain("tributary: \(error)" + (geteuid() == 0 ? "" : "; run this as root (sudo)"))
            throw geteuid() == 0 ? ExitStatus.inputOutput : ExitStatus.noPermission
        } catch let error as ConfigurationError {
            Terminal.complain(error.description)
            throw ExitStatus.configuration
        } catch let error as HandEdit {
            Terminal.complain("tributary: \(error)")
            throw ExitStatus.dataError
        } catch let error as CredentialError {
            Terminal.complain("tributary: \(error)")
            throw ExitStatus.dataError
        } catch is Interruption.Stopped {
            Terminal.complain("tributary: stopped; nothing was changed")
            throw ExitStatus.interrupted
        } catch let error as SecretInput.Failure {
            switch error {
            case .cancelled: Terminal.complain("tributary: nothing was changed")
            case .tooLong: Terminal.complain("tributary: this is longer than 64 KiB: no token and no private key is")
            case .unreadable(let code):
                Terminal.complain("tributary: standard input: \(String(cString: strerror(code)))")
            }
            throw ExitStatus.dataError
        }
    }
}

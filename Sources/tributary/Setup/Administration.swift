import ArgumentParser
import Collector
import Configuration
import Credentials
import FoundationEssentials
import Glibc
import OktaAPI
import Setup

/// A configuration and its secrets, for the commands that change them.
struct Administration: Sendable {
    /// The path of the main file, absolute.
    let path: String
    let directories: CredentialDirectories

    /// - Parameter configuration: the path as the user gave it.
    init(configuration: String, of directories: CredentialDirectories = .collector) {
        path =
            configuration.hasPrefix("/")
            ? configuration : FileManager.default.currentDirectoryPath + "/" + configuration
        self.directories =
            path == ConfigurationOptions.installed ? directories : directories.next(to: path)
    }

    /// The same configuration with the secrets of another service.
    func with(_ directories: CredentialDirectories) -> Self { Self(configuration: path, of: directories) }

    /// Whether this is the configuration that the unit uses.
    var isInstalled: Bool { directories.areLaidDown }

    var keeper: SecretKeeper { SecretKeeper(directories) }

    /// The path at which to store a secret that no unit provides; nil if the unit provides it.
    func secretFile(of name: Name) -> String? { isInstalled ? nil : "\(directories.source)/\(name)" }

    var context: ConfigurationContext {
        ConfigurationContext(
            environment: isInstalled ? InstalledUnit.environment : ProcessInfo.processInfo.environment,
            today: CalendarDate(secondsSince1970: Int(Date().timeIntervalSince1970)), secrets: .warned)
    }

    /// - Throws: exit code 78, with every problem.
    func load() throws -> Configuration {
        do throws(ConfigurationError) {
            return try Configuration.load(path: path, context: context)
        } catch {
            throw Failure(error.description, ExitStatus.configuration)
        }
    }

    /// A message that another run has just added one of these names; nil if the files contain none of these names, or can't be loaded.
    func addedMeanwhile(_ integration: Name?, credentials: [Name]) -> String? {
        guard let now = try? Configuration.load(path: path, context: context) else { return nil }
        if let integration, now.integration(named: integration.text) != nil {
            return "the integration \(integration) already exists: another run has just added it"
        }
        let taken = credentials.first { now.credential(named: $0.text) != nil }
        return taken.map { "the credential \($0) already exists: another run has just added it" }
    }

    /// The file for a new credential, if it already exists. This file is never replaced, because it may contain an integration.
    func takenFile(of credential: Name) -> String? {
        let file = CredentialRecord.file(of: credential, configuration: path)
        var status = stat()
        return lstat(file, &status) == 0 ? file : nil
    }

    func daemon(_ configuration: Configuration) -> RunningReport {
        RunningReport(directory: configuration.runtimeDirectory, configuration: path)
    }

    /// Throws exit code 77 if this process may not change the configuration. Call this before the person has to answer questions.
    func requireWriting() throws {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        let dropIns = directory + "/conf.d"
        let place = access(dropIns, F_OK) == 0 ? dropIns : directory
        guard access(place.isEmpty ? "/" : place, W_OK) != 0, errno != ENOENT else { return }
        throw Failure(
            "tributary: \(place) can't be written: \(String(cString: strerror(errno)))"
                + (geteuid() == 0 ? "" : "; run this as root (sudo)"), ExitStatus.noPermission)
    }

    /// Stores a secret in a file that only the file's owner can read. The secret is encrypted if this is the installed configuration, `plain` is
    /// false, and systemd-creds can encrypt it.
    func keep(_ secret: [UInt8], as name: Name, plain: Bool) throws {
        guard !plain, isInstalled, SystemdCreds.isInstalled else { return try keeper.put(secret, as: name, .plain) }
        do throws(CredentialFileError) {
            try keeper.put(secret, as: name, .encrypted)
        } catch {
            Terminal.complain("note: \(error); the secret is stored unencrypted, readable only by root")
            try keeper.put(secret, as: name, .plain)
        }
    }

    /// Provides the changed secrets to the service. Does nothing if this process is not root, if no unit uses this configuration, or if the unit has
    /// not provided any secrets yet.
    func layDownSecrets() throws {
        guard isInstalled, geteuid() == 0, access(directories.runtime, F_OK) == 0 else { return }
        var owner = stat()
        guard stat(directories.runtime, &owner) == 0 else { return }
        let outcomes = try CredentialLoader(directories, user: "\(owner.st_uid)").load()
        for outcome in outcomes {
            if let failure = outcome.failure { Terminal.complain("warning: \(outcome.name): \(failure)") }
        }
    }

    /// Runs an action on files, secrets or the configuration, and turns its errors into an exit code.
    func attempt<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as CredentialFileError {
            throw Failure(
                "tributary: \(error)" + (geteuid() == 0 ? "" : "; run this as root (sudo)"),
                geteuid() == 0 ? ExitStatus.inputOutput : ExitStatus.noPermission)
        } catch let error as ConfigurationError {
            throw Failure(error.description, ExitStatus.configuration)
        } catch let error as HandEdit {
            throw Failure("tributary: \(error)", ExitStatus.dataError)
        } catch let error as CredentialError {
            throw Failure("tributary: \(error)", ExitStatus.dataError)
        } catch is Interruption.Stopped {
            throw Failure("tributary: stopped; nothing was changed", ExitStatus.interrupted)
        } catch let error as SecretInput.Failure {
            let words =
                switch error {
                case .cancelled: "nothing was changed"
                case .tooLong: "the input is longer than 64 KiB, so it is not a token or a private key"
                case .unreadable(let code): "cannot read standard input: \(String(cString: strerror(code)))"
                }
            throw Failure("tributary: \(words)", ExitStatus.dataError)
        }
    }
}

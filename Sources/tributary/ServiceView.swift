import CLinux
import Configuration
import Credentials
import FoundationEssentials
import Glibc

/// What the daemon sees if systemd runs it: the credentials that the unit provides, the directories that systemd creates, and the rights of the
/// service's user. Only root can check this. The unit need not be running.
///
/// For the check, the secrets are written to a directory of the service's user below /run. The directory is removed after the check.
final class ServiceView {
    let unit: InstalledUnit
    /// The environment for loading the configuration.
    let environment: [String: String]
    /// What prevents the unit from starting, or a credential from being provided.
    let problems: [String]
    private let laidDown: [CredentialLoader]
    private let shown: [(real: String, shown: String)]

    /// Lowers this process's rights to those of the service's user until `leave` is called. Nil if there is no unit, or if this process is not root.
    /// If a step fails, prints a note and returns nil.
    init?() {
        guard geteuid() == 0, let unit = InstalledUnit.find() else { return nil }
        self.unit = unit
        var problems: [String] = []
        var laidDown: [CredentialLoader] = []
        var environment = ProcessInfo.processInfo.environment
        unit.addDirectories(to: &environment)
        CredentialLoader.removeAbandonedChecks()
        let own = "\(CredentialDirectories.runtimeRoot)/\(CredentialLoader.checkPrefix)\(getpid())"
        let systemd = own + "-systemd"
        let account: (uid_t, gid_t)
        do {
            account = try Account.find(unit.user)
            let loader = try CredentialLoader(
                source: CredentialDirectories.collector.source, target: own, user: unit.user)
            laidDown.append(loader)
            for outcome in try loader.load() {
                if let failure = outcome.failure { problems.append("credential \(outcome.name): \(failure)") }
            }
            if !unit.loadedCredentials.isEmpty {
                let loader = try CredentialLoader(source: "", target: systemd, user: unit.user)
                laidDown.append(loader)
                let outcomes = try loader.load(
                    files: unit.loadedCredentials.map { ($0.name, $0.path, $0.isEncrypted) })
                for outcome in outcomes {
                    guard let failure = outcome.failure else { continue }
                    problems.append(
                        "the unit will not start (exit 243): LoadCredential of \(outcome.name): \(failure); correct it in the drop-in "
                            + "(systemctl edit tributary), or remove it and use `tributary credential add`")
                }
                environment["CREDENTIALS_DIRECTORY"] = systemd
            }
        } catch {
            Terminal.complain(
                "note: the configuration is checked with root's rights instead of the service's: \(error)")
            for loader in laidDown { loader.remove() }
            return nil
        }
        environment["TRIBUTARY_CREDENTIALS_DIRECTORY"] = own
        self.environment = environment
        self.problems = problems
        self.laidDown = laidDown
        shown = [
            (systemd, "/run/credentials/\(InstalledUnit.name)"), (own, CredentialDirectories.collector.runtime),
        ]
        guard setgroups(0, nil) == 0, setresgid(account.1, account.1, 0) == 0, setresuid(account.0, account.0, 0) == 0
        else {
            Terminal.complain(
                "note: the configuration is checked with root's rights instead of the service's: \(String(cString: strerror(errno)))"
            )
            leave()
            return nil
        }
    }

    /// Restores root's rights and removes the secrets.
    func leave() {
        _ = setresuid(0, 0, 0)
        _ = setresgid(0, 0, 0)
        for loader in laidDown { loader.remove() }
    }

    /// The text with the paths that the daemon will use, instead of the temporary paths of this check.
    func asShown(_ text: String) -> String {
        shown.reduce(text) { text, pair in text.replacing(pair.real, with: pair.shown) }
    }

    /// The obstacles to running the daemon with this configuration, each with its correction: ``problems``, and paths that the unit can't use. Call
    /// this with the rights of the service's user.
    func objections(to configuration: Configuration) -> [String] {
        var found = problems
        for path in unit.requiredPaths where !exists(path) {
            found.append(
                "the unit will not start (exit 226), because ReadWritePaths= names \(path), which does not exist: create it, or change the drop-in"
            )
        }
        for (key, path) in [
            ("spool.directory", configuration.spool.directory), ("state_directory", configuration.stateDirectory),
            ("runtime_directory", configuration.runtimeDirectory),
        ] {
            if unit.hidesHome, ["/home/", "/root/", "/run/user/"].contains(where: { "\(path)/".hasPrefix($0) }) {
                found.append(
                    "\(key): the unit does not see \(path) (ProtectHome=): use another directory, such as /srv/tributary"
                )
            } else if !unit.mayWrite(path) {
                found.append(
                    "\(key): the unit may not write to \(path). Run systemctl edit tributary, and add ReadWritePaths=\(path) "
                        + "and NoExecPaths=\(path) under [Service]"
                )
            } else if key == "spool.directory", !exists(path) {
                found.append(
                    "\(key): \(path) does not exist. Create it: install -d -o \(unit.user) -g \(unit.user) -m 2750 \(path)"
                        + (path == "/var/lib/tributary/spool" ? ", or systemd-tmpfiles --create" : ""))
            } else if key == "spool.directory", access(path, W_OK) != 0 {
                found.append(
                    "\(key): the user \(unit.user) can't write to \(path). Make this user its owner: chown \(unit.user):\(unit.user) \(path)"
                )
            }
        }
        return found
    }

    /// Warnings about settings that the unit forbids. They are not errors, because systemd does not enforce this on every host.
    func warnings(about configuration: Configuration) -> [String] {
        guard case .loopback(let host, let port)? = configuration.metrics.listen,
            !unit.mayListen(on: port, isIPv6: host.contains(":"))
        else { return [] }
        return [
            "metrics.listen: tributary.service does not allow TCP port \(port) (not every systemd enforces this). To allow it, run "
                + "systemctl edit tributary and add SocketBindAllow=tcp:\(port) under [Service]"
        ]
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 || errno != ENOENT }
}

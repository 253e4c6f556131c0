import Synchronization

/// A command of `tributary` as a message names it. For a configuration other than the installed one it has `--config FILE`, so that a person who copies it
/// from the screen changes the files that the message is about.
package enum CommandHint {
    /// The configuration that the unit uses.
    package static let installed = "/etc/tributary/tributary.yaml"

    private static let configuration = Mutex(installed)

    /// Sets the configuration that this process works with: an absolute path. Called once, before anything is printed.
    package static func use(configuration path: String) { configuration.withLock { $0 = path } }

    /// Whether the unit uses this configuration.
    private static var isInstalled: Bool { configuration.withLock { $0 == installed } }

    /// Such as `tributary credential list`.
    ///
    /// - Parameter words: the command's name and arguments.
    package static func command(_ words: String) -> String {
        let path = configuration.withLock(\.self)
        return path == installed ? "tributary \(words)" : "tributary \(words) --config \(quoted(path))"
    }

    /// The same for a command that changes files under /etc, and so needs root there.
    package static func asRoot(_ words: String) -> String { (isInstalled ? "sudo " : "") + command(words) }

    /// What has the running daemon read its configuration again.
    package static var reload: String { isInstalled ? "systemctl reload tributary" : command("reload") }

    /// What starts the daemon.
    package static var start: String { isInstalled ? "systemctl start tributary" : command("run") }

    /// Where to look if the daemon does not run.
    package static var lookAtService: String { isInstalled ? "(systemctl status tributary)" : "Start it: \(start)" }

    /// What restarts the daemon.
    package static var restart: String {
        isInstalled ? "systemctl restart tributary" : "stop the daemon, then \(command("run"))"
    }

    /// What replaces the secret of a credential.
    ///
    /// - Parameter file: the file that the configuration names for it; nil if `tributary credential` keeps it.
    package static func replaceSecret(of credential: Name, in file: String?) -> String {
        guard let file, file != ownSecretFile(credential) else { return asRoot("credential rotate \(credential)") }
        return "put it into \(file)"
    }

    /// Where `tributary credential` keeps the secret of a configuration that no unit serves.
    private static func ownSecretFile(_ credential: Name) -> String? {
        let path = configuration.withLock(\.self)
        return path == installed ? nil : "\(CredentialDirectories.collector.next(to: path).source)/\(credential)"
    }

    /// As a shell takes it for one word.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "/._-+@%".utf8.contains(byte)
        }
        return isPlain ? path : "'\(path.replacing("'", with: "'\\''"))'"
    }
}

extension Configuration.Credential {
    /// What replaces the secret when Okta refuses it.
    package var secretReplacement: String { CommandHint.replaceSecret(of: settings.name, in: settings.secretFile) }
}

import Synchronization

/// Commands of `tributary` for use in messages. If this process works with a configuration other than the installed one, the commands contain
/// `--config FILE`. If a spool was given, the `spool` commands contain `--spool DIRECTORY` instead. So a copied command works with the files that the
/// message is about.
package enum CommandHint {
    /// The configuration that the unit uses.
    package static let installed = "/etc/tributary/tributary.yaml"

    private static let file = Mutex(installed)
    private static let spool = Mutex<String?>(nil)

    /// Sets the configuration that this process works with: an absolute path. Called once, before anything is printed.
    package static func use(configuration path: String) { file.withLock { $0 = path } }

    /// Sets the spool that the option `--spool` specifies instead of the configured one: an absolute path. Called before anything is printed.
    package static func use(spool path: String) { spool.withLock { $0 = path } }

    /// The configuration that this process works with.
    package static var configuration: String { file.withLock(\.self) }

    /// Whether the configuration of this process is the one that the unit uses.
    private static var isInstalled: Bool { configuration == installed }

    /// A command, such as `tributary credential list`.
    ///
    /// - Parameter words: the command's name and arguments.
    package static func command(_ words: String) -> String {
        if words.hasPrefix("spool "), let path = spool.withLock(\.self) {
            return "tributary \(words) --spool \(quoted(path))"
        }
        return isInstalled ? "tributary \(words)" : "tributary \(words) --config \(quoted(configuration))"
    }

    /// A command of `tributary`, with `sudo` if the configuration is the installed one, which only root can change.
    package static func asRoot(_ words: String) -> String { (isInstalled ? "sudo " : "") + command(words) }

    /// The command that makes the running daemon read its configuration again.
    package static var reload: String { isInstalled ? "systemctl reload tributary" : command("reload") }

    /// The command that starts the daemon.
    package static var start: String { isInstalled ? "systemctl start tributary" : command("run") }

    /// The end of a message about a daemon that may not be running: how to check or start the daemon.
    package static var serviceCheck: String { isInstalled ? "(systemctl status tributary)" : "Start it: \(start)" }

    /// The command that restarts the daemon.
    package static var restart: String {
        isInstalled ? "systemctl restart tributary" : "stop the daemon, then \(command("run"))"
    }

    /// Quotes a path for a shell.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "/._-+@%".utf8.contains(byte)
        }
        return isPlain ? path : "'\(path.replacing("'", with: "'\\''"))'"
    }
}

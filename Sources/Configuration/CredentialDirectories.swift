/// Where the credentials of one of Tributary's services are. No service's directory is inside another service's directory. The collector, the helper
/// of the response actions, and the deliveries run as different users.
///
/// An administrator stores the credentials in ``source``, which only root can read. The root step of the service's unit (`ExecStartPre=` and
/// `ExecReload=`, run as root) decrypts the credentials and writes them to ``runtime``, which only the service's user can read.
package struct CredentialDirectories: Sendable, Hashable, CustomStringConvertible {
    /// The parent of the ``runtime`` directories of the collector and of the response actions; owned by root.
    package static let runtimeRoot = "/run/tributary-credentials"
    /// The directory below which every ``source`` is.
    static let sourceRoot = "/etc/tributary"
    /// The daemon's credentials.
    package static let collector = CredentialDirectories(name: "collector", "credentials", "collector")
    /// The credentials of the response actions.
    package static let respond = CredentialDirectories(name: "respond", "credentials-respond", "respond")

    /// The name of the service: `collector`, `respond` or `deliver/NAME`.
    package let name: String
    /// The directory in which an administrator stores the secrets: one file per credential, with the credential's name.
    package let source: String
    /// The directory in which the service finds the secrets.
    package let runtime: String

    /// The directory below which the ``runtime`` of every delivery is. All deliveries run as the same user, but must not read each other's secrets,
    /// so only root can enter this directory. The unit of a delivery makes one subdirectory visible to the delivery, at another path
    /// (`BindReadOnlyPaths=`). This subdirectory is the parent of ``runtime``, because the root step replaces ``runtime`` itself.
    package static let deliveryRoot = "/run/tributary-credentials-deliver"

    /// The credentials of the delivery to a destination.
    package static func deliver(_ destination: Name) -> Self {
        CredentialDirectories(
            name: "deliver/\(destination)", source: "\(sourceRoot)/credentials-deliver/\(destination)",
            runtime: "\(deliveryRoot)/\(destination)/secrets")
    }

    /// Reads `collector`, `respond` or `deliver/NAME`.
    package init(parsing text: String) throws(ValueError) {
        switch text {
        case "collector": self = .collector
        case "respond": self = .respond
        default:
            guard text.hasPrefix("deliver/") else {
                throw ValueError(
                    "\(LiteralSecret.quoted(text)) is not a service with credentials",
                    hint: "write collector, respond or deliver/NAME")
            }
            self = .deliver(try Name(parsing: String(text.dropFirst("deliver/".count))))
        }
    }

    /// The directories for a configuration other than the installed one. No unit uses such a configuration. Its secrets are therefore stored next to
    /// the configuration file, and are read from there.
    ///
    /// - Parameter configuration: an absolute path.
    package func next(to configuration: String) -> Self {
        let above = configuration.lastIndex(of: "/").map { String(configuration[..<$0]) } ?? ""
        let directory = above + source.dropFirst(Self.sourceRoot.count)
        return CredentialDirectories(name: name, source: directory, runtime: directory)
    }

    /// Whether the unit's root step reads the secrets from ``source`` and writes them to ``runtime``. If not, both are the same directory.
    package var areLaidDown: Bool { source != runtime }

    private init(name: String, source: String, runtime: String) {
        self.name = name
        self.source = source
        self.runtime = runtime
    }

    private init(name: String, _ source: String, _ runtime: String) {
        self.name = name
        self.source = "\(Self.sourceRoot)/\(source)"
        self.runtime = "\(Self.runtimeRoot)/\(runtime)"
    }

    package var description: String { name }
}

/// The suffixes of a credential's files. The name of a credential contains no dot, so it never ends with one of the suffixes.
package enum CredentialFileName {
    /// The suffix of a file made by `systemd-creds encrypt`.
    package static let encryptedSuffix = ".cred"
    /// The suffix of a file that is written instead of a secret, and says why the secret is missing.
    package static let failedSuffix = ".failed"
}

/// The conditions that affect how a configuration is read, in addition to its files.
package struct ConfigurationContext: Sendable {
    /// The environment of the process. These variables are used: `$STATE_DIRECTORY`, `$RUNTIME_DIRECTORY` and `$CREDENTIALS_DIRECTORY`
    /// (systemd.exec(5)), and `$TRIBUTARY_CREDENTIALS_DIRECTORY`, the directory into which the unit's root step (`ExecStartPre=`) writes credentials.
    package var environment: [String: String]
    /// Today's date, for expiry dates.
    package var today: CalendarDate
    /// How to treat secrets that can't be read.
    package var secrets: SecretCheck
    /// How much to refuse because of a mistake.
    package var mistakes: MistakeScope

    /// How strictly files with secrets are checked.
    package enum SecretCheck: Sendable {
        /// A missing or unreadable secret is an error. Used when `tributary check` checks the installed configuration with the service's rights.
        case required
        /// A missing or unreadable secret is only a warning. Used by the daemon, which retries the integrations that need the secret. Also used by
        /// commands: their user may have fewer rights than the service, or the secrets may not exist yet.
        case warned
    }

    /// How much is refused because of a mistake in one integration or credential.
    package enum MistakeScope: Sendable {
        /// The whole configuration is refused. Used for a check and for a reload. After a refused reload, the running configuration stays in force.
        case whole
        /// Only the integration with the mistake is refused, and is listed in ``Configuration/unusable``; all other integrations are used. If no
        /// integration is usable, the whole configuration is refused. Used when the daemon starts, for response actions, and by some commands.
        case integration
        /// As with ``integration``, but a configuration without any usable integration is also accepted. Used by programs that do not collect, such
        /// as loaders and deliveries.
        case everyIntegration
        /// Nothing is refused. A part with a mistake is omitted or gets its default, and all other parts are read. This also applies to a file that
        /// is not valid YAML. Used to find out to which daemon a configuration belongs. For any other purpose, a caller may use only the sections
        /// that are not in ``Configuration/doubtful``.
        case nothing
    }

    package init(
        environment: [String: String], today: CalendarDate, secrets: SecretCheck = .required,
        mistakes: MistakeScope = .whole
    ) {
        self.environment = environment
        self.today = today
        self.secrets = secrets
        self.mistakes = mistakes
    }
}

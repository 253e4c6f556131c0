/// The conditions, in addition to the files, on which reading the configuration depends.
package struct ConfigurationContext: Sendable {
    /// The environment of the process. Only `$STATE_DIRECTORY`, `$RUNTIME_DIRECTORY` and `$CREDENTIALS_DIRECTORY` (systemd.exec(5)) are used, and
    /// `$TRIBUTARY_CREDENTIALS_DIRECTORY`, into which the unit's root step writes credentials.
    package var environment: [String: String]
    /// Today's date, for expiry dates.
    package var today: CalendarDate
    /// How to treat secrets that can't be read.
    package var secrets: SecretCheck
    /// How to treat a mistake that concerns only one integration.
    package var mistakes: MistakeScope

    /// How strictly files with secrets are checked.
    package enum SecretCheck: Sendable {
        /// A missing or unreadable secret is an error. For the daemon.
        case required
        /// It is only a warning. For a person who may not read what the service may, and for checking a configuration
        /// before its secrets exist.
        case warned
    }

    /// How much is refused because of a mistake in one integration or credential.
    package enum MistakeScope: Sendable {
        /// The whole configuration. For a check, and for a reload, where the running configuration stays in force.
        case whole
        /// Only the integration, which is listed in ``Configuration/unusable``; the others are used. For a start.
        case integration
        /// The same, even if none is left. For what does not collect, such as loaders and deliveries.
        case everyIntegration
        /// Nothing: what has a mistake is left out or has its default, and the rest is read, even of a file that is not valid YAML. For showing what the
        /// configuration belongs to, such as a running daemon. Never for running or changing anything with it, except by a section that is whole.
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

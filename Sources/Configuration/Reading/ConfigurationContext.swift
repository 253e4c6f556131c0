/// What reading the configuration depends on beside the files.
package struct ConfigurationContext: Sendable {
    /// Of the process: `$STATE_DIRECTORY`, `$RUNTIME_DIRECTORY` and `$CREDENTIALS_DIRECTORY` (systemd.exec(5)) count, and
    /// `$TRIBUTARY_CREDENTIALS_DIRECTORY`, where the unit's root step lays credentials down.
    package var environment: [String: String]
    /// For expiry dates.
    package var today: CalendarDate
    /// What to make of secrets that can't be read.
    package var secrets: SecretCheck
    /// What to make of a mistake that concerns one integration only.
    package var mistakes: MistakeScope

    /// How strict to be about the files with secrets.
    package enum SecretCheck: Sendable {
        /// A missing or unreadable secret is an error: for the daemon.
        case required
        /// Only warned about: for a person who may not read what the service may, and for a configuration that is
        /// checked before its secrets are in place.
        case warned
    }

    /// What a mistake in one integration, or in a credential, stops.
    package enum MistakeScope: Sendable {
        /// The whole configuration is refused: for a check, and for a reload, where the one that runs stays in force.
        case whole
        /// The integration is left out and listed in ``Configuration/unusable``; the others are used: for a start.
        case integration
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

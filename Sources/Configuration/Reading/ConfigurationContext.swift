/// What reading the configuration depends on beside the files.
package struct ConfigurationContext: Sendable {
    /// Of the process: `$STATE_DIRECTORY`, `$RUNTIME_DIRECTORY` and `$CREDENTIALS_DIRECTORY` (systemd.exec(5)) count.
    package var environment: [String: String]
    /// For expiry dates.
    package var today: CalendarDate
    /// What to make of secrets that can't be read.
    package var secrets: SecretCheck

    /// How strict to be about the files with secrets.
    package enum SecretCheck: Sendable {
        /// A missing or unreadable secret is an error: for the daemon.
        case required
        /// Only warned about: for a person who may not read what the service may, and for a configuration that is
        /// checked before its secrets are in place.
        case warned
    }

    package init(environment: [String: String], today: CalendarDate, secrets: SecretCheck = .required) {
        self.environment = environment
        self.today = today
        self.secrets = secrets
    }
}

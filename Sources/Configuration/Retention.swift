extension Configuration {
    /// How long sealed segments are kept.
    package enum Retention: Sendable, Hashable, CustomStringConvertible {
        /// Nothing is deleted by Tributary.
        case never
        /// Deleted this long after sealing; at least a minute.
        case after(ConfigurationDuration)

        /// Reads `never` or a duration of at least a minute.
        package init(parsing text: String) throws(ValueError) {
            if text == "never" {
                self = .never
                return
            }
            guard let duration = try? ConfigurationDuration(parsing: text) else {
                throw ValueError(
                    "\(LiteralSecret.quoted(text)) is not a retention", hint: "write never, or a duration such as 30d")
            }
            guard duration.seconds >= 60 else {
                throw ValueError(
                    "\(duration) is too short a retention", hint: "write never, or a duration of at least 1m")
            }
            self = .after(duration)
        }

        package var description: String {
            switch self {
            case .never: "never"
            case .after(let duration): duration.description
            }
        }
    }
}

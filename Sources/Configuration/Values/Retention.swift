extension Configuration {
    /// When Tributary deletes sealed segments. A configured destination counts as a registered loader.
    package enum Retention: Sendable, Hashable, CustomStringConvertible {
        /// Tributary deletes no segments.
        case never
        /// A segment is deleted this long after sealing (at least a minute), but not before every registered loader has acknowledged it. If no loader
        /// is registered, only the age counts.
        case after(ConfigurationDuration)
        /// A segment is deleted as soon as every registered loader has acknowledged it; never if no loader is registered.
        case acknowledged

        /// Reads `never`, `acknowledged`, or a duration of at least a minute.
        package init(parsing text: String) throws(ValueError) {
            switch text {
            case "never":
                self = .never
                return
            case "acknowledged":
                self = .acknowledged
                return
            default: break
            }
            guard let duration = try? ConfigurationDuration(parsing: text) else {
                throw ValueError(
                    "\(LiteralSecret.quoted(text)) is not a retention",
                    hint: "write never, acknowledged, or a duration such as 30d")
            }
            guard duration.seconds >= 60 else {
                throw ValueError(
                    "\(duration) is too short for a retention",
                    hint: "write never, acknowledged, or a duration of at least 1m")
            }
            self = .after(duration)
        }

        package var description: String {
            switch self {
            case .never: "never"
            case .acknowledged: "acknowledged"
            case .after(let duration): duration.description
            }
        }
    }
}

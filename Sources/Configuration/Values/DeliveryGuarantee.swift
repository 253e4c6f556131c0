/// What a destination promises about repeats.
package enum DeliveryGuarantee: String, Sendable, Codable {
    /// A segment that comes again changes nothing.
    case exactlyOnce = "exactly_once"
    /// It depends on the command: one that records the segment's path with its rows delivers each segment once.
    case byCommand = "by_command"
    /// A segment that comes again may be there twice.
    case atLeastOnce = "at_least_once"

    /// For people.
    package var words: String {
        switch self {
        case .exactlyOnce: "exactly once"
        case .byCommand: "by the command"
        case .atLeastOnce: "at least once"
        }
    }
}

extension DestinationProtocol {
    /// What a repeat leads to at such a server.
    package var guarantee: DeliveryGuarantee {
        switch self {
        case .elasticsearch, .clickhouse: .exactlyOnce
        case .splunk: .atLeastOnce
        }
    }
}

extension Configuration.Destination {
    /// What a repeat leads to there. A store is refused by the trial and by each answer when it does not keep this.
    package var guarantee: DeliveryGuarantee {
        switch self.type {
        case .s3: .exactlyOnce
        case .exec: .byCommand
        case .http: (self.protocol ?? .elasticsearch).guarantee
        }
    }
}

/// What a destination guarantees if a segment is delivered more than once.
package enum DeliveryGuarantee: String, Sendable, Codable {
    /// A repeated segment changes nothing.
    case exactlyOnce = "exactly_once"
    /// The guarantee depends on the command: if the command records the segment's path together with the rows, each segment is stored once.
    case byCommand = "by_command"
    /// A repeated segment may be stored twice.
    case atLeastOnce = "at_least_once"

    /// The guarantee as text for a person.
    package var words: String {
        switch self {
        case .exactlyOnce: "exactly once"
        case .byCommand: "depends on the command"
        case .atLeastOnce: "at least once"
        }
    }
}

extension DestinationProtocol {
    /// The guarantee of a server with this protocol.
    package var guarantee: DeliveryGuarantee {
        switch self {
        case .elasticsearch, .clickhouse: .exactlyOnce
        case .splunk: .atLeastOnce
        }
    }
}

extension Configuration.Destination {
    /// The guarantee of the destination. If the destination's store can't provide it, `tributary destination check` fails.
    package var guarantee: DeliveryGuarantee {
        switch self.type {
        case .s3: .exactlyOnce
        case .exec: .byCommand
        case .http: (self.protocol ?? .elasticsearch).guarantee
        }
    }
}

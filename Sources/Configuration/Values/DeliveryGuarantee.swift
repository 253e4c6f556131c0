/// A destination's guarantee about repeated segments.
package enum DeliveryGuarantee: String, Sendable, Codable {
    /// A repeated segment changes nothing.
    case exactlyOnce = "exactly_once"
    /// It depends on the command: if it records the segment's path together with its rows, each segment is stored once.
    case byCommand = "by_command"
    /// A repeated segment may be stored twice.
    case atLeastOnce = "at_least_once"

    /// For people.
    package var words: String {
        switch self {
        case .exactlyOnce: "exactly once"
        case .byCommand: "depends on the command"
        case .atLeastOnce: "at least once"
        }
    }
}

extension DestinationProtocol {
    /// The guarantee of such a server.
    package var guarantee: DeliveryGuarantee {
        switch self {
        case .elasticsearch, .clickhouse: .exactlyOnce
        case .splunk: .atLeastOnce
        }
    }
}

extension Configuration.Destination {
    /// The guarantee of the destination. A store that does not support it is refused, by the test and at each write.
    package var guarantee: DeliveryGuarantee {
        switch self.type {
        case .s3: .exactlyOnce
        case .exec: .byCommand
        case .http: (self.protocol ?? .elasticsearch).guarantee
        }
    }
}

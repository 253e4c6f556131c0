import Collector
import Delivery
import FoundationEssentials

/// The daemon's report with the key `destinations`, as one JSON document: what `tributary status --json` prints, and the listener's `/status.json`.
package struct WholeStatus: Encodable {
    let report: StatusReport
    let destinations: [DestinationStatus]
    /// Whether the spool is recovered and collection runs; nil if only the daemon's status file was read.
    let isReady: Bool?

    package init(report: StatusReport, destinations: [DestinationStatus], isReady: Bool? = nil) {
        self.report = report
        self.destinations = destinations
        self.isReady = isReady
    }

    private enum Key: String, CodingKey {
        case destinations, isReady
    }

    package func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var more = encoder.container(keyedBy: Key.self)
        try more.encodeIfPresent(isReady, forKey: .isReady)
        try more.encode(destinations, forKey: .destinations)
    }

    /// - Parameter isForPeople: whether to indent the JSON.
    package func encoded(isForPeople: Bool = false) throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isForPeople { encoder.outputFormatting.insert(.prettyPrinted) }
        return try encoder.encode(self)
    }
}

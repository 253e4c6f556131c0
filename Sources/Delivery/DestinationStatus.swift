import Configuration
import FoundationEssentials

/// A configured destination with its delivery's last report. Each delivery is a separate process with a status file that everybody may read.
///
/// The JSON form is the delivery's report with the additional keys `unit` and `running`. The values of `name` and `place` are from the configuration.
/// If there is no report, the JSON has only these four keys.
package struct DestinationStatus: Sendable, Encodable {
    package let name: String
    /// The destination's address, for a person.
    package let place: String
    /// The systemd unit that delivers to the destination.
    package let unit: String
    /// Whether the destination's delivery is running.
    package let isRunning: Bool
    /// The last report; nil if there is none, for example because the delivery has not run since this host booted.
    package let report: DeliveryReport?

    package init(name: String, place: String, unit: String, isRunning: Bool, report: DeliveryReport?) {
        self.name = name
        self.place = place
        self.unit = unit
        self.isRunning = isRunning
        self.report = report
    }

    /// Whether the destination's delivery runs and is in a healthy state.
    package var isHealthy: Bool { isRunning && report?.state.isHealthy == true }

    /// The status of all destinations of a configuration, in the order of the configuration.
    package static func all(_ configuration: Configuration) -> [DestinationStatus] {
        configuration.destinations.map { destination in
            let directory = "\(configuration.deliveryDirectory)/\(destination.name)"
            let data = FileManager.default.contents(atPath: "\(directory)/\(DeliveryReport.fileName)")
            let report = data.flatMap { try? DeliveryReport(decoding: $0) }
            return DestinationStatus(
                name: destination.name.text, place: destination.place, unit: destination.unit,
                isRunning: DeliveryStatusFile.isHeld(inDirectory: directory, by: report), report: report)
        }
    }

    private enum Key: String, CodingKey {
        case name, place, unit, running
    }

    package func encode(to encoder: any Encoder) throws {
        try report?.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(place, forKey: .place)
        try container.encode(unit, forKey: .unit)
        try container.encode(isRunning, forKey: .running)
    }
}

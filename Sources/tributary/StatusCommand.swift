import ArgumentParser
import Collector
import Delivery
import FoundationEssentials
import Glibc

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How each integration, the spool and each destination are, from the running processes.",
        discussion: """
            Ends with 0 when the daemon runs, every integration collects and every destination takes segments, with 69 when not.

            Example:
              tributary status
              tributary status --json | jq '.integrations[] | select(.state != "live")'
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "The daemon's own report as JSON.")
    var json = false

    func run() throws {
        let directory = options.runtimeDirectory()
        let path = directory + "/" + StatusReport.fileName
        let deliveries = DeliveryStatus.all(options)
        guard let data = FileManager.default.contents(atPath: path) else {
            Terminal.complain(
                "tributary: no status at \(path): \(String(cString: strerror(errno))); is the daemon running? "
                    + "(systemctl status tributary)")
            if !json { deliveries.forEach { print($0.text(.output)) } }
            throw ExitStatus.unavailable
        }
        let report: StatusReport
        do {
            report = try StatusReport(decoding: data)
        } catch {
            Terminal.complain("tributary: \(path) is not a status report of this version: \(error)")
            throw ExitStatus.dataError
        }
        let isRunning = StatusFile.isHeld(inDirectory: directory, by: report)
        if json {
            try StandardOutput.write(
                deliveries.isEmpty
                    ? data : WholeStatus(report: report, destinations: deliveries.compactMap(\.report)).encoded())
        } else {
            print(StatusText(report: report, isRunning: isRunning, terminal: .output).text)
            deliveries.forEach { print($0.text(.output)) }
        }
        if !isRunning || report.stuck != nil || report.waiting != nil
            || report.integrations.contains(where: { !$0.state.isHealthy })
            || deliveries.contains(where: { !$0.isHealthy })
        {
            throw ExitStatus.unavailable
        }
    }
}

/// The daemon's report with the key `destinations`: one JSON document.
private struct WholeStatus: Encodable {
    var report: StatusReport
    var destinations: [DeliveryReport]

    private enum Key: String, CodingKey {
        case destinations
    }

    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var more = encoder.container(keyedBy: Key.self)
        try more.encode(destinations, forKey: .destinations)
    }

    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}

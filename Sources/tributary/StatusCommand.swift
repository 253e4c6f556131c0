import ArgumentParser
import Collector
import Delivery
import FoundationEssentials
import Glibc

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How each integration, the spool and each destination are, from the running processes.",
        discussion: """
            First how many integrations are well, then what is in trouble and what to do about it, then the rest.

            Ends with 0 while the daemon runs and reports and everything is well or starts; with 69 when an integration fails, a destination \
            takes no segments, or the daemon does not run or does not report.

            Example:
              tributary status --failing
              tributary status --watch
              tributary status --json | jq '.integrations[] | select(.state != "live")'
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "The daemon's own report as JSON.")
    var json = false

    @Flag(help: "Only what is in trouble.")
    var failing = false

    @Flag(name: .shortAndLong, help: "Again every second, until Ctrl-C.")
    var watch = false

    func validate() throws {
        if json, failing || watch {
            throw ValidationError("--json is for programs: use it without --failing and --watch")
        }
        if watch, !Terminal.output.isTerminal { throw ValidationError("--watch needs a terminal") }
    }

    func run() throws {
        if json { return try printReport() }
        while watch {
            show()
            // A second, or less when the window changes its size.
            poll(nil, 0, 1000)
        }
        switch read() {
        case .failure(let failure):
            Terminal.complain(failure.words)
            for delivery in deliveries { print(delivery.lines(.output).joined(separator: "\n")) }
            throw failure.status
        case .success(let (report, _)):
            let text = text(report)
            print(text.text)
            if !text.isWell { throw ExitStatus.unavailable }
        }
    }

    /// Why there is no report.
    private struct Failure: Error {
        let words: String
        let status: ExitCode
    }

    private var deliveries: [DeliveryStatus] { DeliveryStatus.all(options) }

    private func read() -> Result<(report: StatusReport, data: Data), Failure> {
        let path = options.runtimeDirectory() + "/" + StatusReport.fileName
        guard let data = FileManager.default.contents(atPath: path) else {
            let words = """
                tributary: no status at \(path): \(String(cString: strerror(errno))); is the daemon running? (systemctl status tributary)
                """
            return .failure(Failure(words: words, status: ExitStatus.unavailable))
        }
        do {
            return .success((try StatusReport(decoding: data), data))
        } catch {
            let words = "tributary: \(path) is not a status report of this version: \(error)"
            return .failure(Failure(words: words, status: ExitStatus.dataError))
        }
    }

    private func text(_ report: StatusReport) -> StatusText {
        StatusText(
            report: report, deliveries: deliveries,
            isRunning: StatusFile.isHeld(inDirectory: options.runtimeDirectory(), by: report), now: WallClock.now(),
            terminal: .output, isFailingOnly: failing)
    }

    /// A screenful.
    private func show() {
        let lines =
            switch read() {
            case .failure(let failure): [failure.words]
            case .success(let (report, _)): text(report).lines
            }
        let terminal = Terminal.output
        let rows = max(2, terminal.size?.rows ?? 24)
        var shown = Array(lines.prefix(rows - 1))
        if lines.count > shown.count {
            shown = Array(lines.prefix(rows - 2))
            shown.append(terminal.dim("  … \(lines.count - shown.count) more lines"))
        }
        // Home, each line up to its end, and nothing below.
        try? StandardOutput.write(
            Data(("\u{1B}[H" + shown.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J").utf8))
    }

    private func printReport() throws {
        switch read() {
        case .failure(let failure):
            Terminal.complain(failure.words)
            throw failure.status
        case .success(let (report, data)):
            let deliveries = deliveries
            try StandardOutput.write(
                deliveries.isEmpty
                    ? data : WholeStatus(report: report, destinations: deliveries.map(Destination.init)).encoded())
            if !text(report).isWell { throw ExitStatus.unavailable }
        }
    }
}

/// The daemon's report with the key `destinations`: one JSON document.
private struct WholeStatus: Encodable {
    var report: StatusReport
    var destinations: [Destination]

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

/// A delivery's own report, and whether the delivery that wrote it still runs.
private struct Destination: Encodable {
    var delivery: DeliveryStatus

    private enum Key: String, CodingKey {
        case name
        case place
        case running
    }

    func encode(to encoder: any Encoder) throws {
        try delivery.report?.encode(to: encoder)
        var more = encoder.container(keyedBy: Key.self)
        try more.encode(delivery.name, forKey: .name)
        try more.encode(delivery.place, forKey: .place)
        try more.encode(delivery.isRunning, forKey: .running)
    }
}

import ArgumentParser
import Collector
import Configuration
import Delivery
import FoundationEssentials
import Glibc
import Monitoring

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the state of each integration, the spool and each destination.",
        discussion: """
            Shows first how many integrations are well, then each problem with what to do about it, then the rest.

            Exits with 0 if the daemon runs and reports and everything is well or starting, and with 69 if an integration fails, a destination \
            does not accept segments, or the daemon does not run or does not report.

            Example:
              tributary status --failing
              tributary status --watch
              tributary status --json | jq '.integrations[] | select(.state != "live")'
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Print the daemon's report as JSON.")
    var json = false

    @Flag(help: "Show only problems.")
    var failing = false

    @Flag(name: .shortAndLong, help: "Update the display every second until Ctrl-C.")
    var watch = false

    func validate() throws {
        if json, failing || watch {
            throw ValidationError("--json is for programs: use it without --failing and --watch")
        }
        if watch, !Terminal.output.hasControls {
            throw ValidationError("--watch needs a terminal that can move the cursor; see TERM")
        }
    }

    func run() throws {
        // Without another configuration, nothing is known about its daemon, and the status of the installed daemon would mislead.
        if options.config != ConfigurationOptions.installed, options.loadedQuietly() == nil { _ = try options.load() }
        if json { return try printReport() }
        while watch {
            showScreen()
            poll(nil, 0, 1000)
        }
        switch read() {
        case .failure(let failure):
            Terminal.complain(failure.words)
            for delivery in deliveries { try show(delivery.lines(.output)) }
            throw failure.status
        case .success(let report):
            let text = text(report)
            try show(text.lines)
            if !text.isWell { throw ExitStatus.unavailable }
        }
    }

    /// Why there is no report.
    private struct Failure: Error {
        let words: String
        let status: ExitCode
    }

    /// Empty while the configuration can't be read.
    private var deliveries: [DestinationStatus] { options.loadedQuietly().map(DestinationStatus.all) ?? [] }

    private func read() -> Result<StatusReport, Failure> {
        let path = options.runtimeDirectory() + "/" + StatusReport.fileName
        guard let data = FileManager.default.contents(atPath: path) else {
            let words = """
                tributary: no status at \(path): \(String(cString: strerror(errno))); is the daemon running? \(CommandHint.lookAtService)
                """
            return .failure(Failure(words: words, status: ExitStatus.unavailable))
        }
        do {
            return .success(try StatusReport(decoding: data))
        } catch {
            let words = """
                tributary: \(path) is not a readable status report: it is damaged, or another version of Tributary has written it. \
                Restart the daemon: systemctl restart tributary
                """
            return .failure(Failure(words: words, status: ExitStatus.unavailable))
        }
    }

    private func text(_ report: StatusReport) -> StatusText {
        StatusText(
            report: report, deliveries: deliveries,
            isRunning: StatusFile.isHeld(inDirectory: options.runtimeDirectory(), by: report), now: WallClock.now(),
            terminal: .output, isFailingOnly: failing)
    }

    private func show(_ lines: [String]) throws {
        try StandardOutput.write(Data(lines.map { $0 + "\n" }.joined().utf8))
    }

    /// Writes as much as fits on the screen.
    private func showScreen() {
        let lines =
            switch read() {
            case .failure(let failure): Terminal.output.wrapped(failure.words, indent: 2)
            case .success(let report): text(report).lines
            }
        let terminal = Terminal.output
        let rows = max(2, terminal.size?.rows ?? 24)
        var shown = Array(lines.prefix(rows - 1))
        if lines.count > shown.count {
            shown = Array(lines.prefix(rows - 2))
            shown.append(terminal.dim("  … \(lines.count - shown.count) more lines"))
        }
        // Cursor to the top, clear the rest of each line, and clear everything below.
        try? StandardOutput.write(
            Data(("\u{1B}[H" + shown.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J").utf8))
    }

    private func printReport() throws {
        switch read() {
        case .failure(let failure):
            Terminal.complain(failure.words)
            throw failure.status
        case .success(let report):
            try StandardOutput.write(WholeStatus(report: report, destinations: deliveries).encoded(isForPeople: true))
            if !text(report).isWell { throw ExitStatus.unavailable }
        }
    }
}

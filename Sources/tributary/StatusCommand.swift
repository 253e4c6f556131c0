import ArgumentParser
import Collector
import CommandHints
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

            Exits with 0 if the daemon runs and writes its status, and everything is well or is starting. Exits with 69 if an integration fails, a \
            destination takes no segments, or the daemon does not run or does not write its status. Exits with 78 if the daemon does not run and the \
            configuration has mistakes. Mistakes that a running daemon has not read yet are shown, but do not change the exit code.

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
            throw ValidationError(
                "--watch needs a terminal that can move the cursor: check the environment variable TERM")
        }
    }

    func run() throws {
        if json { return try printReport() }
        while watch {
            showScreen()
            poll(nil, 0, 1000)
        }
        switch read() {
        case .failure(let failure):
            Terminal.complain(failure.words)
            for delivery in failure.deliveries { try show(delivery.lines(.output)) }
            throw failure.status
        case .success(let text):
            try show(text.lines)
            if !text.isWell { throw ExitStatus.unavailable }
        }
    }

    /// Why the status of a daemon is unavailable.
    private struct Failure: Error {
        let words: String
        let status: ExitCode
        let deliveries: [DestinationStatus]
    }

    private func read() -> Result<StatusText, Failure> {
        let found = FoundConfiguration(options)
        let deliveries = found.readable.map(DestinationStatus.all) ?? []
        func failure(_ words: String, _ refusal: [String]) -> Result<StatusText, Failure> {
            .failure(
                Failure(
                    words: (refusal + ["tributary: \(words)"]).joined(separator: "\n"),
                    status: found.mistakes.isEmpty ? ExitStatus.unavailable : ExitStatus.configuration,
                    deliveries: deliveries))
        }
        let path = found.runtimeDirectory + "/" + StatusReport.fileName
        guard let data = FileManager.default.contents(atPath: path) else {
            let reason = String(cString: strerror(errno))
            return failure(
                "no status at \(path): \(reason); is the daemon running? \(CommandHint.serviceCheck)",
                found.refusal.map { [$0.description] } ?? [])
        }
        guard let report = try? StatusReport(decoding: data) else {
            return failure(
                "\(path) can't be read as a status report: it is damaged, or another version of Tributary has written it. "
                    + "Restart the daemon: \(CommandHint.restart)", found.mistakes)
        }
        let isOfAnother = report.isOfAnother(than: options.path)
        // Because of the mistakes, the key that names the runtime directory may be unknown. So the report may belong to another daemon.
        if isOfAnother, !found.mistakes.isEmpty {
            return failure(
                "no daemon is known to run with \(options.config): the daemon that reports in \(found.runtimeDirectory) runs with "
                    + "\(report.configurationFile ?? "another configuration")", found.mistakes)
        }
        return .success(
            StatusText(
                report: report, deliveries: deliveries,
                isRunning: StatusFile.isHeld(inDirectory: found.runtimeDirectory, by: report), now: WallClock.now(),
                terminal: .output, isFailingOnly: failing, file: options.config, mistakes: found.mistakes,
                otherFile: isOfAnother ? report.configurationFile : nil))
    }

    private func show(_ lines: [String]) throws {
        try StandardOutput.write(Data(lines.map { $0 + "\n" }.joined().utf8))
    }

    /// Shows the status, as far as it fits on the screen.
    private func showScreen() {
        let lines =
            switch read() {
            case .failure(let failure): Terminal.output.wrapped(failure.words, indent: 2)
            case .success(let text): text.lines
            }
        let terminal = Terminal.output
        let rows = max(2, terminal.size?.rows ?? 24)
        var shown = Array(lines.prefix(rows - 1))
        if lines.count > shown.count {
            shown = Array(lines.prefix(rows - 2))
            shown.append(terminal.dim("  … \(lines.count - shown.count) more lines"))
        }
        // Moves the cursor to the top, clears the rest of each line, and clears everything below the last line.
        try? StandardOutput.write(
            Data(("\u{1B}[H" + shown.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J").utf8))
    }

    private func printReport() throws {
        switch read() {
        case .failure(let failure):
            Terminal.complain(failure.words)
            throw failure.status
        case .success(let text):
            for mistake in text.mistakes { Terminal.complain(mistake) }
            let whole = WholeStatus(report: text.report, destinations: text.deliveries)
            try StandardOutput.write(whole.encoded(isForPeople: true))
            if !text.isWell { throw ExitStatus.unavailable }
        }
    }
}

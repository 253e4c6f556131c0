import ArgumentParser
import Collector
import FoundationEssentials
import Glibc

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How each integration and the spool are, from the running daemon.",
        discussion: """
            Ends with 0 when the daemon runs and every integration collects, with 69 when not.

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
        guard let data = FileManager.default.contents(atPath: path) else {
            Terminal.complain(
                "tributary: no status at \(path): \(String(cString: strerror(errno))); is the daemon running? "
                    + "(systemctl status tributary)")
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
            try StandardOutput.write(data)
        } else {
            print(StatusText(report: report, isRunning: isRunning, terminal: .output).text)
        }
        if !isRunning || report.stuck != nil || report.waiting != nil
            || report.integrations.contains(where: { !$0.state.isHealthy })
        {
            throw ExitStatus.unavailable
        }
    }
}

import Collector
import CommandHints
import Configuration
import FoundationEssentials
import Glibc

/// Reads the status of a running daemon, and makes the daemon reload.
struct RunningReport: Sendable {
    let directory: String
    let configuration: String

    /// Whether a daemon is running. Prints nothing.
    var isRunning: Bool { StatusFile.isHeld(inDirectory: directory) }

    /// The daemon's last report; nil if the report is missing or can't be decoded. Prints nothing.
    var current: StatusReport? {
        FileManager.default.contents(atPath: directory + "/" + StatusReport.fileName).flatMap {
            try? StatusReport(decoding: $0)
        }
    }

    /// The daemon's last report; nil if the daemon is running but has not reported yet.
    ///
    /// - Throws: ``Failure`` with exit code 69 if no daemon is running, or 65 if this version can't read the report.
    func read() throws -> StatusReport? {
        let path = directory + "/" + StatusReport.fileName
        guard isRunning else {
            throw Failure(
                "tributary: no daemon runs with \(configuration) (no daemon uses the runtime directory \(directory)). "
                    + "Start the daemon: \(CommandHint.start)",
                ExitStatus.unavailable)
        }
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try StatusReport(decoding: data)
        } catch {
            throw Failure(
                "tributary: \(path) is not a status report of this version: \(error)", ExitStatus.dataError)
        }
    }

    /// Makes the daemon reload, and waits until a reload that began after this call is finished. An earlier reload may have read older files.
    ///
    /// - Parameter timeout: the time limit, in seconds.
    /// - Throws: ``Failure`` with exit code 69, 65 or 77.
    func reload(within timeout: Int) async throws -> StatusReport.Configuration {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(timeout)
        var before: StatusReport?
        var signalAgain = clock.now
        while clock.now < deadline {
            // A daemon that has just started has not written a report yet.
            if let report = try read() {
                let first = before ?? report
                before = first
                guard report.pid == first.pid else {
                    throw Failure(
                        "tributary: the daemon was restarted during the reload, and has read the configuration at its start",
                        ExitStatus.unavailable)
                }
                let begun = first.configuration?.reloadsBegun ?? 0
                if let configuration = report.configuration, configuration.reloadsFinished > begun {
                    return configuration
                }
                if clock.now >= signalAgain, (report.configuration?.reloadsBegun ?? 0) <= begun {
                    try signal(report.pid)
                    // The daemon may have missed a signal that arrived while it started, so the signal is sent again.
                    signalAgain = clock.now + .seconds(5)
                }
            }
            try await clock.sleep(for: .milliseconds(20))
        }
        let state =
            before.map { $0.waiting?.words ?? "the daemon has not answered" } ?? "the daemon has not reported yet"
        throw Failure(
            "tributary: the configuration was not reloaded within \(timeout) s (\(state)): see `\(CommandHint.command("status"))` and the journal",
            ExitStatus.unavailable)
    }

    private func signal(_ process: Int32) throws {
        // 0 and negative numbers would address process groups (kill(2)).
        guard process > 1, kill(process, SIGHUP) == 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure(
                "tributary: cannot send SIGHUP to process \(process): \(reason); run this as root or as the service's user",
                ExitStatus.noPermission)
        }
    }
}

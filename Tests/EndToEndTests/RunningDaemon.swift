import Collector
import Foundation
import Testing

/// `tributary run` as a process of its own.
final class RunningDaemon {
    private let process = Process()
    private let workspace: Workspace

    init(_ workspace: Workspace) throws {
        self.workspace = workspace
        process.executableURL = Programs.tributary
        process.arguments = ["run", "--config", workspace.configuration]
        let log = workspace.path("log")
        if !FileManager.default.fileExists(atPath: log) { try Data().write(to: URL(fileURLWithPath: log)) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try handle.seekToEnd()
        process.standardError = handle
        try process.run()
    }

    deinit {
        if process.isRunning { kill() }
    }

    var isRunning: Bool { process.isRunning }

    func send(_ signal: Int32) {
        Foundation.kill(process.processIdentifier, signal)
    }

    func kill() {
        send(SIGKILL)
        process.waitUntilExit()
    }

    /// Ends it as systemd does, and returns its exit status.
    func stop() -> Int32 {
        send(SIGTERM)
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// What it last said of itself in this life; nil before it has.
    var status: StatusReport? {
        guard let data = FileManager.default.contents(atPath: workspace.path("run/status.json")),
            let report = try? StatusReport(decoding: data), report.pid == process.processIdentifier
        else { return nil }
        return report
    }

    /// Waits for something to become true, by looking; fails the test with the daemon's log when it takes too long or ends.
    func wait(
        for what: String, within limit: Duration = .seconds(120), _ condition: (StatusReport?) -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while !condition(status) {
            guard isRunning, clock.now < deadline else {
                let log = (try? String(contentsOfFile: workspace.path("log"), encoding: .utf8)) ?? ""
                Issue.record("\(isRunning ? "too late" : "the daemon ended"): \(what)\n\(log.suffix(4000))")
                throw CancellationError()
            }
            try await clock.sleep(for: .milliseconds(20))
        }
    }
}

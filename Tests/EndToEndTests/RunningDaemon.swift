import Collector
import Foundation
import Testing

/// A separate process that runs `tributary run`.
final class RunningDaemon {
    private let process = Process()
    private let workspace: Workspace

    private let runtime: String

    /// - Parameters:
    ///   - configuration: the name of the configuration in the workspace.
    ///   - runtime: the name of the runtime directory in that configuration.
    ///   - environment: environment variables in addition to those of the test's process.
    init(
        _ workspace: Workspace, configuration: String = "tributary.yaml", runtime: String = "run",
        level: String = "info", environment: [String: String] = [:]
    ) throws {
        self.workspace = workspace
        self.runtime = runtime
        process.executableURL = Programs.tributary
        process.arguments = ["run", "--config", workspace.path(configuration), "--log-level", level]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
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

    var processIdentifier: Int32 { process.processIdentifier }

    /// The peak memory of the process, in KiB: `VmHWM` of proc(5).
    var peakMemory: Int? {
        let lines = try? String(contentsOfFile: "/proc/\(processIdentifier)/status", encoding: .utf8).split(
            separator: "\n")
        return lines?.first { $0.hasPrefix("VmHWM:") }.flatMap { line in
            Int(line.dropFirst(6).split(whereSeparator: \.isWhitespace).first ?? "")
        }
    }

    func kill() {
        send(SIGKILL)
        process.waitUntilExit()
    }

    /// Sends SIGTERM, as systemd does, waits for the end of the process, and returns its exit status.
    func stop() -> Int32 {
        send(SIGTERM)
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// The last status that this process has written; nil before the first one.
    var status: StatusReport? {
        guard let data = FileManager.default.contents(atPath: workspace.path(runtime + "/status.json")),
            let report = try? StatusReport(decoding: data), report.pid == process.processIdentifier
        else { return nil }
        return report
    }

    /// Waits until `count` integrations have collected all events of their logs.
    func waitUntilLive(within limit: Duration = .seconds(600), integrations count: Int = 1) async throws {
        try await wait(for: "\(count) live integrations", within: limit) { report in
            report?.integrations.count { $0.state == .live } == count
        }
    }

    /// Checks a condition repeatedly until it is true. If that takes too long or the daemon ends, the test fails and shows the daemon's log.
    func wait(
        for what: String, within limit: Duration = .seconds(600), _ condition: (StatusReport?) -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while !condition(status) {
            guard isRunning, clock.now < deadline else {
                Issue.record(
                    "\(isRunning ? "the test waited too long" : "the daemon ended (status \(process.terminationStatus), reason \(process.terminationReason.rawValue)) while the test waited") for \(what)\n\(workspace.log.suffix(4000))"
                )
                throw CancellationError()
            }
            try await clock.sleep(for: .milliseconds(20))
        }
    }
}

extension Workspace {
    /// A workspace whose daemon was killed while it had collected records but sealed none of them.
    ///
    /// Tributary seals a new integration's first records after 30 s, whatever the configured age is. If the machine was too slow to kill the daemon
    /// before that, the function starts again in a new workspace.
    ///
    /// - Parameters:
    ///   - configure: writes the workspace's configuration.
    ///   - what: what the daemon must have collected before it is killed, for the message if it takes too long.
    ///   - condition: is true once the daemon can be killed.
    static func killedBeforeFirstSeal(
        _ configure: (Workspace) throws -> Void, onceThereAre what: String, _ condition: (StatusReport) -> Bool
    ) async throws -> Workspace {
        for _ in 0..<10 {
            let workspace = try Workspace()
            try configure(workspace)
            let daemon = try RunningDaemon(workspace)
            try await daemon.wait(for: what) { report in
                workspace.hasSegments || report.map(condition) == true
            }
            daemon.kill()
            if !workspace.hasSegments { return workspace }
        }
        Issue.record("in each of 10 attempts, the daemon sealed records before it had collected \(what)")
        throw CancellationError()
    }

    private var hasSegments: Bool { (try? segmentFiles().isEmpty) == false }
}

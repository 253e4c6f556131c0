import Foundation
import OktaSimulator
import Testing

/// A separate process that runs `tributary respond serve`, and the org on which it acts.
final class RunningHelper {
    static let token = "00a-token-that-may-write"

    let workspace: Workspace
    let org: SimulatedOrg
    private var process = Process()

    /// - Parameters:
    ///   - users: the number of additional users of the org: `user0001@corp.example` and so on.
    ///   - response: further lines of the configuration's section `response`.
    ///   - isSlow: true if the org answers requests about users slowly, so that a test can interrupt a batch.
    init(users: Int = 0, response: [String] = [], isSlow: Bool = false) async throws {
        var settings = OrgSettings()
        settings.tokens = [Self.token]
        settings.eventCount = 10
        settings.extraUsers = users
        settings.managementLimit = 100_000
        if isSlow { settings.faults = [FaultRule(.slowBody, bytesPerSecond: 8_000, at: "reads")] }
        org = try await SimulatedOrg.start(settings)
        workspace = try Workspace()
        try workspace.setToken(Self.token, of: "acme")
        for directory in ["log", "run"] {
            try FileManager.default.createDirectory(
                atPath: workspace.path("actions-" + directory), withIntermediateDirectories: true)
        }
        try configure(response)
        try await start()
    }

    deinit {
        if process.isRunning { kill() }
    }

    /// Writes the configuration. The helper uses it after `reload()`.
    func configure(_ response: [String]) throws {
        var lines = [
            "runtime_directory: \(workspace.path("actions-run"))", "state_directory: \(workspace.path("state"))",
            "spool: {directory: \(workspace.spool)}", "response:", "  log_directory: \(workspace.path("actions-log"))",
            "  socket: \(socket)",
        ]
        lines += response.map { "  " + $0 }
        lines += [
            "credentials:", "  - name: acme-respond", "    type: api_token", "    permissions: write",
            "    secret_file: \(workspace.tokenFile("acme"))", "integrations:", "  - name: acme", "    url: \(org.url)",
            "    response_action: {credential: acme-respond}",
        ]
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: workspace.configuration))
    }

    var socket: String { workspace.path("respond.socket") }
    var actionsFile: String { workspace.path("actions-run/actions.json") }

    func start() async throws {
        process = Process()
        process.executableURL = Programs.tributary
        process.arguments = ["respond", "serve", "--config", workspace.configuration]
        let log = workspace.path("log")
        if !FileManager.default.fileExists(atPath: log) { try Data().write(to: URL(fileURLWithPath: log)) }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try handle.seekToEnd()
        process.standardError = handle
        let before = count(of: "taking requests")
        try process.run()
        try await wait(for: "the message that the helper takes requests") { self.count(of: "taking requests") > before }
    }

    func hangUp() { Foundation.kill(process.processIdentifier, SIGHUP) }

    func reload() async throws {
        let before = count(of: "taking requests")
        hangUp()
        try await wait(for: "the end of the helper's reload") { self.count(of: "taking requests") > before }
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Sends SIGTERM, as systemd does, waits for the end of the process, and returns its exit status.
    func stop() -> Int32 {
        Foundation.kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        return process.terminationStatus
    }

    private func count(of words: String) -> Int { workspace.log.components(separatedBy: words).count - 1 }

    /// Checks a condition repeatedly until it is true.
    func wait(for what: String, _ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("the test waited too long for \(what)\n\(workspace.log.suffix(4000))")
                throw CancellationError()
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    // MARK: Commands

    func arguments(_ words: [String]) -> [String] { ["respond"] + words + ["--config", workspace.configuration] }

    func respond(_ words: String..., input: String = "") throws -> Programs.Outcome {
        try Programs.tributary(arguments(words), input: Data(input.utf8), in: workspace)
    }

    /// Runs the command on a pseudo-terminal.
    func terminal(_ words: String...) throws -> PseudoTerminal { try PseudoTerminal(arguments(words)) }

    /// Starts the command and returns immediately. The command's output goes to the file `output`.
    func begin(_ words: String..., output: String) throws -> Process {
        let process = Process()
        process.executableURL = Programs.tributary
        process.arguments = arguments(words)
        let path = workspace.path(output)
        try Data().write(to: URL(fileURLWithPath: path))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        return process
    }

    func status(_ user: String) -> UserStatus? { org.user(user)?.status }

    /// How often the org has carried out a call for a user.
    func done(_ call: String, _ user: String) -> Int { org.user(user)?.done[call] ?? 0 }

    /// Writes a file with one user per line, and returns its path.
    func file(_ users: [String]) throws -> String {
        let path = workspace.path("users")
        try Data((users.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// The entries that `respond history` prints, the newest first.
    func history(_ words: String...) throws -> [[String: Any]] {
        let outcome = try Programs.tributary(arguments(["history", "--json"] + words), in: workspace)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try outcome.output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }
}

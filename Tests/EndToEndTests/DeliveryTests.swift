import Delivery
import Foundation
import Testing

/// Tests the command `tributary deliver`. How segments get into stores is tested in Tests/DeliveryTests and Suites/delivery.
@Suite("Delivering", .timeLimit(.minutes(5)))
struct DeliveryCommandTests {
    private func configure(_ workspace: Workspace, _ destinations: String) throws {
        let text = """
            delivery_directory: \(workspace.path("deliver"))
            runtime_directory: \(workspace.path("run"))
            spool: {directory: \(workspace.path("from"))}
            destinations:
            \(destinations)

            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: workspace.configuration))
    }

    private func start(_ workspace: Workspace, _ name: String) throws -> Process {
        let process = Process()
        process.executableURL = Programs.tributary
        process.arguments = ["deliver", name, "--config", workspace.configuration]
        let log = workspace.path("log-\(name)")
        try Data().write(to: URL(fileURLWithPath: log))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try process.run()
        return process
    }

    private func report(_ workspace: Workspace, _ name: String) -> DeliveryReport? {
        FileManager.default.contents(atPath: workspace.path("deliver/\(name)/status.json")).flatMap {
            try? DeliveryReport(decoding: $0)
        }
    }

    private func until(_ process: Process, _ condition: () throws -> Bool) async throws {
        while try !condition() {
            try #require(process.isRunning)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test("if the destination is unknown, `deliver` ends with 78 and names the configured destinations")
    func unknown() throws {
        let workspace = try Workspace()
        try configure(workspace, "  - {name: lake, type: exec, command: [/bin/true]}")
        let outcome = try Programs.tributary(["deliver", "lak", "--config", workspace.configuration], in: workspace)
        #expect(outcome.status == 78)
        #expect(outcome.errors.contains("no destination “lak”: the destinations are lake"))
    }

    @Test(
        "an exec destination gets every segment; SIGHUP applies a valid change and refuses an invalid one; a stop ends with 0"
    )
    func reload() async throws {
        let workspace = try Workspace()
        let spool = RecordedSpool(workspace)
        try spool.add((0..<40).map(RecordedSpool.event), perSegment: 10)
        func command(_ directory: String) -> String {
            "  - {name: lake, type: exec, command: [/bin/sh, -c, 'cat >\(workspace.path(directory))/$TRIBUTARY_SEQUENCE']}"
        }
        for name in ["one", "two"] {
            try FileManager.default.createDirectory(atPath: workspace.path(name), withIntermediateDirectories: true)
        }
        // A mistake in an integration concerns only the collector, so the delivery accepts this configuration.
        try configure(workspace, command("one") + "\nintegrations:\n  - {name: acme, url: not a host}")
        let process = try start(workspace, "lake")
        defer { process.terminate() }
        try await until(process) { report(workspace, "lake")?.state == .live }
        let first = try #require(report(workspace, "lake"))
        #expect(first.deliveredSegments == FileManager.default.subpaths(atPath: workspace.path("one"))?.count)
        #expect(first.deliveredSegments > 0)
        let status = try Programs.tributary(["status", "--config", workspace.configuration], in: workspace)
        #expect(status.output.contains("delivery lake") && status.output.contains("nothing waits"))

        try configure(workspace, "  - {name: lake, type: exec}")
        kill(process.processIdentifier, SIGHUP)
        let log = workspace.path("log-lake")
        try await until(process) { try String(contentsOfFile: log, encoding: .utf8).contains("“command” is missing") }
        try spool.add((40..<50).map(RecordedSpool.event), perSegment: 10)
        try await until(process) { (report(workspace, "lake")?.deliveredSegments ?? 0) > first.deliveredSegments }

        try configure(workspace, command("two"))
        kill(process.processIdentifier, SIGHUP)
        try await until(process) {
            try String(contentsOfFile: log, encoding: .utf8).components(separatedBy: "delivering to").count == 3
        }
        try spool.add((50..<60).map(RecordedSpool.event), perSegment: 10)
        try await until(process) { FileManager.default.subpaths(atPath: workspace.path("two"))?.isEmpty == false }
        try await until(process) { report(workspace, "lake")?.state == .live }
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(report(workspace, "lake")?.state == .ended)
        let stopped = try Programs.tributary(["status", "--config", workspace.configuration], in: workspace)
        #expect(stopped.status == 69)
        #expect(stopped.output.contains("not running"))
    }
}

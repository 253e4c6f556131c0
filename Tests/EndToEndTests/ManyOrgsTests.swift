import Collector
import Foundation
import OCSF
import OktaSimulator
import Testing

@Suite(
    "One daemon with many orgs",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct ManyOrgsTests {
    @Test("if half of a hundred orgs never answer, the backlog of the others is collected in time, each event once")
    func halfHang() async throws {
        let orgs = try await start(100, events: 250)
        for org in orgs[50...] { org.setFaults([FaultRule(.hang)]) }
        let workspace = try Workspace()
        try workspace.configure(
            orgs.enumerated().map { (name: "org\($0)", url: $1.url) }, token: orgs[0].settings.tokens[0], pageSize: 50,
            segmentMaxAge: "1h")
        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive(integrations: 50)
        #expect(
            orgs[50...].allSatisfy { $0.stats.maximumInFlight == 1 },
            "every org got requests, and none got two at the same time")
        let memory = try #require(daemon.peakMemory)
        #expect(memory < 256 << 10, "\(memory) KiB")
        #expect(daemon.stop() == 0)
        let uids = try uids(of: workspace)
        #expect(Set(uids).count == uids.count, "some events are sealed more than once")
        let expected = Set(orgs[..<50].flatMap { org in (0..<org.eventCount).compactMap(org.uuid) })
        #expect(expected.count == 50 * 250)
        #expect(Set(uids) == expected)
        for org in orgs { await org.stop() }
    }

    /// The uids of all records in the segments. One process decompresses all segments, because a process for each segment would take too long.
    private func uids(of workspace: Workspace) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/zstd")
        process.currentDirectoryURL = URL(fileURLWithPath: workspace.spool)
        process.arguments = ["-dcq"] + (try workspace.segmentFiles())
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let lines = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "a zstd file is incomplete")
        return try lines.split(separator: 0x0A).map { line in
            try #require(line.withUnsafeBytes(recordUID).map { String(decoding: $0, as: UTF8.self) })
        }
    }

    private func start(_ count: Int, events: Int) async throws -> [SimulatedOrg] {
        var orgs: [SimulatedOrg] = []
        for number in 0..<count {
            var settings = OrgSettings()
            settings.eventCount = events
            settings.historySpan = 60_000
            settings.limitPerMinute = 1_000_000
            settings.seed = UInt64(number + 1)
            orgs.append(try await SimulatedOrg.start(settings))
        }
        return orgs
    }
}

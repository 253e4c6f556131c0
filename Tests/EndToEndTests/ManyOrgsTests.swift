import Collector
import Foundation
import OktaSimulator
import Testing

@Suite(
    "One daemon, many orgs",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct ManyOrgsTests {
    @Test("a hundred orgs with a backlog, half of which never answer: the others are collected in time, exactly once")
    func halfHang() async throws {
        let orgs = try await start(100, events: 250)
        for org in orgs[50...] { org.setFaults([FaultRule(.hang)]) }
        let workspace = try Workspace()
        try workspace.configure(
            orgs.enumerated().map { (name: "org\($0)", url: $1.url) }, token: orgs[0].settings.tokens[0], pageSize: 50,
            segmentMaxAge: "1h")
        let daemon = try RunningDaemon(workspace)
        // Those that hang do so until the request's own limit, which is far beyond this.
        try await daemon.waitUntilLive(within: .seconds(30), integrations: 50)
        #expect(orgs[50...].allSatisfy { $0.stats.maximumInFlight == 1 }, "every org was asked, none twice at once")
        let memory = try #require(daemon.peakMemory)
        #expect(memory < 256 << 10, "\(memory) KiB")
        #expect(daemon.stop() == 0)
        let sealed = try workspace.sealedUIDs().count
        #expect(sealed.values.allSatisfy { $0 == 1 }, "doubled")
        let expected = Set(orgs[..<50].flatMap { org in (0..<org.eventCount).compactMap(org.uuid) })
        #expect(expected.count == 50 * 250)
        #expect(Set(sealed.keys) == expected)
        for org in orgs { await org.stop() }
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

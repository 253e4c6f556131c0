import Foundation
import OktaSimulator
import TestSupport
import Testing

@Suite(
    "Killed processes", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct CrashTests {
    /// `TRIBUTARY_KILLS=200` makes the test longer: 200 kills while 100,000 events are collected.
    static let kills = ProcessInfo.processInfo.environment["TRIBUTARY_KILLS"].flatMap { Int($0) } ?? 24
    static let events = kills > 24 ? 100_000 : 25_000
    static let pageSize = 200

    @Test(
        "after kills at random moments, every event is in the sealed segments exactly once",
        .timeLimit(.minutes(20)))
    func killed() async throws {
        var settings = OrgSettings()
        settings.eventCount = Self.events
        settings.lateShare = 0.05
        settings.limitPerMinute = 1_000_000
        let org = try await SimulatedOrg.start(settings)
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: settings.tokens[0], pageSize: Self.pageSize)

        let began = ContinuousClock.now
        var random = SeededGenerator(seed: TestSeed.seed(of: "kills"))
        let pages = Self.events / Self.pageSize
        for life in 0..<Self.kills {
            let daemon = try RunningDaemon(workspace)
            // Some daemons are killed before their first request. Most are killed later: while they fetch pages, map events, commit,
            // seal, or recover from the previous kill.
            let requests = org.stats.requests + Int.random(in: 0...(2 * (pages / Self.kills)), using: &random)
            try await daemon.wait(for: "request \(requests), before kill \(life)") { _ in org.stats.requests >= requests
            }
            try await Task.sleep(for: .microseconds(Int.random(in: 0...60_000, using: &random)))
            daemon.kill()
        }

        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the end of the log") { $0?.integrations.first?.state == .live }
        #expect(daemon.stop() == 0)

        let sealed = try workspace.sealedUIDs()
        let expected = Set((0..<Self.events).compactMap(org.uuid))
        #expect(expected.count == Self.events)
        #expect(expected.subtracting(sealed.count.keys).count == 0, "some events of the log are not sealed")
        #expect(Set(sealed.count.keys).subtracting(expected).count == 0, "some sealed records are not in the log")
        #expect(sealed.count.values.count { $0 > 1 } == 0, "some events are sealed more than once")
        #expect(sealed.segments.values.count { $0.count > 1 } == 0, "some events are in two segments")
        #expect(org.stats.maximumInFlight == 1, "the org got two requests at the same time")

        let verified = try Programs.tributary(["spool", "verify", "--config", workspace.configuration], in: workspace)
        #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
        #expect(verified.output.contains("\(Self.events) records"))
        print(
            """
            \(Self.kills) kills over \(Self.events) events: \(expected.subtracting(sealed.count.keys).count) lost, \
            \(sealed.count.values.count { $0 > 1 }) duplicated, in \(ContinuousClock.now - began). \(verified.output)
            """)
        await org.stop()
    }
}

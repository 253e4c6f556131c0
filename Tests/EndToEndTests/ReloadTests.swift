import Collector
import Foundation
import OktaSimulator
import Testing

@Suite(
    "A reload of the daemon",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct ReloadTests {
    private func org(_ seed: UInt64, events: Int = 300, rate: Double = 0) async throws -> SimulatedOrg {
        var settings = OrgSettings()
        settings.eventCount = events
        settings.seed = seed
        settings.rate = rate
        settings.limitPerMinute = 1_000_000
        return try await SimulatedOrg.start(settings)
    }

    private func reload(_ workspace: Workspace) throws -> Programs.Outcome {
        try Programs.tributary(["reload", "--config", workspace.configuration], in: workspace)
    }

    @Test(
        "tributary reload prints the changes; it ends with 78 if the configuration has mistakes, and with 69 if no daemon runs"
    )
    func command() async throws {
        let acme = try await org(1)
        let globex = try await org(2)
        let token = acme.settings.tokens[0]
        let workspace = try Workspace()
        try workspace.configure([("acme", acme.url)], token: token)
        let none = try reload(workspace)
        #expect(none.status == 69)
        #expect(none.output.isEmpty && none.errors.contains("no daemon runs with"), "\(none.errors)")

        let daemon = try RunningDaemon(workspace)
        try await daemon.waitUntilLive()
        let unchanged = try reload(workspace)
        #expect(unchanged.status == 0, "\(unchanged.errors)")
        #expect(unchanged.output == "no setting has changed; requests after this reload read the credentials again\n")

        try workspace.configure([("acme", acme.url), ("globex", globex.url)], token: token, pageSize: 100)
        let good = try String(contentsOfFile: workspace.configuration, encoding: .utf8)
        let changed = try reload(workspace)
        #expect(changed.status == 0, "\(changed.errors)")
        #expect(changed.output == "added globex; changed acme (page_size)\n")
        try await daemon.waitUntilLive(integrations: 2)

        let parts = good.components(separatedBy: "  - name: globex\n")
        try #require(parts.count == 2)
        let broken = "\(parts[0])  - name: globex\n\(parts[1].replacing("page_size: 100", with: "page_size: many"))"
        try Data(broken.utf8).write(to: URL(fileURLWithPath: workspace.configuration))
        let refused = try reload(workspace)
        #expect(refused.status == 78)
        #expect(refused.errors.contains("\(workspace.configuration):") && refused.errors.contains("page_size"))
        #expect(daemon.status?.configuration?.refused?.problems.count == 1)
        let shown = try Programs.tributary(["status", "--config", workspace.configuration], in: workspace)
        #expect(shown.status == 0, "both integrations still collect")
        #expect(shown.output.contains("the earlier one stays in force") && shown.output.contains("page_size"))
        #expect(daemon.status?.integrations.map(\.state) == [.live, .live])

        try Data((good + "network:\n  proxy: http://127.0.0.1:9\n").utf8).write(
            to: URL(fileURLWithPath: workspace.configuration))
        let restart = try reload(workspace)
        #expect(restart.status == 0)
        #expect(restart.output == "restart needed for network.proxy\n")
        #expect(restart.errors.contains("stop the daemon, then tributary run --config \(workspace.configuration)"))
        try await daemon.wait(for: "the status without a refused configuration") {
            $0?.configuration?.refused == nil && $0?.configuration?.restartNeeded == ["network.proxy"]
        }
        #expect(daemon.stop() == 0)
        for (org, name) in [(acme, "acme"), (globex, "globex")] {
            try workspace.expectExactly(org, of: name)
            await org.stop()
        }
    }

    @Test("if an integration has a mistake or its secret is missing at a start, the other integrations are collected")
    func oneBadIntegration() async throws {
        let acme = try await org(3)
        let globex = try await org(4)
        let initech = try await org(5)
        let workspace = try Workspace()
        let orgs = [
            (name: "acme", url: acme.url), (name: "globex", url: globex.url), (name: "initech", url: initech.url),
        ]
        try workspace.configure(orgs, token: acme.settings.tokens[0])
        let good = try String(contentsOfFile: workspace.configuration, encoding: .utf8)
        try Data(good.replacing("url: \(globex.url)", with: "url: no host").utf8).write(
            to: URL(fileURLWithPath: workspace.configuration))
        try FileManager.default.removeItem(atPath: workspace.tokenFile("initech"))
        let dropIns = workspace.path("conf.d")
        try FileManager.default.createDirectory(atPath: dropIns, withIntermediateDirectories: true)
        try Data("integrations:\n  - name: [umbrella\n".utf8).write(
            to: URL(fileURLWithPath: dropIns + "/umbrella.yaml"))
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "one live and three failing integrations") { report in
            let states = report?.integrations.map(\.state) ?? []
            return states.count { $0 == .live } == 1 && states.count { $0 == .failing } == 3
        }
        let problems = Dictionary(
            (daemon.status?.integrations ?? []).compactMap { shown in shown.problem.map { (shown.name, $0) } }
        ) { first, _ in first }
        #expect(problems["globex"]?.kind == "configuration")
        #expect(problems["globex"]?.message.contains("\(workspace.configuration):") == true)
        #expect(problems["globex"]?.remedy.contains("tributary reload --config \(workspace.configuration)") == true)
        #expect(problems["initech"]?.kind == "credential")
        #expect(problems["initech"]?.message.contains(workspace.tokenFile("initech")) == true)
        #expect(problems[dropIns + "/umbrella.yaml"]?.kind == "configuration")

        try workspace.setToken(acme.settings.tokens[0], of: "initech")
        try await daemon.waitUntilLive(integrations: 2)
        try FileManager.default.removeItem(atPath: dropIns + "/umbrella.yaml")
        try Data(good.utf8).write(to: URL(fileURLWithPath: workspace.configuration))
        #expect(try reload(workspace).output == "added globex\n")
        try await daemon.waitUntilLive(integrations: 3)
        #expect(daemon.status?.integrations.map(\.name) == ["acme", "globex", "initech"])
        #expect(daemon.stop() == 0)
        for (org, name) in [(acme, "acme"), (globex, "globex"), (initech, "initech")] {
            try workspace.expectExactly(org, of: name)
            await org.stop()
        }
    }

    @Test(
        "while the start waits for a missing directory, a SIGHUP does not end the daemon, and is handled after the start"
    )
    func missingDirectory() async throws {
        let org = try await org(6)
        let workspace = try Workspace()
        try workspace.configure([("acme", org.url)], token: org.settings.tokens[0])
        // The spool's directory can't be created, because a file has its name.
        try Data("x".utf8).write(to: URL(fileURLWithPath: workspace.spool))
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the status that the start waits for the directory") {
            $0?.waiting?.message.contains(workspace.spool) == true
        }
        daemon.send(SIGHUP)
        try await daemon.wait(for: "another attempt to start") { ($0?.waiting?.attempts ?? 0) >= 2 }
        try FileManager.default.removeItem(atPath: workspace.spool)
        try await daemon.waitUntilLive()
        // After the start, the daemon handles the SIGHUP that arrived during the wait.
        try await daemon.wait(for: "the end of the reload") { $0?.configuration?.reloadsFinished == 1 }
        #expect(daemon.stop() == 0)
        try workspace.expectExactly(org, of: "acme")
        await org.stop()
    }

    /// The number of reloads: `TRIBUTARY_RELOADS`, or 100.
    private static let reloads = ProcessInfo.processInfo.environment["TRIBUTARY_RELOADS"].flatMap(Int.init) ?? 100

    @Test(
        "during many reloads that add, change and remove integrations, each event is collected once, and no resource leaks",
        .timeLimit(.minutes(60)))
    func manyReloads() async throws {
        let orgs = try await withThrowingTaskGroup(of: (Int, SimulatedOrg).self) { group in
            for number in 0..<6 {
                group.addTask { (number, try await org(UInt64(100 + number), events: 2000, rate: 20)) }
            }
            return try await group.reduce(into: [Int: SimulatedOrg]()) { $0[$1.0] = $1.1 }
        }
        let all = (0..<6).compactMap { number in orgs[number].map { (name: "org\(number)", url: $0.url) } }
        let token = try #require(orgs[0]).settings.tokens[0]
        let workspace = try Workspace()
        try workspace.configure(Array(all[..<3]), token: token, pageSize: 50)
        let daemon = try RunningDaemon(workspace)
        try await daemon.wait(for: "the message that the daemon is ready") { _ in workspace.log.contains("ready: ") }

        var early: Usage?
        for reload in 1...Self.reloads {
            // Integration org0 never changes. The others are added and removed. If org1 is configured, org1 and the integrations after it
            // get a different page size at each reload.
            var chosen = [all[0]]
            for number in 1..<6 where (reload + number) % 3 != 0 { chosen.append(all[number]) }
            try workspace.configure(chosen, token: token, pageSize: 50)
            let text = try String(contentsOfFile: workspace.configuration, encoding: .utf8)
            let parts = text.split(separator: "  - name: org1\n", maxSplits: 1)
            if parts.count == 2 {
                let changed = parts[1].replacing("page_size: 50", with: "page_size: \(51 + reload % 40)")
                try Data("\(parts[0])  - name: org1\n\(changed)".utf8).write(
                    to: URL(fileURLWithPath: workspace.configuration))
            }
            daemon.send(SIGHUP)
            try await daemon.wait(for: "\(reload) reloads") { ($0?.configuration?.reloadsFinished ?? 0) >= reload }
            #expect(daemon.status?.configuration?.refused == nil)
            // After a third of the reloads, every integration has collected pages, so a higher value at the end shows a leak.
            if reload == Self.reloads / 3 { early = try Usage(of: daemon) }
        }
        let late = try Usage(of: daemon)
        let before = try #require(early)
        print("after \(Self.reloads / 3) reloads \(before), after \(Self.reloads) \(late)")
        #expect(late.threads <= before.threads + 2)
        #expect(late.descriptors <= before.descriptors + 12, "each org adds at most two descriptors")
        // Memory may grow by 24 MiB, because the orgs' logs grow and the allocator keeps free memory. If the collectors of 66 reloads were
        // not released, memory would grow by more.
        #expect(late.memory <= before.memory + (24 << 10), "resident memory in KiB")

        try workspace.configure(all, token: token, pageSize: 1000)
        daemon.send(SIGHUP)
        try await daemon.waitUntilLive(integrations: 6)
        #expect(daemon.stop() == 0)
        for number in 0..<6 {
            let org = try #require(orgs[number])
            let sealed = try workspace.sealedUIDs(of: "org\(number)").count
            #expect(sealed.values.allSatisfy { $0 == 1 }, "org\(number): some events are sealed more than once")
            // The org still writes events, so the sealed events are only the beginning of its log.
            let beginning = Set((0..<sealed.count).compactMap(org.uuid))
            #expect(Set(sealed.keys) == beginning, "org\(number): some events of the log are not sealed")
            #expect(sealed.count >= 2000)
            await org.stop()
        }
    }

    /// The resources that the daemon's process uses (proc(5)).
    private struct Usage: CustomStringConvertible {
        let threads: Int
        let descriptors: Int
        /// The resident memory that is not mapped from a file (`RssAnon`), in KiB.
        let memory: Int

        init(of daemon: RunningDaemon) throws {
            let process = "/proc/\(daemon.processIdentifier)"
            let status = try String(contentsOfFile: process + "/status", encoding: .utf8).split(separator: "\n")
            func number(_ key: String) throws -> Int {
                let line = try #require(status.first { $0.hasPrefix(key + ":") })
                return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
            }
            threads = try number("Threads")
            memory = try number("RssAnon")
            descriptors = try FileManager.default.contentsOfDirectory(atPath: process + "/fd").count
        }

        var description: String { "\(threads) threads, \(descriptors) descriptors, \(memory) KiB" }
    }
}

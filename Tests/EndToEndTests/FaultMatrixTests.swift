import Collector
import Foundation
import OktaSimulator
import Testing

/// Tests every fault of the simulator at three moments: at the first page, during a backlog, and when all events are collected.
/// Each combination of a fault and a moment is a cell. Each cell has its own org and integration. One daemon collects all orgs.
@Suite(
    "The fault matrix", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/zstd"), "zstd is needed"))
struct FaultMatrixTests {
    private struct Fault {
        let name: String
        let rule: FaultRule
        /// The number of elements that the fault adds to a page and that Tributary sets aside.
        var rejected = 0
        /// The number of elements that the fault adds to a page and that become records.
        var extra = 0
    }

    private enum Moment: String, CaseIterable {
        case first
        case middle
        case caughtUp = "caught-up"
    }

    private final class Cell {
        let fault: Fault
        let moment: Moment
        let org: SimulatedOrg
        private var isStruck = false
        /// The time at which the last fault was observed.
        var ended: ContinuousClock.Instant?
        /// The time after the last fault at which the daemon had again collected all events of the org.
        var recovered: ContinuousClock.Instant?

        var name: String { "\(fault.name)-\(moment.rawValue)" }

        init(_ fault: Fault, _ moment: Moment, number: Int) async throws {
            self.fault = fault
            self.moment = moment
            var settings = OrgSettings()
            settings.eventCount = 120
            // Each org needs its own seed, because orgs with equal seeds have equal events.
            settings.seed = UInt64(5000 + number)
            settings.limitPerMinute = 1_000_000
            settings.rateWindowSeconds = 3
            var rule = fault.rule
            rule.after = moment == .middle ? 1 : 0
            settings.faults = moment == .caughtUp ? [] : [rule]
            org = try await SimulatedOrg.start(settings)
        }

        /// Starts the faults and adds new events. Called when all earlier events are collected.
        private func strike() {
            org.setFaults([fault.rule])
            try? org.append(
                events: (0..<5).map { number in
                    """
                    {"uuid":"\(name)-\(number)","published":"2026-11-23T12:00:00.000Z","eventType":"user.session.start",\
                    "version":"0","severity":"INFO","displayMessage":"User login to Okta","outcome":{"result":"SUCCESS"}}
                    """
                })
        }

        /// - Parameter integration: the daemon's status of the integration.
        func look(_ integration: StatusReport.Integration, at now: ContinuousClock.Instant) {
            if moment == .caughtUp, !isStruck, integration.state == .live {
                isStruck = true
                strike()
            }
            if ended == nil, org.stats.faults[fault.rule.kind.rawValue] == fault.rule.count { ended = now }
            if ended != nil, recovered == nil, integration.state == .live,
                integration.events >= org.eventCount + fault.extra
            {
                recovered = now
            }
        }
    }

    /// Every kind of fault with every variant. Most faults occur twice. Some occur once, for example a refused credential, after which the daemon
    /// retries only once a minute.
    private static let faults: [Fault] = {
        var all: [Fault] = []
        func add(_ name: String, _ rule: FaultRule, rejected: Int = 0, extra: Int = 0) {
            all.append(Fault(name: name, rule: rule, rejected: rejected, extra: extra))
        }
        for kind in FaultRule.Kind.allCases {
            switch kind {
            case .status:
                for status in [500, 502, 503, 504, 408] {
                    add("status-\(status)", FaultRule(.status, count: 2, status: status))
                }
                for body in ["html", "empty"] { add("status-\(body)", FaultRule(.status, count: 2, body: body)) }
                for status in [400, 404, 418] { add("status-\(status)", FaultRule(.status, count: 1, status: status)) }
            case .unreadableEvent:
                for body in ["scalar", "broken", "utf8", "deep"] {
                    add("unreadable-\(body)", FaultRule(kind, count: 1, body: body), rejected: 1)
                }
                add("unreadable-bare", FaultRule(kind, count: 1, body: "bare"), extra: 1)
            case .foreignNext:
                for body in ["origin", "port", "scheme", "path", "userinfo", "fragment", "crlf", "split"] {
                    add("next-\(body)", FaultRule(kind, count: 2, body: body))
                }
            case .slowBody: add(kind.rawValue, FaultRule(kind, count: 1, bytesPerSecond: 50_000))
            case .unauthorized, .forbidden, .hang: add(kind.rawValue, FaultRule(kind, count: 1))
            default: add(kind.rawValue, FaultRule(kind, count: 2))
            }
        }
        return all
    }()

    @Test(
        "whichever fault an org has, and whenever it occurs, each event is in the spool exactly once",
        .timeLimit(.minutes(20)))
    func survived() async throws {
        var cells: [Cell] = []
        for fault in Self.faults {
            for moment in Moment.allCases { cells.append(try await Cell(fault, moment, number: cells.count)) }
        }
        let workspace = try Workspace()
        try workspace.configure(
            cells.map { ($0.name, $0.org.url) }, token: OrgSettings().tokens[0], pageSize: 40, segmentMaxBytes: "4MiB",
            segmentMaxAge: "5m")
        let daemon = try RunningDaemon(workspace)
        let clock = ContinuousClock()
        do {
            try await daemon.wait(for: "the recovery of every cell") { report in
                Self.look(cells, report, clock.now)
                return cells.allSatisfy { $0.recovered != nil }
            }
        } catch {
            Issue.record("cells that did not recover: \(cells.filter { $0.recovered == nil }.map(\.name))")
            throw error
        }
        let report = try #require(daemon.status)
        #expect(daemon.stop() == 0)
        print(Self.table(cells))
        for cell in cells {
            #expect(
                cell.org.stats.faults[cell.fault.rule.kind.rawValue] == cell.fault.rule.count,
                "\(cell.name): the fault did not occur as often as its rule says")
            try workspace.expectExactly(cell.org, of: cell.name, extra: cell.fault.extra)
            let rejected = report.integrations.first { $0.name == cell.name }?.rejected
            #expect(rejected == cell.fault.rejected, "\(cell.name): a wrong number of events was set aside")
            let isHang = cell.fault.rule.kind == .hang
            #expect(cell.org.stats.maximumInFlight <= 1 || isHang, "\(cell.name): two requests at the same time")
        }
        let verified = try Programs.tributary(["spool", "verify", "--config", workspace.configuration], in: workspace)
        #expect(verified.status == 0, "\(verified.output)")
        for cell in cells { await cell.org.stop() }
    }

    private static func look(_ cells: [Cell], _ report: StatusReport?, _ now: ContinuousClock.Instant) {
        guard let report else { return }
        for (cell, integration) in zip(cells, report.integrations) where cell.recovered == nil {
            cell.look(integration, at: now)
        }
    }

    /// A table with the seconds from the last fault until all events were collected, for each cell.
    private static func table(_ cells: [Cell]) -> String {
        func seconds(_ cell: Cell?) -> String {
            guard let cell, let ended = cell.ended, let recovered = cell.recovered else { return "?" }
            return String(format: "%.1f", (recovered - ended) / .milliseconds(1) / 1000)
        }
        func row(_ columns: [String]) -> String {
            (columns.first ?? "").padding(toLength: 26, withPad: " ", startingAt: 0)
                + columns.dropFirst().map { $0.padding(toLength: 11, withPad: " ", startingAt: 0) }.joined()
        }
        var lines = [
            "fault matrix: \(cells.count) cells; seconds from the last fault until all events are collected",
            row(["fault"] + Moment.allCases.map(\.rawValue)),
        ]
        for fault in faults {
            let own = cells.filter { $0.fault.name == fault.name }
            lines.append(
                row([fault.name] + Moment.allCases.map { moment in seconds(own.first { $0.moment == moment }) }))
        }
        let longest = cells.max { left, right in (Double(seconds(left)) ?? 0) < (Double(seconds(right)) ?? 0) }
        lines.append("longest: \(longest?.name ?? "?") \(seconds(longest)) s")
        return lines.joined(separator: "\n")
    }
}

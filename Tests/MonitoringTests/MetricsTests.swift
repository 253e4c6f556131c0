import Collector
import Delivery
import TestSupport
import Testing

@testable import Monitoring

@Suite("Metrics")
struct MetricsTests {
    private func text(_ integrations: [StatusReport.Integration], destinations: [DestinationStatus] = []) -> String {
        let snapshot = Snapshot(
            report: MadeUp.report(integrations), isReady: true, destinations: destinations,
            process: ProcessFigures.now())
        return String(decoding: MetricsText(snapshot).bytes, as: UTF8.self)
    }

    @Test("the metrics have the values of the status, in one series for each integration")
    func values() {
        let lines = text([
            MadeUp.integration("acme"), MadeUp.integration("globex", .failing, problem: "unauthorized", lag: nil),
        ])
        .split(separator: "\n").map(String.init)
        for expected in [
            "tributary_build_info{version=\"1.2.3\"} 1",
            "tributary_start_time_seconds 1795464000",
            "tributary_ready 1",
            "tributary_spool_bytes 1000",
            "tributary_integration_up{integration=\"acme\"} 1",
            "tributary_integration_up{integration=\"globex\"} 0",
            "tributary_integration_state{integration=\"globex\",state=\"failing\"} 1",
            "tributary_integration_problem{integration=\"globex\",kind=\"unauthorized\"} 1",
            "tributary_integration_lag_seconds{integration=\"acme\"} 4",
            "tributary_integration_events_total{integration=\"acme\"} 10",
            "tributary_integration_requests_total{integration=\"acme\",outcome=\"answered\"} 0",
            // The value is the end of the last day on which the credential is valid.
            "tributary_credential_expiry_timestamp_seconds{credential=\"read\"} 1798761600",
        ] { #expect(lines.contains(expected), "\(expected)") }
        #expect(!lines.contains { $0.hasPrefix("tributary_integration_problem{integration=\"acme\"") })
        #expect(
            !lines.contains { $0.hasPrefix("tributary_integration_lag_seconds{integration=\"globex\"") },
            "without an answer from Okta, there is no lag")
        #expect(lines.count { $0.hasPrefix("tributary_credential_") } == 1, "the shared credential has only one series")
    }

    @Test("an integration that an operator has paused has its own state, and no series tributary_integration_up")
    func pausedByOperator() {
        var integration = MadeUp.integration("acme", .paused)
        integration.pausedByOperator = true
        let text = text([integration])
        #expect(text.contains("tributary_integration_state{integration=\"acme\",state=\"paused_by_operator\"} 1\n"))
        #expect(!text.contains("tributary_integration_up{integration=\"acme\"}"))
    }

    @Test("tributary_destination_up is 0 for a delivery that does not run, even if its last report says live")
    func destinations() {
        var report = DeliveryReport(
            name: "lake", version: "1", pid: 1, place: "s3://b", guarantee: .exactlyOnce, state: .live, since: "",
            startedAt: "", updatedAt: "")
        report.lagSegments = 3
        let text = text(
            [],
            destinations: [
                .init(name: "lake", place: "", unit: "", isRunning: true, report: report),
                .init(name: "old", place: "", unit: "", isRunning: false, report: report),
                .init(name: "new", place: "", unit: "", isRunning: false, report: nil),
            ])
        #expect(text.contains("tributary_destination_up{destination=\"lake\"} 1\n"))
        #expect(text.contains("tributary_destination_up{destination=\"old\"} 0\n"))
        #expect(text.contains("tributary_destination_state{destination=\"new\",state=\"not_running\"} 1\n"))
        #expect(text.contains("tributary_destination_lag_segments{destination=\"lake\"} 3\n"))
    }

    @Test("response actions are counted by their results")
    func responses() {
        var activity = StatusReport.ResponseActivity(name: "acme", outcomes: ["done": 3, "refused": 1])
        activity.lastAction = .init(at: "2026-11-23T20:05:00Z", action: "suspend", outcome: "done")
        var report = MadeUp.report([])
        report.responses = [activity]
        let text = String(decoding: MetricsText(Snapshot(report: report, isReady: true)).bytes, as: UTF8.self)
        #expect(text.contains("tributary_response_actions_total{integration=\"acme\",outcome=\"done\"} 3\n"))
        #expect(text.contains("tributary_response_actions_total{integration=\"acme\",outcome=\"refused\"} 1\n"))
        #expect(text.contains("tributary_response_last_action_timestamp_seconds{integration=\"acme\"} 1795464300\n"))
        #expect(!text.contains("tributary_response_last_failure"))
    }

    @Test("special characters in a name are escaped in labels, even if the configuration would refuse the name")
    func hostileNames() {
        let text = text([MadeUp.integration("a\"} 1\ntributary_ready 0\nb\\")])
        #expect(text.contains("tributary_integration_up{integration=\"a\\\"} 1\\ntributary_ready 0\\nb\\\\\"} 1\n"))
        #expect(!text.split(separator: "\n").contains("tributary_ready 0"))
    }

    private typealias Row = (name: String, kind: String, unit: String, help: String, labels: [String])

    private static let groups: [[Row]] = [
        rows(Metrics.daemon, []), rows(Metrics.fleet, []), rows(Metrics.integration, ["integration"]),
        rows(Metrics.credential, ["credential"]), rows(Metrics.response, ["integration"]),
        rows(Metrics.destination, ["destination"]),
    ]
    private static let all = Array(groups.joined())

    private static func rows<Subject>(_ metrics: [Metric<Subject>], _ labels: [String]) -> [Row] {
        metrics.map { ($0.name, $0.kind.rawValue, $0.unit.rawValue, $0.help, labels + $0.labels) }
    }

    @Test("every group of metrics in docs/metrics.md is exported, and the page has every exported metric")
    func groups() {
        var report = MadeUp.report([MadeUp.integration("acme")])
        report.fleet = StatusReport.Fleet(
            name: "prod", host: "a", lease: "etcd", ttlSeconds: 10, renewedAt: nil, problem: nil, draining: false,
            hosts: ["a"], holds: 1, configured: 1, takeovers: 0, fenced: 0, droppedRecords: 0)
        report.responses = [StatusReport.ResponseActivity(name: "acme", outcomes: ["done": 1])]
        let destination = DestinationStatus(name: "lake", place: "", unit: "", isRunning: false, report: nil)
        let text = String(
            decoding: MetricsText(Snapshot(report: report, isReady: true, destinations: [destination])).bytes,
            as: UTF8.self)
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
        let exported = Set(lines.map { String($0.split(separator: " ")[2]) })
        for group in Self.groups {
            let names = group.map(\.name)
            #expect(!exported.isDisjoint(with: names), "MetricsText.init does not export \(names)")
        }
        #expect(exported.isSubset(of: Self.all.map(\.name)))
    }

    @Test("the names of metrics follow Prometheus's conventions, and each name occurs once")
    func names() {
        #expect(Set(Self.all.map(\.name)).count == Self.all.count)
        for metric in Self.all {
            #expect(metric.name.allSatisfy { $0.isLowercase || $0 == "_" }, "\(metric.name)")
            #expect(metric.name.hasSuffix("_total") == (metric.kind == "counter"), "\(metric.name)")
            let stem = metric.name.hasSuffix("_total") ? String(metric.name.dropLast(6)) : metric.name
            switch metric.unit {
            case "seconds", "bytes", "ratio": #expect(stem.hasSuffix("_\(metric.unit)"), "\(metric.name)")
            case "Unix time":
                #expect(stem.hasSuffix("_time_seconds") || stem.hasSuffix("_timestamp_seconds"), "\(metric.name)")
            default: break
            }
            #expect(!metric.help.hasSuffix(".") && !metric.help.contains("\n"), "\(metric.name)")
        }
    }

    @Test("docs/metrics.md has every metric with its type, unit, labels and meaning")
    func reference() throws {
        var table = "| metric | type | unit | labels | |\n| --- | --- | --- | --- | --- |\n"
        for metric in Self.all {
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            table += "| `\(metric.name)` | \(metric.kind) | \(metric.unit) | \(labels) | \(metric.help). |\n"
        }
        try MadePart(of: "docs/metrics.md", named: "metrics").check(table)
    }
}

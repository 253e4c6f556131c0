import Collector
import Foundation
import LocalServer
import Testing

@testable import Monitoring

@Suite("The answers of the listener")
struct RouteTests {
    private func text(_ response: LocalResponse) -> String { String(decoding: response.body.bytes, as: UTF8.self) }

    @Test("before the first report, the listener answers that the daemon is live but not ready, and has no metrics")
    func before() {
        let routes = MonitoringRoutes(state: MonitoringState())
        #expect(routes.response(to: .init(path: "/healthz/live")).status == 200)
        #expect(routes.response(to: .init(path: "/healthz/ready")).status == 503)
        #expect(routes.response(to: .init(path: "/metrics")).status == 503)
        #expect(routes.response(to: .init(path: "/")).status == 200)
        #expect(routes.response(to: .init(path: "/etc/passwd")).status == 404)
    }

    @Test("the daemon is ready while collection runs, even if an org has a problem")
    func ready() {
        let state = MonitoringState()
        let routes = MonitoringRoutes(state: state)
        state.reported(MadeUp.report([MadeUp.integration("acme", .failing, problem: "unreachable")]), isReady: true)
        #expect(routes.response(to: .init(path: "/healthz")).status == 200)
        state.reported(MadeUp.report([]), isReady: false)
        #expect(text(routes.response(to: .init(path: "/healthz"))) == "not ready: starting or stopping\n")
        #expect(routes.response(to: .init(path: "/healthz/live")).status == 200)
    }

    @Test("the daemon is not live if one of its parts hangs or no report has arrived for a minute")
    func hung() {
        var report = MadeUp.report([])
        report.stuck = .init(part: "ingest worker 0", silenceSeconds: 130)
        let hung = HealthCheck(snapshot: Snapshot(report: report, isReady: true), silence: .zero)
        #expect(hung.whyNotLive == "stuck: ingest worker 0 has made no progress for 2m")
        let healthy = Snapshot(report: MadeUp.report([]), isReady: true)
        #expect(HealthCheck(snapshot: healthy, silence: .seconds(59)).whyNotReady == nil)
        #expect(HealthCheck(snapshot: healthy, silence: .seconds(61)).whyNotLive == "no report for 61 s")
    }

    @Test("between two reports, all requests for metrics get the same body; a new report makes a new body")
    func shared() throws {
        let state = MonitoringState()
        state.reported(MadeUp.report([MadeUp.integration("acme", events: 10)]), isReady: true)
        let first = try #require(state.body(.metrics))
        let history = try #require(state.body(.history))
        _ = state.sample()
        state.show([])
        #expect(state.body(.metrics) == first)
        #expect(try #require(state.body(.history)).bytes != history.bytes)
        state.reported(MadeUp.report([MadeUp.integration("acme", events: 11)]), isReady: true)
        #expect(
            String(decoding: try #require(state.body(.metrics)).bytes, as: UTF8.self).contains(
                "events_total{integration=\"acme\"} 11"))
    }

    @Test("the status page loads nothing else, and its Content-Security-Policy allows only its own script and style")
    func page() {
        let html = String(decoding: StatusPage.html, as: UTF8.self)
        #expect(StatusPage.policy.contains("script-src 'sha256-") && StatusPage.policy.contains("style-src 'sha256-"))
        #expect(!StatusPage.policy.contains("unsafe"))
        #expect(
            !html.contains(" style=") && !html.contains(" onclick="),
            "the policy does not allow inline styles and handlers")
        #expect(html.count(of: "<script") == 1 && html.count(of: "<style") == 1)
        // The only URL in the page is the namespace of SVG. Browsers do not load it.
        #expect(html.replacing("http://www.w3.org/2000/svg", with: "").firstRange(of: "http://") == nil)
        #expect(!html.contains("innerHTML"), "text from orgs must not become HTML")
    }

    @Test("the file with metrics is replaced as a whole, can be read by every user, and is removed at the end")
    func textFile() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/tributary-textfile-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let file = TextFile(path: directory + "/metrics.prom")
        try file.write(Array("a 1\n".utf8))
        try file.write(Array("a 2\n".utf8))
        #expect(try String(contentsOfFile: file.path, encoding: .utf8) == "a 2\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["metrics.prom"])
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o644)
        file.remove()
        #expect(!FileManager.default.fileExists(atPath: file.path))
        #expect(throws: TextFile.Failure.self) { try TextFile(path: directory + "/missing/metrics.prom").write([]) }
    }
}

extension String {
    fileprivate func count(of part: String) -> Int { components(separatedBy: part).count - 1 }
}

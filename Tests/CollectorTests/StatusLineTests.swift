import Testing

@testable import Collector

@Suite("The status line of systemctl status")
struct StatusLineTests {
    private func report(_ integrations: [StatusReport.Integration]) -> StatusReport {
        StatusReport(
            version: "1", pid: 1, startedAt: "2026-11-23T20:00:00Z", updatedAt: "2026-11-23T20:10:00Z",
            integrations: integrations,
            spool: .init(directory: "/spool", bytes: 1_288_490_189, maxBytes: 21_474_836_480, segmentsSealed: 4))
    }

    private func integration(
        _ name: String, state: StatusReport.State, lag: Int?, problem: StatusReport.Problem? = nil
    ) -> StatusReport.Integration {
        StatusReport.Integration(
            name: name, org: "https://\(name).okta.com", state: state, since: "2026-11-23T20:03:00Z",
            problem: problem, lagSeconds: lag, events: 10, rejected: 0, requests: 1, eventsPerSecond: 26.6,
            unsealedRecords: 0, credential: "read")
    }

    @Test(
        "the status line has the number of live integrations, the lag, the rate, the size of the spool and the first problem"
    )
    func line() {
        let refused = StatusReport.Problem(
            kind: "unauthorized", message: "Okta refused the credential (401 E0000011)", remedy: "…", attempts: 2,
            since: "2026-11-23T20:03:00Z")
        let line = report([
            integration("acme", state: .live, lag: 4),
            integration("globex", state: .failing, lag: 600, problem: refused),
        ]).line
        #expect(
            line == """
                1 of 2 integrations live, lag 10m, 53 events/s, spool 1.2 GiB of 20 GiB; \
                globex: Okta refused the credential (401 E0000011) since 2026-11-23T20:03:00Z
                """)
    }

    @Test("if a part of the daemon hangs, the line first says which part hangs")
    func stuck() {
        var report = report([integration("acme", state: .live, lag: 4)])
        report.stuck = .init(part: "ingest worker 0", silenceSeconds: 130)
        #expect(
            report.line.hasPrefix("stuck: ingest worker 0 has made no progress for 2m; 1 of 1 integrations live"))
    }

    @Test("a report that is encoded and decoded is unchanged, and its keys are in snake case")
    func roundTrip() throws {
        let original = report([integration("acme", state: .catchingUp, lag: nil)])
        let data = try original.encoded()
        #expect(try StatusReport(decoding: data) == original)
        let text = String(decoding: data, as: UTF8.self)
        #expect(text.contains("\"state\" : \"catching_up\""))
        #expect(text.contains("\"events_per_second\" : 26.6"))
    }

    @Test("each property of an integration has a key in the status report")
    func keys() throws {
        let properties = Mirror(reflecting: integration("acme", state: .live, lag: 4)).children.compactMap(\.label)
        #expect(!properties.isEmpty)
        for property in properties {
            let key = property.replacing(#/[A-Z]/#) { "_" + $0.output.lowercased() }
            #expect(StatusReport.Integration.CodingKeys(stringValue: key) != nil, "\(property)")
        }
    }

    @Test(
        "sizes are written in a short form",
        arguments: [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (20 << 30, "20 GiB"), (1 << 40, "1 TiB")])
    func bytes(count: Int, text: String) {
        #expect(StatusReport.bytes(count) == text)
    }
}

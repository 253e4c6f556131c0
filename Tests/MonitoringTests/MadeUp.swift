@testable import Collector
@testable import Monitoring

/// Invented status reports in the form in which a daemon writes them.
enum MadeUp {
    static func integration(
        _ name: String, _ state: StatusReport.State = .live, problem: String? = nil, events: Int = 10, lag: Int? = 4
    ) -> StatusReport.Integration {
        StatusReport.Integration(
            name: name, org: "https://\(name).okta.com", state: state, since: "2026-11-23T20:03:00Z",
            problem: problem.map {
                .init(
                    kind: $0, message: "\($0) of \(name)", remedy: "do something", attempts: 2,
                    since: "2026-11-23T20:03:00Z")
            }, lagSeconds: lag, events: events, rejected: 1, requests: 7, eventsPerSecond: 2.5, unsealedRecords: 3,
            credential: "read", credentialExpires: "2026-12-31")
    }

    static func report(_ integrations: [StatusReport.Integration], updatedAt: String = "2026-11-23T20:10:00Z")
        -> StatusReport
    {
        StatusReport(
            version: "1.2.3", pid: 1, startedAt: "2026-11-23T20:00:00Z", updatedAt: updatedAt,
            integrations: integrations,
            spool: .init(directory: "/spool", bytes: 1000, maxBytes: 4000, segmentsSealed: 4))
    }
}

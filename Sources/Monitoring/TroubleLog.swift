import Collector

/// The most recent problems of all integrations, including solved ones, for the status page. Systemd's journal has all problems.
struct TroubleLog: Sendable {
    static let capacity = 50

    struct Entry: Sendable, Encodable, Equatable {
        var integration: String
        var kind: String
        var message: String
        var remedy: String
        var since: String
        /// When the problem ended; nil while it lasts.
        var until: String?
    }

    /// The problems, the newest first.
    private(set) var entries: [Entry] = []

    /// Compares each integration's kind of problem with the previous report, and records which problems began or ended.
    mutating func note(_ report: StatusReport) {
        var lasting: [String: StatusReport.Problem] = [:]
        for integration in report.integrations { lasting[integration.name] = integration.problem }
        for index in entries.indices where entries[index].until == nil {
            let entry = entries[index]
            if let problem = lasting[entry.integration], problem.kind == entry.kind {
                entries[index].message = problem.message
                entries[index].remedy = problem.remedy
                lasting[entry.integration] = nil
            } else {
                entries[index].until = report.updatedAt
            }
        }
        let new = report.integrations.compactMap { integration in
            lasting[integration.name].map { problem in
                Entry(
                    integration: integration.name, kind: problem.kind, message: problem.message, remedy: problem.remedy,
                    since: problem.since)
            }
        }
        // If more problems exist at the same time than the log can hold, only the first ones are kept. Otherwise, each report would add some of the
        // other problems again as new.
        let room = Self.capacity - entries.count { $0.until == nil }
        entries.insert(contentsOf: new.prefix(max(0, room)).reversed(), at: 0)
        while entries.count > Self.capacity, let last = entries.lastIndex(where: { $0.until != nil }) {
            entries.remove(at: last)
        }
    }
}

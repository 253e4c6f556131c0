import Collector

/// The last troubles of all integrations, those that are over included: for the status page. The journal has all of them.
struct TroubleLog: Sendable {
    static let capacity = 50

    struct Entry: Sendable, Encodable, Equatable {
        var integration: String
        var kind: String
        var message: String
        var remedy: String
        var since: String
        /// Nil while it lasts.
        var until: String?
    }

    /// The newest first.
    private(set) var entries: [Entry] = []

    /// Compares with what was known before, by each integration's kind of problem.
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
        // With more troubles at once than there is room for, the first ones stay: else each report would bring all of them as new.
        let room = Self.capacity - entries.count { $0.until == nil }
        entries.insert(contentsOf: new.prefix(max(0, room)).reversed(), at: 0)
        while entries.count > Self.capacity, let last = entries.lastIndex(where: { $0.until != nil }) {
            entries.remove(at: last)
        }
    }
}

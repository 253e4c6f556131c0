/// The result of a run.
package struct Verdict: Sendable, CustomStringConvertible {
    /// The numbers of the events that had to be collected and are missing.
    package var lost: [Int] = []
    /// The numbers of the events that were collected more than once.
    package var twice: [Int] = []
    /// The numbers of collected events that do not exist in the scenario.
    package var invented: [Int] = []
    package var isStuck = false
    /// Problems that the run or the spool's verifier has found.
    package var problems: [String] = []
    /// The number of events that the daemon has announced as possible duplicates.
    package var unproven = 0
    package var events = 0
    /// The time at which the org sent the last answer with an event, in milliseconds after the first start.
    package var collectedAfter: Int64 = 0
    package var requests = 0
    package var requeries = 0
    package var starts = 0
    /// In a fleet: the number of decided seals.
    package var seals = 0
    /// In a fleet: how often a seal was decided by another host than the seal before it.
    package var takeovers = 0
    /// In a fleet: how often the bucket refused to store the decision of a seal, because the seal was already decided.
    package var fenced = 0

    /// Whether the run passed.
    ///
    /// Duplicates are allowed if the daemon has announced them. If it has announced any, one more page of duplicates per start is allowed: a
    /// process may die when a page is durable but not announced yet.
    package var isGood: Bool {
        lost.isEmpty && invented.isEmpty && !isStuck && problems.isEmpty
            && (twice.isEmpty || unproven > 0 && twice.count <= unproven + 50 * starts)
    }

    var fleet: String {
        seals > 0 ? ", \(seals) seals with \(takeovers) takeovers, \(fenced) refused" : ""
    }

    package var description: String {
        """
        \(events) events, \(requests) requests, \(requeries) queries by time\(fleet): \(lost.count) lost \(lost.prefix(5)), \
        \(twice.count) twice \(twice.prefix(5)) of \(unproven) announced, \(invented.count) invented\
        \(isStuck ? ", stuck" : "")\(problems.isEmpty ? "" : ", \(problems.prefix(3))")
        """
    }
}

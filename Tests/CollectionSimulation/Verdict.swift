/// The result of a run.
package struct Verdict: Sendable, CustomStringConvertible {
    /// Numbers of events.
    package var lost: [Int] = []
    package var twice: [Int] = []
    package var invented: [Int] = []
    package var isStuck = false
    /// The problems that the spool's verifier found.
    package var problems: [String] = []
    /// The number of events of which the daemon said that they may have been collected before.
    package var unproven = 0
    package var events = 0
    /// When the last answer with an event came, in milliseconds after the first start.
    package var collectedAfter: Int64 = 0
    package var requests = 0
    package var requeries = 0
    package var starts = 0
    /// In a fleet: the number of decisions.
    package var seals = 0
    /// In a fleet: the number of decisions by another host than the previous decision.
    package var takeovers = 0
    /// In a fleet: the number of attempts at a decision that came too late.
    package var fenced = 0

    /// Whether the run passed. Allowed are duplicates that the daemon has announced, and one page per start: a process may die after a page is durable and
    /// before its duplicates are announced.
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

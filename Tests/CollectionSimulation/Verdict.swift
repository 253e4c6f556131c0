/// What a run came to.
package struct Verdict: Sendable, CustomStringConvertible {
    /// Numbers of events.
    package var lost: [Int] = []
    package var twice: [Int] = []
    package var invented: [Int] = []
    package var isStuck = false
    /// What the spool's own check found.
    package var problems: [String] = []
    /// Events that the daemon itself said may have been collected before.
    package var unproven = 0
    package var events = 0
    /// Milliseconds after the first start at which the last answer with an event came.
    package var collectedAfter: Int64 = 0
    package var requests = 0
    package var requeries = 0
    package var starts = 0
    /// Of a fleet: decisions, those that another host made than the one before, and attempts that came too late.
    package var seals = 0
    package var takeovers = 0
    package var fenced = 0

    /// Repeats that the daemon has announced are no failure. A page that is durable when the process dies has not been announced yet: one a start.
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

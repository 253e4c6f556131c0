/// The progress of a search for events that a way has already passed. A way remembers the newest events that it has passed. A query by time that
/// starts earlier returns, in this order: collected events that are no longer remembered, remembered events, and new events. During the search, the
/// way collects nothing. Once the search has seen ``need`` different remembered events, the way collects every event that it does not remember.
///
/// A search is not stored. After a restart of the daemon, the search begins again with the same query.
package struct LogSearch: Sendable, Hashable {
    /// The number of different remembered events that must be seen. Zero means that none can be found. Every unknown event is then collected.
    package let need: Int
    /// Whether this is a second pass, because the first pass saw too few remembered events.
    package let isSecond: Bool
    /// The `Date` of the first answer to the search.
    package var began: ServerTime?
    /// The remembered events seen so far, at most ``need``.
    package var seen: Set<UInt128> = []
    /// The number of empty answers in a row.
    package var emptyAnswers = 0
    /// The link with which the search continues; nil at its beginning.
    package var next: String?

    /// A pass of the search ends after this many empty answers in a row.
    static let endsAfterEmptyAnswers = 4
    /// If the search has lasted this long, in milliseconds by the server's clock, its pass ends with the first answer that is not full.
    static let endsAfter: Int64 = 600_000

    package init(need: Int, isSecond: Bool = false, began: ServerTime? = nil) {
        self.need = need
        self.isSecond = isSecond
        self.began = began
    }

    /// Whether the search has probably read everything that the way may have passed. Called after an answer with `count` events, if the search is not
    /// complete. If a search ends too early, events can be collected twice, but none is lost.
    ///
    /// - Parameter typical: the median of the events' `published`.
    package func isAtEnd(count: Int, isFull: Bool, typical: PublishedTime?, date: ServerTime?) -> Bool {
        if emptyAnswers >= Self.endsAfterEmptyAnswers { return true }
        guard let began else { return false }
        if let typical, typical.milliseconds > began.milliseconds { return true }
        guard let date, !isFull else { return false }
        return date.milliseconds - began.milliseconds >= Self.endsAfter
    }

    /// The next pass, if this pass did not find enough events. The next pass starts from the beginning, and needs half as many events as this pass
    /// found. If this pass found too few to prove anything, the next pass needs none: every unknown event is then collected, so that nothing is lost.
    package func nextPass(leastSeen: Int) -> LogSearch {
        LogSearch(need: isSecond || seen.count < leastSeen ? 0 : (seen.count + 1) / 2, isSecond: true, began: began)
    }
}

/// How far a re-query has come in finding what its way has passed already. A way remembers the newest events that it has passed. A re-query that begins before
/// what it remembers meets, in this order: events that were collected and are forgotten, events that are remembered, and new ones. While it searches,
/// it takes nothing. It takes what is unknown once it has seen ``need`` different events of those that are remembered.
///
/// It is not kept: after a restart the search begins again at the same time.
package struct LogSearch: Sendable, Hashable {
    /// Different remembered events that have to be seen. Zero: none can be found, and everything that is unknown is taken.
    package let need: Int
    /// Whether this is the second pass, after one that did not see enough.
    package let isSecond: Bool
    /// The `Date` of the first answer.
    package var began: ServerTime?
    /// Remembered events that were seen, at most ``need``.
    package var seen: Set<UInt128> = []
    /// Empty answers in a row.
    package var emptyAnswers = 0
    /// Where it goes on; nil: at its beginning.
    package var next: String?

    /// Empty answers in a row after which nothing more is expected.
    static let endsAfterEmptyAnswers = 4
    /// Milliseconds by the server's clock after which an answer that is not full is the last.
    static let endsAfter: Int64 = 600_000

    package init(need: Int, isSecond: Bool = false, began: ServerTime? = nil) {
        self.need = need
        self.isSecond = isSecond
        self.began = began
    }

    /// After an answer that brought `count` events and did not end the search well: whether all that the way may have passed has been looked at. It is only a guess: too
    /// early an end can make events come twice, and no event is lost by it.
    ///
    /// - Parameter typical: a median of the events' `published`.
    package func isAtEnd(count: Int, isFull: Bool, typical: PublishedTime?, date: ServerTime?) -> Bool {
        if emptyAnswers >= Self.endsAfterEmptyAnswers { return true }
        guard let began else { return false }
        if let typical, typical.milliseconds > began.milliseconds { return true }
        guard let date, !isFull else { return false }
        return date.milliseconds - began.milliseconds >= Self.endsAfter
    }

    /// The pass that follows one that was not enough: it begins again, and needs half of what this one has seen. Where that proves nothing, it needs
    /// nothing: everything unknown is taken, so that nothing is lost.
    package func again(leastSeen: Int) -> LogSearch {
        LogSearch(need: isSecond || seen.count < leastSeen ? 0 : (seen.count + 1) / 2, isSecond: true, began: began)
    }
}

/// The progress of a search for events that a way has already passed. A way remembers the newest events that it has passed. A query by time that
/// starts earlier returns, in this order: collected events that are no longer remembered, remembered events, and new events.
///
/// The search reads the remembered events in two passes. The first pass only counts how many of them Okta returns. The second pass reads them again.
/// When it has read half of them, it begins to collect every unknown event. This point is far from the forgotten events, which are before the first
/// half, and far from the new events, which are after the second half.
///
/// A search is not stored. After a restart of the daemon, the search begins again with the same query.
package struct LogSearch: Sendable, Hashable {
    package enum Pass: Sendable, Hashable {
        /// Remembered events are counted up to this number. Nothing is collected.
        case counting(upTo: Int)
        /// Unknown events are collected once this many remembered events have been seen. Zero: the search has found too few remembered events, so
        /// every unknown event is collected.
        case collecting(after: Int)
    }

    package let pass: Pass
    /// The `Date` of the first answer to the search.
    package var began: ServerTime?
    /// The remembered events that this pass has seen, at most as many as it needs.
    package private(set) var seen: Set<UInt128> = []
    /// The number of empty answers in a row.
    package var emptyAnswers = 0
    /// The link of the next request; nil at the beginning of the query.
    package var next: String?
    /// The link of the first page with a remembered event; nil if that is the first page of the query. The second pass begins there.
    private var firstPage: String?

    /// A pass of the search ends after this many empty answers in a row.
    static let endsAfterEmptyAnswers = 4
    /// When the search has lasted this long, its pass ends with the next page that is not full. In milliseconds by the server's clock.
    static let endsAfter: Int64 = 600_000

    package init(_ pass: Pass, began: ServerTime? = nil, next: String? = nil) {
        self.pass = pass
        self.began = began
        self.next = next
    }

    /// The number of remembered events that this pass needs.
    package var need: Int {
        switch pass {
        case .counting(let count), .collecting(let count): count
        }
    }

    /// Whether unknown events are collected now.
    package var isCollecting: Bool {
        if case .collecting(let count) = pass { seen.count >= count } else { false }
    }

    /// Whether the search has found too few remembered events, so that every unknown event is collected.
    package var hasFailed: Bool { pass == .collecting(after: 0) }

    /// Records a remembered event.
    package mutating func found(_ identity: UInt128) { if seen.count < need { seen.insert(identity) } }

    /// Returns the state of the search after a page from which nothing was collected.
    ///
    /// - Parameters:
    ///   - count: the number of the page's events.
    ///   - typical: the median of their `published`.
    ///   - next: the link to the next page.
    ///   - leastSeen: the minimum number of remembered events that the first pass must see. With fewer, the search has failed.
    package func after(
        count: Int, isFull: Bool, typical: PublishedTime?, date: ServerTime?, next: String, leastSeen: Int
    ) -> LogSearch {
        var search = self
        search.began = began ?? date
        search.emptyAnswers = count == 0 ? emptyAnswers + 1 : 0
        if seen.isEmpty { search.firstPage = next }
        search.next = next
        let isDone = seen.count >= need
        guard isDone || search.isAtEnd(count: count, isFull: isFull, typical: typical, date: date) else {
            return search
        }
        guard case .counting = pass, seen.count >= leastSeen else {
            return LogSearch(.collecting(after: 0), began: search.began)
        }
        return LogSearch(.collecting(after: (seen.count + 1) / 2), began: search.began, next: firstPage)
    }

    /// Whether this pass has probably read every event that the way may have passed. If the pass ends too early, events can be collected twice, but
    /// none is lost.
    private func isAtEnd(count: Int, isFull: Bool, typical: PublishedTime?, date: ServerTime?) -> Bool {
        if emptyAnswers >= Self.endsAfterEmptyAnswers { return true }
        guard let began else { return false }
        if let typical, typical.milliseconds > began.milliseconds { return true }
        guard let date, !isFull else { return false }
        return date.milliseconds - began.milliseconds >= Self.endsAfter
    }
}

/// The progress of a search for events that a way has already passed. A way remembers the newest events that it has passed. A query by time that
/// starts earlier returns, in this order: forgotten events, which the way has passed but no longer remembers; remembered events; and new events.
/// Forgotten and new events are *unknown*: the way can't tell them apart.
///
/// The search reads the remembered events in two passes. The first pass only notes which of them Okta returns. The second pass reads them again. Once
/// it has read half of the noted events, it collects every unknown event. The first half of the noted events separates this point from the forgotten
/// events, and the second half separates it from the new events.
///
/// A search is not stored. After a restart of the daemon, the search begins again with the same query.
package struct LogSearch: Sendable, Hashable {
    package enum Pass: Sendable, Hashable {
        /// The first pass. It notes the remembered events that Okta returns, up to this number, and collects nothing.
        case counting(upTo: Int)
        /// The second pass. As soon as it has found one of these remembered events, it collects unknown events. An empty set means that the search
        /// found too few remembered events. The query then begins again, and every unknown event is collected.
        case collecting(afterAnyOf: Set<UInt128>)
    }

    package let pass: Pass
    /// The `Date` of the first answer to the search.
    package private(set) var began: ServerTime?
    /// The `Date` of the first answer in this pass.
    private var passBegan: ServerTime?
    /// The remembered events that the first pass has seen, in the order in which it saw them.
    private var seen: [UInt128] = []
    private var known: Set<UInt128> = []
    /// Whether the second pass has seen one of the events after which it collects.
    private var isHalfSeen = false
    /// The number of empty answers in a row.
    private var emptyAnswers = 0
    /// The link of the next request; nil at the beginning of the query.
    package var next: String?
    /// The link of the first page with a remembered event; nil if that is the first page of the query. The second pass begins there.
    private var firstPage: String?

    /// A pass of the search ends after this many empty answers in a row.
    static let endsAfterEmptyAnswers = 4
    /// If a pass has lasted this long, in milliseconds by the server's clock, it ends with the first answer that is not full.
    static let endsAfter: Int64 = 600_000

    package init(_ pass: Pass, began: ServerTime? = nil, next: String? = nil) {
        self.pass = pass
        self.began = began
        self.next = next
    }

    /// The number of remembered events that the first pass has seen.
    package var count: Int { seen.count }

    package var isCounting: Bool {
        if case .counting = pass { true } else { false }
    }

    /// Whether unknown events, which the way does not remember, are collected now.
    package var isCollecting: Bool { !isCounting && (isHalfSeen || hasFailed) }

    /// Whether the search has found too few remembered events, so that every unknown event is collected.
    package var hasFailed: Bool { pass == .collecting(afterAnyOf: []) }

    /// Whether the first pass has seen as many events as it needs.
    private var isComplete: Bool {
        if case .counting(let most) = pass { seen.count >= most } else { false }
    }

    /// Records a remembered event.
    package mutating func found(_ identity: UInt128) {
        switch pass {
        case .counting: if !isComplete, known.insert(identity).inserted { seen.append(identity) }
        case .collecting(let half): isHalfSeen = isHalfSeen || half.contains(identity)
        }
    }

    /// The state of the search after a page of which nothing was collected.
    ///
    /// - Parameters:
    ///   - count: the number of the page's events.
    ///   - typical: the median of their `published`.
    ///   - next: the link to the next page.
    package func after(
        count: Int, isFull: Bool, typical: PublishedTime?, date: ServerTime?, next: String
    ) -> LogSearch {
        var search = self
        search.began = began ?? date
        search.passBegan = passBegan ?? date
        search.emptyAnswers = count == 0 ? emptyAnswers + 1 : 0
        if seen.isEmpty { search.firstPage = next }
        search.next = next
        guard isComplete || search.isAtEnd(count: count, isFull: isFull, typical: typical, date: date) else {
            return search
        }
        guard isComplete else {
            return LogSearch(.collecting(afterAnyOf: []), began: search.began)
        }
        let half = seen[((seen.count + 1) / 2 - 1)...]
        return LogSearch(.collecting(afterAnyOf: Set(half)), began: search.began, next: firstPage)
    }

    /// Whether this pass has probably read all events that the way may have passed. Called after an answer with `count` events, unless the first
    /// pass has already seen as many remembered events as it needs. If a pass ends too early, the search fails. Events can then be collected twice, but
    /// none is lost.
    private func isAtEnd(count: Int, isFull: Bool, typical: PublishedTime?, date: ServerTime?) -> Bool {
        if emptyAnswers >= Self.endsAfterEmptyAnswers { return true }
        guard let began, let passBegan else { return false }
        if let typical, typical.milliseconds > began.milliseconds { return true }
        guard let date, !isFull else { return false }
        return date.milliseconds - passBegan.milliseconds >= Self.endsAfter
    }
}

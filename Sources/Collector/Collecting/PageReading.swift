import OktaAPI
import Spool

/// Reads a page's events one by one and decides for each whether it is collected. At the page's end it decides where the log continues. Exactly-once
/// collection depends only on this type and on atomic commits. `docs/exactly-once.md` has the whole argument; in short:
///
/// Assumptions: (A1) Okta's polling queries return events in the order in which it stored them; new events come at the end, and following `next`
/// misses none. A link can be followed again. (A2) Two queries return the same order, except that an event may be earlier or later by fewer than half
/// of ``PassedLimits/need`` positions. (A3) `since` omits no event stored at that time or later. Of any thousand or more events in a row, most are
/// stored after their `published`, or at most five minutes before it. Every event is stored no later than the `Date` of an answer that contains it.
/// (A4) Of the events that a way remembers, fewer than half of ``PassedLimits/need`` occur a second time elsewhere in the answers to a re-query.
///
/// Invariants:
/// - *Passed.* A way has passed a stretch of the log, from where it began. Each event of the stretch was collected once, by this way or by the other
///   way. The way's window remembers the newest events of the stretch, at least ``PassedLimits/window``, in order.
/// - *Link.* Following `next` continues the stretch. Events that the window knows are dropped; the others are collected and passed.
/// - *Restart.* Every event that the way has not passed was stored at `restart` or later, and so were many of the events in the window.
/// - *Re-query.* If the window has never dropped anything, every event from a query by time is either known or new. Otherwise the query brings
///   forgotten events first, then remembered ones, then new ones: forgotten events come before those in the window (A2). A first pass notes
///   `2 * need` different events of the window. In the second pass, after half of them, all forgotten events have been skipped (A2, A4). No new event
///   has been skipped, because the other half follows. If a pass finds too few, everything unknown is collected.
/// - *Tail.* A tail begins after the `Date` of an answer whose events the history has passed, so it begins after all of those events. The tail's head
///   remembers the first events that the tail passes. When the history has seen half of a full head, it has reached the tail's beginning (A2, A4).
///   Then the windows are joined, and the tail remains, because its stretch continues the stretch of the history. If the head is not full, the
///   history remains: all events that the tail has passed are remembered, but no search counts them.
struct PageReading {
    private let page: LogPage
    private let writer: SpoolWriter
    private let limits: PassedLimits
    /// The windows of the page's way.
    private let own: PassedWindows
    /// The windows of the other way.
    private let other: PassedWindows
    private var search: LogSearch?
    private var isTaking: Bool
    /// Whether a search has failed, and the query may return forgotten events. The way then passes everything since `restart` again. False if all
    /// forgotten events were stored before `restart`, because Okta does not send those events again.
    private var passesAgain = false
    private var backfill: LogPlace.Backfill?
    /// Whether the history has reached the point from which the tail continues.
    private var isOver = false

    /// The number of events read so far.
    private(set) var count = 0
    /// The number of events read so far that had been collected before.
    private(set) var known = 0
    /// The number of events that the way passes with this page.
    private var passed = 0
    /// The number of new events among those that the way passes with this page. These events are collected.
    private var taken = 0
    private var addedToHead = 0
    /// The latest `published` of the page.
    private var newest: Int64?
    /// The `published` times of the events that the way passes: they are collected now, or were collected before.
    private var passedTimes: [Int64] = []
    /// The `published` times of the events that are collected.
    private var takenTimes: [Int64] = []
    /// The `published` times of all events of the page.
    private var allTimes: [Int64] = []
    private var isLastPassed = false
    private var isLastTaken = false

    init(_ page: LogPage, _ writer: SpoolWriter, _ limits: PassedLimits) {
        self.page = page
        self.writer = writer
        self.limits = limits
        own = PassedWindows(page.way, page.place, writer)
        other = PassedWindows(page.way == .main ? .tail : .main, page.place, writer)
        backfill = page.place.backfill
        search = page.search
        if search?.hasFailed == true, let way = page.place[page.way], let dropped = own.droppedLatest(writer) {
            passesAgain = StoredTime(dropped) >= way.restart
        }
        // The history passes events of the head again. They must not count twice.
        if page.way == .main, passesAgain { backfill?.met = 0 }
        // A query by time may bring events that the way has passed and no longer remembers. In that case the query begins with a search.
        if search == nil, page.isQuery, page.place[page.way] != nil, own.droppedLatest(writer) != nil {
            search = LogSearch(.counting(upTo: 2 * limits.need))
        }
        isTaking = search?.isCollecting ?? true
    }

    /// Whether the page's next event is to be collected.
    ///
    /// - Parameter identity: nil if the event has none. Such an event can't be recognized, so it is collected.
    mutating func takes(_ identity: RecordIdentity?) -> Bool {
        count += 1
        (isLastPassed, isLastTaken) = (false, false)
        guard let identity else { return isTaking && !isOver }
        let isPresent = writer.knows(identity, in: own.present)
        if isPresent, !passesAgain {
            known += 1
            if !isTaking { found(identity) }
            return false
        }
        let isOfEarlierFilter = own.knowsEarlier(identity, writer)
        if isOfEarlierFilter, !isTaking, own.isSearched(identity, writer) { found(identity) }
        guard isTaking, !isOver else { return false }
        var isKnown = isPresent || isOfEarlierFilter
        if page.way == .main, writer.knows(identity, in: .head) {
            met()
            isKnown = true
        }
        isKnown = isKnown || writer.knows(identity, in: other.present) || other.knowsEarlier(identity, writer)
        if page.way == .tail, !isKnown, backfill?.isHeadFull != true {
            writer.remember(identity, in: .head)
            addedToHead += 1
        }
        // An event that this way has not passed may still have been collected: an older state of the journal may have been restored after the event
        // was collected.
        isKnown = isKnown || writer.knows(identity, in: .restored)
        writer.remember(identity, in: own.present)
        passed += 1
        isLastPassed = true
        isLastTaken = !isKnown
        if isKnown { known += 1 } else { taken += 1 }
        return !isKnown
    }

    /// Records the `published` of the last event given to ``takes(_:)``, in milliseconds since 1970.
    mutating func saw(published: Int64) {
        newest = max(newest ?? published, published)
        allTimes.append(published)
        if isLastPassed { passedTimes.append(published) }
        if isLastTaken { takenTimes.append(published) }
    }

    private mutating func found(_ identity: RecordIdentity) {
        search?.found(UInt128(identity.high) << 64 | UInt128(identity.low))
        isTaking = search?.isCollecting ?? true
    }

    private mutating func met() {
        backfill?.met += 1
        isOver = backfill?.isHeadFull == true && hasMet
    }

    /// Whether the history has seen half of the tail's head.
    private var hasMet: Bool { (backfill?.met ?? 0) * 2 >= max(1, writer.identityCount(.head)) }

    /// The result of the page. The identities of the page's events stay with the writer until they are committed or discarded.
    mutating func outcome() -> PageOutcome {
        if let search, !isTaking {
            return .searching(
                search.after(
                    count: count, isFull: count >= page.limit, typical: Self.median(allTimes).map { PublishedTime($0) },
                    date: page.date, next: page.next))
        }
        guard var way = page.place[page.way] ?? newTail() else { return .nothing }
        way.next = page.next
        // `restart` is taken from commits well before the newest one. So a query from `restart` returns many of the remembered events.
        if passed > 0, let earliest = writer.earliest(own.present, depths: limits.restartDepths), earliest > .min {
            way.restart = max(way.restart, PublishedTime(earliest).earliestStored)
        }
        // While there are two ways, each of them may still reach events that only the other one's earlier window remembers.
        if page.place.backfill == nil, own.forgetEarlier(ifStoredBefore: way.restart, writer) { way.setAside = nil }
        if let typical = Self.median(allTimes) {
            let reached = PublishedTime(min(typical, page.date?.latestStored.milliseconds ?? .max))
            way.reached = max(way.reached ?? reached, reached)
        }
        way.end = page.end(count: count, newest: newest.map { PublishedTime($0) }) ?? way.end
        if passesAgain {
            // The way also passes events that come before those in its window. So these are set aside: they are known, but no search counts them.
            writer.move(own.present, to: own.earlier)
            way.setAside = LogPlace.Way.brokenStretch
        }
        var checkpoint = PageCheckpoint(place: page.place)
        checkpoint.place.organization = page.organization ?? page.place.organization
        checkpoint.place.countedFrom = nil
        (checkpoint.count, checkpoint.passed) = (count, passed)
        checkpoint.newest = newest.map { PublishedTime($0) }
        if let until = [way.unprovenUntil, unprovenUntil].compactMap(\.self).max() {
            way.unprovenUntil = way.restart > until.latestStored ? nil : until
            checkpoint.unproven = areStored(after: until) ? 0 : taken
        }
        if mayRepeatTail || mayRepeatHistory { checkpoint.unproven = taken }
        put(way, into: &checkpoint)
        return .checkpoint(checkpoint)
    }

    /// The points in time that the commit stores for its identities. `latest` is the latest time at which the events can have been stored.
    /// `earliest` is the median of `published`, but never after `latest`.
    var times: IdentityTimes {
        let latest = page.date?.latestStored.milliseconds ?? .max
        // An event that could not become a record, or has no readable `published`, has no time here. It counts as older than all others. Half of the events must have the time that is
        // stored, or a later one.
        let withoutTime = passed - passedTimes.count
        let typical =
            withoutTime == 0
            ? Self.median(passedTimes) : (passedTimes + Array(repeating: .min, count: withoutTime)).sorted()[passed / 2]
        return IdentityTimes(earliest: min(typical ?? .min, latest), latest: latest)
    }

    /// Whether all events of the page were stored after this time, according to their `published`.
    private func areStored(after time: ServerTime) -> Bool {
        guard allTimes.count == count, let oldest = allTimes.min() else { return false }
        return PublishedTime(oldest).earliestStored > time.latestStored
    }

    /// Set after a search that has failed: events up to this time may have been collected before.
    private var unprovenUntil: ServerTime? { passesAgain ? search?.began : nil }

    /// Whether this page of the history may have events that the tail has already collected and forgotten. The history recognizes the tail's
    /// beginning by half of the head's events. If Okta has deleted too many of them, the history passes the beginning without recognizing it. This is
    /// assumed if the tail has forgotten events, and the page's new events were not published earlier than the last events of the head.
    private var mayRepeatTail: Bool {
        guard page.way == .main, other.droppedLatest(writer) != nil, let typical = Self.median(takenTimes),
            let end = writer.earliest(.head, depths: 0..<1), end > .min
        else { return false }
        return typical >= end
    }

    /// Whether this page may have events that the history has already collected and forgotten. If Okta has deleted too many of the head's events, the
    /// history can overtake the tail. This is assumed if the history has forgotten any events, has reached the end of the head, and has reached
    /// events that were published after this page's new events.
    private var mayRepeatHistory: Bool {
        guard page.way == .tail, case .two(let history, _, _) = page.place.ways, other.droppedLatest(writer) != nil,
            let reached = history.reached?.milliseconds, let typical = Self.median(takenTimes),
            let end = writer.newestMedian(.head), end > .min
        else { return false }
        return reached >= end && reached >= typical
    }

    /// A tail that begins with this page; nil if the page has no new event, or none that is much newer than those of the main way.
    private func newTail() -> LogPlace.Way? {
        guard taken > 0, case .one(let main) = page.place.ways else { return nil }
        if let typical = Self.median(takenTimes), !page.isAhead(PublishedTime(typical)) { return nil }
        return LogPlace.Way(filter: main.filter, restart: page.since)
    }

    private func put(_ way: LogPlace.Way, into checkpoint: inout PageCheckpoint) {
        switch (page.place.ways, page.way) {
        case (.one, .main): checkpoint.place.ways = .one(way)
        case (.one(let main), .tail):
            var backfill = LogPlace.Backfill(
                from: main.reached ?? PublishedTime(main.restart.milliseconds), until: page.since)
            backfill.isHeadFull = addedToHead >= limits.head
            checkpoint.place.ways = .two(history: main, tail: way, backfill)
            checkpoint.change = .tailBegan
        case (.two(let history, _, var backfill), .tail):
            backfill.isHeadFull = backfill.isHeadFull || writer.identityCount(.head) + addedToHead >= limits.head
            checkpoint.place.ways = .two(history: history, tail: way, backfill)
        case (.two(_, let tail, let old), .main): meet(way, tail, backfill ?? old, &checkpoint)
        }
    }

    /// Decides whether the ways have met. If they have, collection continues with one way, otherwise with two.
    private func meet(
        _ history: LogPlace.Way, _ tail: LogPlace.Way, _ backfill: LogPlace.Backfill, _ checkpoint: inout PageCheckpoint
    ) {
        let hasMetHead = backfill.met > 0 && hasMet
        // If the history's `restart` is after the tail's beginning, the ways have met, even if no event of the head was seen.
        guard hasMetHead || history.restart > backfill.until else {
            checkpoint.place.ways = .two(history: history, tail: tail, backfill)
            return
        }
        if backfill.isHeadFull {
            var tail = tail
            if !hasMetHead, let reached = history.reached,
                reached > tail.reached ?? reached || history.restart > tail.restart
            {
                // The history may have overtaken the tail. Events that the tail has still to pass may be forgotten now or later.
                let earlier = tail.unprovenUntil?.milliseconds ?? .min
                tail.unprovenUntil = ServerTime(max(earlier, page.date?.milliseconds ?? reached.milliseconds))
            }
            if mayForgetTail(history, tail) { tail.next = nil }
            checkpoint.place.ways = .one(tail)
            checkpoint.change = .historyEnded
            // Fewer common events than this can be repeats (A4), which say nothing about the order.
            writer.joinWindows(inOneStretch: isOneStretch(history, tail), leastCommon: limits.need / 2)
        } else {
            // The events of a small head can be repeats (A4). So there may be unread events before the tail's beginning.
            var history = history
            writer.setTailAside(&history)
            checkpoint.place.ways = .one(history)
            checkpoint.change = .tailDropped
        }
    }

    /// Whether the joined window may drop events that the tail is reading again by links. In that case, the tail is queried by time again, with a
    /// search for the events of the joined window.
    ///
    /// The window drops an event only if a full window of other events follows it. All of these other events are the tail's, except for some that
    /// only the history has passed since the tail's beginning: fewer than half of ``PassedLimits/need`` (A2). A tail that has dropped events reads
    /// them again only after a search, so the joined window does not matter to it. If the history has overtaken the tail, it may have passed more
    /// events alone; what the tail then repeats is announced (``LogPlace/Way/unprovenUntil``).
    private func mayForgetTail(_ history: LogPlace.Way, _ tail: LogPlace.Way) -> Bool {
        guard isOneStretch(history, tail), writer.droppedLatest(.tail) == nil else { return false }
        return writer.identityCount(.tail) + limits.need / 2 >= limits.window
    }

    /// Whether the windows of both ways hold parts of one stretch, so that they can be joined. This is not so if the tail's filter was changed, even
    /// if it was changed back: the tail has then passed events that only its window for earlier filters remembers, or that no window remembers.
    private func isOneStretch(_ history: LogPlace.Way, _ tail: LogPlace.Way) -> Bool {
        history.filter == tail.filter && tail.setAside == nil
    }

    private static func median(_ times: [Int64]) -> Int64? {
        times.isEmpty ? nil : times.sorted()[(times.count - 1) / 2]
    }
}

/// How many passed events are remembered, and how many of them a search must find.
struct PassedLimits: Sendable {
    /// A way remembers at least this many of the newest events.
    var window = 32_768
    /// A search has to see twice this number of different events of the window; otherwise it proves nothing. If two queries return the same event, its
    /// positions in the answers differ by less than half of this number (A2).
    var need = 1_000
    /// The number of events in a full head: a tail remembers this many of its first events separately.
    var head = 2_000
    /// A way's `restart` is derived from the earliest time of the commits at these depths of its window. The newest event has depth 0. The depths are
    /// far greater than `need` and `head` together, so a search that starts at `restart` sees enough of the window.
    var restartDepths = 8_192..<9_216
}

/// The windows of a way: one for events that it has passed with its present filter, and one for those that it passed with earlier filters, or that a
/// tail has passed which was set aside. With a single window, a new filter could add many older events, and the window would drop other events that a
/// search must still find.
struct PassedWindows: Sendable {
    let present: IdentityWindow
    let earlier: IdentityWindow
    private let hasEarlier: Bool
    /// A search looks for this many of the newest events in the earlier window. The number is zero if either window has dropped events. Events that
    /// the present window has dropped came after those in the earlier window. So finding events of the earlier window does not show that all
    /// forgotten events have been skipped.
    private let searchedEarlier: Int

    init(_ way: LogWay, _ place: LogPlace, _ writer: SpoolWriter) {
        present = way == .main ? .main : .tail
        earlier = way == .main ? .earlierMain : .earlierTail
        hasEarlier = writer.identityCount(earlier) > 0
        let setAside = place[way]?.setAside ?? 0
        let isWhole = setAside <= writer.identityCount(earlier)
        searchedEarlier = isWhole && writer.droppedLatest(present) == nil ? setAside : 0
    }

    /// Whether a search counts an event of the earlier window.
    func isSearched(_ identity: RecordIdentity, _ writer: SpoolWriter) -> Bool {
        writer.depth(of: identity, in: earlier).map { $0 < searchedEarlier } ?? false
    }

    func knowsEarlier(_ identity: RecordIdentity, _ writer: SpoolWriter) -> Bool {
        hasEarlier && writer.knows(identity, in: earlier)
    }

    /// The latest time at which a forgotten event can have been stored.
    func droppedLatest(_ writer: SpoolWriter) -> Int64? {
        [writer.droppedLatest(present), writer.droppedLatest(earlier)].compactMap(\.self).max()
    }

    /// Forgets the earlier window if no query will return its events again. Returns whether it was forgotten.
    func forgetEarlier(ifStoredBefore restart: StoredTime, _ writer: SpoolWriter) -> Bool {
        guard hasEarlier, let latest = writer.latest(earlier), StoredTime(latest) < restart else { return false }
        writer.forget(earlier)
        return true
    }
}

/// The windows in which the spool stores identities, named by the events that they remember.
extension IdentityWindow {
    /// Events that the main way has passed with its present filter.
    static let main = window(0)
    /// Events that the tail has passed, while there are two ways.
    static let tail = window(1)
    /// The first events that the tail has passed.
    static let head = window(2)
    /// Events that the main way has passed with earlier filters or before a failed search, and the events of tails that were set aside.
    static let earlierMain = window(4)
    /// Events that the tail has passed with earlier filters or before a failed search.
    static let earlierTail = window(5)

    private static func window(_ number: UInt8) -> IdentityWindow {
        guard let window = IdentityWindow(rawValue: number) else {
            // Only the constants above call this function, and all of them are in range.
            preconditionFailure("window \(number) is out of range")
        }
        return window
    }
}

extension SpoolWriter {
    /// Joins the tail's windows with those of the main way, because the remaining way has passed the events of both.
    ///
    /// - Parameters:
    ///   - inOneStretch: whether both ways have passed one stretch of the log with one filter. If not, the main way's window becomes a part of the
    ///     window for earlier filters, because its events don't come directly before those in the tail's window: events that the tail has forgotten
    ///     may be between them, and if Okta has deleted the head, the main way may have passed events after the tail's place.
    ///   - leastCommon: if the two windows have fewer events in common, these do not decide the order of the joined window.
    func joinWindows(inOneStretch: Bool, leastCommon: Int) {
        if inOneStretch {
            merge(.tail, into: .main, leastCommon: leastCommon)
        } else {
            move(.main, to: .earlierMain)
            move(.tail, to: .main)
        }
        move(.earlierTail, to: .earlierMain)
        forget(.head)
    }

    /// Moves the tail's windows to the main way's window for earlier filters, because the main way continues alone and may not have reached the
    /// tail's beginning. These events are known, but no search counts them: the main way may have to collect events that come before them.
    ///
    /// - Parameter main: the main way, whose `setAside` counts the newest events of that window.
    func setTailAside(_ main: inout LogPlace.Way) {
        let count = identityCount(.tail) + identityCount(.earlierTail) + identityCount(.earlierMain)
        if let counted = main.setAside, counted != LogPlace.Way.brokenStretch, count <= identityBound(.earlierMain) {
            // The events that `setAside` counts stay the newest.
            move(.earlierMain, to: .earlierTail)
            move(.tail, to: .earlierMain)
            move(.earlierTail, to: .earlierMain)
        } else {
            // The window drops its oldest events if it is full, so the newest tail is added last.
            if main.setAside != nil { main.setAside = LogPlace.Way.brokenStretch }
            move(.earlierTail, to: .earlierMain)
            move(.tail, to: .earlierMain)
        }
        forget(.head)
    }

    /// Changes the filter of a way. The events in the way's window move to its window for earlier filters. The link is dropped, so the way's next
    /// request is a query by time.
    ///
    /// - Parameter others: the number of events that this commit adds to the beginning of the window for earlier filters.
    func setAside(_ way: inout LogPlace.Way, named name: LogWay, filter: String?, withOthers others: Int = 0) {
        (way.filter, way.next) = (filter, nil)
        let present: IdentityWindow = name == .main ? .main : .tail
        let earlier: IdentityWindow = name == .main ? .earlierMain : .earlierTail
        move(present, to: earlier)
        let count = identityCount(present)
        let held = identityCount(earlier)
        if way.setAside ?? 0 > held || held + count + others > identityBound(earlier) {
            way.setAside = LogPlace.Way.brokenStretch
        } else {
            // If the present window has dropped events, there is a gap between the events that were already in the earlier window and the events that
            // have just been moved there. In that case, `setAside` counts only the moved events.
            way.setAside = droppedLatest(present) == nil ? (way.setAside ?? 0) + count : count
        }
    }

    /// Sets the number of events that each window remembers.
    func boundIdentities(_ limits: PassedLimits) {
        bound(.main, count: limits.window)
        bound(.tail, count: limits.window)
        // When a backfill ends, this window may take over the main way's window and the tail's window for earlier filters. It has room for both.
        bound(.earlierMain, count: 6 * limits.window)
        bound(.earlierTail, count: 4 * limits.window)
        // This window needs no bound, because no events are added once the head is full.
        bound(.head, count: .max)
    }
}

import OktaAPI
import Spool

/// A stored place in the log, adapted to the query that is configured now.
struct OpenedPlace: Sendable {
    /// A change of the configuration, to be reported in the log.
    enum Change: Sendable, Equatable {
        /// The address or the page size has changed.
        case source
        /// The filter has changed. If a backfill runs and the tail's head is full, the history keeps the old filter until the backfill is complete.
        case filter
    }

    private(set) var place: LogPlace
    private(set) var changes: [Change] = []

    /// Reads the text of a place. The writer receives the changes to the windows, which the caller must commit together with ``place``.
    ///
    /// - Throws: ``CursorError``: the text is unreadable, of a later version, or of another organization.
    init(_ text: String, _ query: LogQuery, _ writer: SpoolWriter) throws(CursorError) {
        if let earlier = try EarlierLogPlace(parsing: text) {
            place = earlier.upgraded(for: query)
            // A place in the form of an earlier version does not show whether the filter has changed. So any change of the source is treated as a
            // change of the filter, too.
            Self.upgradeWindows(place, isOtherFilter: place.source != query.source, writer)
        } else {
            place = try LogPlace(parsing: text)
        }
        try place.check(against: query)
        if place.source != query.source {
            place.source = query.source
            place.changeEach { $0.next = nil }
            changes.append(.source)
        }
        changeFilter(to: query.filter, writer)
    }

    /// Changes the filter. A link contains the old filter, so a way with a new filter is queried by time.
    private mutating func changeFilter(to filter: String?, _ writer: SpoolWriter) {
        switch place.ways {
        case .one(var way):
            guard way.filter != filter else { return }
            writer.setAside(&way, named: .main, filter: filter)
            place.ways = .one(way)
        case .two(let history, var tail, let backfill) where backfill.isHeadFull:
            guard tail.filter != filter else { return }
            // The history keeps its filter, because it recognizes the tail's beginning by events that this filter admits.
            writer.setAside(&tail, named: .tail, filter: filter)
            place.ways = .two(history: history, tail: tail, backfill)
        case .two(var history, let tail, _):
            guard tail.filter != filter else { return }
            writer.setTailAside(&history)
            // The head is not full, so all events that the tail has passed are remembered. The history can recognize them, and continues alone.
            writer.setAside(&history, named: .main, filter: filter, withOthers: writer.identityCount(.tail))
            place.ways = .one(history)
        }
        changes.append(.filter)
    }

    /// Converts the windows of a place of version 1 or 2. In these versions, window 0 is the tail's, window 1 is the history's, and window 2 has the
    /// tail's first events, with some bits of their identities inverted.
    private static func upgradeWindows(_ place: LogPlace, isOtherFilter: Bool, _ writer: SpoolWriter) {
        let (mainWindow, tailWindow) =
            isOtherFilter
            ? (IdentityWindow.earlierMain, IdentityWindow.earlierTail) : (IdentityWindow.main, IdentityWindow.tail)
        let tail = writer.identityList(.main)
        let history = writer.identityList(.tail)
        let head = writer.identityList(.head).map {
            RecordIdentity(high: ~$0.high, low: $0.low ^ 0x5555_5555_5555_5555)
        }
        for window in [IdentityWindow.main, .tail, .head] { writer.forget(window) }
        if place.backfill == nil {
            for identity in history + tail { writer.remember(identity, in: mainWindow) }
        } else {
            let known = Set(tail)
            for identity in history { writer.remember(identity, in: mainWindow) }
            for identity in head.filter({ !known.contains($0) }) + tail { writer.remember(identity, in: tailWindow) }
            for identity in head { writer.remember(identity, in: .head) }
        }
    }
}

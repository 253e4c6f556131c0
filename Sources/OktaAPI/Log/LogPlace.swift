import CurlHTTPClient
import FoundationEssentials

/// The place in an org's log. The spool stores it as text, an opaque cursor:
///
///     tributary-cursor/3 {"organization":"00o…","source":"<16 hex digits>","way":{"filter":"…","next":"https://…","restart":1795420801113}}
///     tributary-cursor/3 {"backfill":{…},"history":{…},"organization":"00o…","source":"…","tail":{…}}
///
/// If there is one way, it is `way`. During a backfill there are two ways: `history` collects older events, and `tail` the newest ones. The links are
/// Okta's `next`, byte for byte. A link contains the origin, the filter and the page size of its query, so following it after a change of the
/// configuration would ignore the change. `source` and `filter` show whether the configuration has changed.
///
/// ``EarlierLogPlace`` reads versions 1 and 2.
package struct LogPlace: Sendable, Hashable {
    /// One way through the log, in the order in which Okta stored the events. It has *passed* all events before its place: each of them was
    /// collected, by this way or by another one.
    package struct Way: Sendable, Hashable, Codable {
        /// The Okta filter of the way's queries; nil for all events.
        package var filter: String?
        /// Every event that this way has not passed was stored at this time or later. A query without a link starts here.
        package var restart: StoredTime
        /// The link to the next page; nil if the log is to be queried by time.
        package var next: String?
        /// The highest median of `published` in any of the way's pages. It is used for reports only, because wrong dates in events could move it.
        package var reached: PublishedTime?
        /// The `Date` of the last answer that showed the end of the log. Without new events, it is stored at most once a day; in a fleet, other hosts
        /// see it only after the next seal. It is used for reports only.
        package var end: ServerTime?

        /// Set if a search found too few of the events that the way remembers, or if the history has overtaken this tail. Events that were published
        /// up to this time may have been collected already.
        package var unprovenUntil: ServerTime?
        /// The number of events that the way passed with earlier filters and still remembers; nil if there are none. Only the newest of these events
        /// are counted, as far back as none has been forgotten. If the way may have forgotten some counted events, the value is ``brokenStretch``.
        package var setAside: Int?
        /// The value of ``setAside`` if the way may have forgotten some of the events that ``setAside`` counts. It is larger than the number of
        /// events that a way can remember.
        package static let brokenStretch = 1 << 30

        package init(filter: String?, restart: StoredTime, next: String? = nil, reached: PublishedTime? = nil) {
            self.filter = filter
            self.restart = restart
            self.next = next
            self.reached = reached
        }
    }

    /// The state that both ways share while old events are fetched.
    package struct Backfill: Sendable, Hashable, Codable {
        /// The `published` time that the history had reached when the tail began. It is used to report progress.
        package var from: PublishedTime
        /// All events of the tail were stored at this time or later.
        package var until: StoredTime
        /// Whether the tail's head is full. The head holds the first events that the tail has passed; until it is full, it holds all of them.
        package var isHeadFull: Bool
        /// The number of the head's events that the history has passed.
        package var met: Int

        package init(from: PublishedTime, until: StoredTime, isHeadFull: Bool = false, met: Int = 0) {
            self.from = from
            self.until = until
            self.isHeadFull = isHeadFull
            self.met = met
        }
    }

    package enum Ways: Sendable, Hashable {
        case one(Way)
        case two(history: Way, tail: Way, Backfill)
    }

    /// Okta's id of the organization, if it is known.
    package var organization: String?
    /// The ``LogQuery/source`` of the queries that the links came from.
    package var source: String
    package var ways: Ways
    /// Set on a first run whose start is relative to now (`7d`, `now`): the host's time from which the start was computed. Nil once Okta's time is
    /// known.
    package var countedFrom: HostTime?

    package init(organization: String? = nil, source: String, ways: Ways, countedFrom: HostTime? = nil) {
        self.organization = organization
        self.source = source
        self.ways = ways
        self.countedFrom = countedFrom
    }

    /// The place of a first run.
    package init(start: StoredTime, query: LogQuery, countedFrom: HostTime? = nil) {
        self.init(
            source: query.source, ways: .one(Way(filter: query.filter, restart: start)), countedFrom: countedFrom)
    }

    /// The way with this name. Nil for the tail if there is only one way.
    package subscript(name: LogWay) -> Way? {
        switch (ways, name) {
        case (.one(let way), .main): way
        case (.two(let history, _, _), .main): history
        case (.one, .tail): nil
        case (.two(_, let tail, _), .tail): tail
        }
    }

    /// Applies a change to each way.
    package mutating func changeEach(_ change: (inout Way) -> Void) {
        switch ways {
        case .one(var way):
            change(&way)
            ways = .one(way)
        case .two(var history, var tail, let backfill):
            change(&history)
            change(&tail)
            ways = .two(history: history, tail: tail, backfill)
        }
    }

    package var backfill: Backfill? {
        if case .two(_, _, let backfill) = ways { backfill } else { nil }
    }

    /// The link of each way that has one.
    package var links: [String] { [self[.main]?.next, self[.tail]?.next].compactMap(\.self) }

    /// Whether a link of this place must not be followed for `query`, for example because it leads to another origin. If so, Tributary must first
    /// find out whether the place belongs to the org of `query`.
    package func isElsewhere(than query: LogQuery) -> Bool { links.contains { query.objection(to: $0) != nil } }

    /// Checks whether the place belongs to the organization of `query`.
    ///
    /// - Throws: ``CursorError/otherOrganization(kept:found:)`` if it certainly belongs to another organization; ``CursorError/foreign(_:)`` if a
    ///   link does not lead to this org's log and it is unknown whether the organization is the same.
    package func check(against query: LogQuery) throws(CursorError) {
        if let kept = organization, let found = query.organization {
            guard kept == found else { throw .otherOrganization(kept: kept, found: found) }
            return
        }
        for link in links { if let objection = query.objection(to: link) { throw .foreign(objection) } }
    }
}

/// The ways through an org's log, by name.
package enum LogWay: String, Sendable, Hashable, CaseIterable {
    /// The only way. If there are two ways: the history, which collects the older events.
    case main
    /// The second way, which began later and collects the newest events.
    case tail
}

// The text form of a place.
extension LogPlace {
    /// The JSON object in the text of a place.
    private struct Stored: Codable {
        var organization: String?
        var source: String
        var way: Way?
        var history: Way?
        var tail: Way?
        var backfill: Backfill?
        var countedFrom: HostTime?

        private enum CodingKeys: String, CodingKey {
            case organization, source, way, history, tail, backfill
            case countedFrom = "counted_from"
        }
    }

    /// The text to store, in one line.
    package var text: String {
        var stored = Stored(organization: organization, source: source, countedFrom: countedFrom)
        switch ways {
        case .one(let way): stored.way = way
        case .two(let history, let tail, let backfill):
            (stored.history, stored.tail, stored.backfill) = (history, tail, backfill)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding texts and integers can't fail. If encoding failed nevertheless, an empty object would be stored, and reading that object would
        // report an unreadable place.
        let json = (try? encoder.encode(stored)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return "\(Self.prefix)\(Self.version) \(json)"
    }

    /// Reads a text made by ``text``.
    ///
    /// - Throws: ``CursorError``; also `unreadable` for an earlier version.
    package init(parsing text: String) throws(CursorError) {
        let (version, content) = try Self.parts(text)
        guard version == Self.version, let stored = try? JSONDecoder().decode(Stored.self, from: Data(content.utf8))
        else { throw .unreadable }
        let ways: Ways
        switch (stored.way, stored.history, stored.tail, stored.backfill) {
        case (let way?, nil, nil, nil): ways = .one(way)
        case (nil, let history?, let tail?, let backfill?): ways = .two(history: history, tail: tail, backfill)
        default: throw .unreadable
        }
        self.init(
            organization: stored.organization, source: stored.source, ways: ways, countedFrom: stored.countedFrom)
        guard links.allSatisfy({ HTTPURL($0) != nil }) else { throw .unreadable }
    }

    /// Splits the text of a place into its version and its content.
    ///
    /// - Throws: ``CursorError/unreadable``, ``CursorError/newerVersion(_:)``.
    static func parts(_ text: String) throws(CursorError) -> (version: Int, content: Substring) {
        guard text.hasPrefix(prefix) else { throw .unreadable }
        let parts = text.dropFirst(prefix.count).split(separator: " ", maxSplits: 1)
        guard let first = parts.first, let version = Int(first), version > 0 else { throw .unreadable }
        guard version <= Self.version else { throw .newerVersion(version) }
        guard parts.count == 2 else { throw .unreadable }
        return (version, parts[1])
    }

    private static let prefix = "tributary-cursor/"
    private static let version = 3
}

/// Why a stored place can't be used.
package enum CursorError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text is not a place.
    case unreadable
    /// A later version of this program wrote the text.
    case newerVersion(Int)
    /// A link does not lead to the org's log.
    case foreign(String)
    /// The address leads to another organization than the one whose events were collected.
    case otherOrganization(kept: String, found: String)

    /// What is wrong and what to do.
    package var description: String {
        switch self {
        case .unreadable:
            "the stored cursor can't be read: restore the state directory from a backup, or begin again from the configured start"
        case .newerVersion(let version):
            "the stored cursor has version \(version): run the version of Tributary that wrote it"
        case .foreign(let reason):
            """
            the stored cursor does not belong to this org's log (\(reason)), and Tributary could not find out whether the new address \
            belongs to the same organization: if it does not, restore the old address
            """
        case .otherOrganization(let kept, let found):
            """
            this address belongs to the organization \(found), but the events collected so far came from \(kept): collect the \
            other organization with a separate integration, under another name
            """
        }
    }
}

import FoundationEssentials

/// The place in an org's log, as text that a spool keeps without looking inside.
///
///     tributary-cursor/3 {"organization":"00o…","source":"<16 hex digits>","way":{"filter":"…","next":"https://…","restart":1795420801113}}
///     tributary-cursor/3 {"backfill":{…},"history":{…},"organization":"00o…","source":"…","tail":{…}}
///
/// While there is one way, it is `way`. While events of long ago are fetched along with the newest ones there are two: `history`, and `tail`, which
/// began later in the log and has the newest ones. The links are Okta's `next`, byte for byte. A link holds the origin, the filter and the page size of
/// the query that it came from, so a changed configuration would have no effect on it: `source` and `filter` tell.
///
/// Versions 1 and 2 are read by ``EarlierLogPlace``.
package struct LogPlace: Sendable, Hashable {
    /// One way through the log, in the order in which Okta stored the events. It has *passed* all events before a certain one: each of them was collected,
    /// by this way or by the other one.
    package struct Way: Sendable, Hashable, Codable {
        /// The Okta filter of its queries; nil for every event.
        package var filter: String?
        /// Every event that this way has not passed was stored at this time or later. A query without a link begins here.
        package var restart: StoredTime
        /// The address of the next page; nil: the log is queried by time.
        package var next: String?
        /// A median of `published` that the way has come to, for reports only: one event that is dated wrongly could move it.
        package var reached: PublishedTime?

        /// Nothing that the way has passed could be found by a query by time: until its events are newer than this, they may have been collected before.
        package var unprovenUntil: ServerTime?
        /// Of the events that the way has passed by earlier filters and that are remembered, how many of the newest are one stretch; nil for none.
        /// ``brokenStretch`` once some may have been forgotten that lie between them.
        package var setAside: Int?
        /// More than is ever remembered.
        package static let brokenStretch = 1 << 30

        package init(filter: String?, restart: StoredTime, next: String? = nil, reached: PublishedTime? = nil) {
            self.filter = filter
            self.restart = restart
            self.next = next
            self.reached = reached
        }
    }

    /// What belongs to two ways together.
    package struct Backfill: Sendable, Hashable, Codable {
        /// The time of the history's events when the tail began, for the progress.
        package var from: PublishedTime
        /// No event that was stored before this time is the tail's.
        package var until: StoredTime
        /// Whether the tail's head is complete: it holds the first events that the tail passed, as many as it can. Until then it holds
        /// all that the tail has passed.
        package var isHeadFull: Bool
        /// How many events of the head the history has passed.
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

    /// Okta's id of the organization, as far as it is known.
    package var organization: String?
    /// ``LogQuery/source`` of the queries that the links came from.
    package var source: String
    package var ways: Ways
    /// Of a first run whose start counts from now (`7d`, `now`): this host's time that it was counted from, until Okta has told its own.
    package var countedFrom: HostTime?

    package init(organization: String? = nil, source: String, ways: Ways, countedFrom: HostTime? = nil) {
        self.organization = organization
        self.source = source
        self.ways = ways
        self.countedFrom = countedFrom
    }

    /// A first run's place.
    package init(start: StoredTime, query: LogQuery, countedFrom: HostTime? = nil) {
        self.init(
            source: query.source, ways: .one(Way(filter: query.filter, restart: start)), countedFrom: countedFrom)
    }

    /// The way that carries this name; nil for the tail while there is one way.
    package subscript(name: LogWay) -> Way? {
        switch (ways, name) {
        case (.one(let way), .main): way
        case (.two(let history, _, _), .main): history
        case (.one, .tail): nil
        case (.two(_, let tail, _), .tail): tail
        }
    }

    /// Changes the ways, each by itself.
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

    /// The links that are kept.
    package var links: [String] { [self[.main]?.next, self[.tail]?.next].compactMap(\.self) }

    /// Whether a kept link leads to another origin than `query` asks: then the org has to be asked first whether it is the same.
    package func isElsewhere(than query: LogQuery) -> Bool { links.contains { query.objection(to: $0) != nil } }

    /// Whether the place belongs to the organization that `query` asks.
    ///
    /// - Throws: ``CursorError/otherOrganization(kept:found:)`` when it surely is another, ``CursorError/foreign(_:)`` when a kept link is not one
    ///   of this org's log and nothing tells that it is the same organization.
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
    /// The only way, or the history while there are two.
    case main
    /// The way that began later.
    case tail
}

// The text.
extension LogPlace {
    /// As the JSON has it.
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

    /// The text to keep: one line.
    package var text: String {
        var stored = Stored(organization: organization, source: source, countedFrom: countedFrom)
        switch ways {
        case .one(let way): stored.way = way
        case .two(let history, let tail, let backfill):
            (stored.history, stored.tail, stored.backfill) = (history, tail, backfill)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A struct of texts and integers always encodes; an empty object would be read as unreadable, and said so.
        let json = (try? encoder.encode(stored)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return "\(Self.mark)\(Self.version) \(json)"
    }

    /// Reads what ``text`` gave.
    ///
    /// - Throws: ``CursorError``; `unreadable` for an earlier version too.
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

    /// The version of a place's text, and what follows it.
    ///
    /// - Throws: ``CursorError/unreadable``, ``CursorError/newerVersion(_:)``.
    static func parts(_ text: String) throws(CursorError) -> (version: Int, content: Substring) {
        guard text.hasPrefix(mark) else { throw .unreadable }
        let parts = text.dropFirst(mark.count).split(separator: " ", maxSplits: 1)
        guard let first = parts.first, let version = Int(first), version > 0 else { throw .unreadable }
        guard version <= Self.version else { throw .newerVersion(version) }
        guard parts.count == 2 else { throw .unreadable }
        return (version, parts[1])
    }

    private static let mark = "tributary-cursor/"
    private static let version = 3
}

/// Why a kept place can't be used.
package enum CursorError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Not a place's text.
    case unreadable
    /// Written by a later version of this program.
    case newerVersion(Int)
    /// The link is not one of the org's log.
    case foreign(String)
    /// The address leads to another organization than the events came from.
    case otherOrganization(kept: String, found: String)

    /// What is wrong and what to do.
    package var description: String {
        switch self {
        case .unreadable: "the kept cursor can't be read: restore the spool's checkpoint, or start again from a time"
        case .newerVersion(let version):
            "the kept cursor has version \(version): run the version of Tributary that wrote it"
        case .foreign(let reason):
            """
            the kept cursor is not one of this org's log (\(reason)), and whether the new address is the same organization \
            is unknown
            """
        case .otherOrganization(let kept, let found):
            """
            this address is the organization \(found), and what was collected so far came from \(kept): give another \
            organization an integration of its own, with another name
            """
        }
    }
}

/// A request of the log, without a credential yet.
package struct LogPageRequest: Sendable {
    /// To be authorised and sent as it is.
    package let request: HTTPRequest
    /// How often this page was asked for before.
    package let retry: Int
}

/// Which of an org's two ways through the log a page belongs to.
package enum LogWay: Sendable, Hashable {
    /// The newest events.
    case tail
    /// What was there before the tail began.
    case history
}

/// A page of events, unread. What it leads to is known when it was read: see ``landing(_:)``.
package struct LogPage: Sendable {
    /// A JSON array, as Okta sent it.
    package let body: [UInt8]
    /// The memory of the body, counted for as long as the page is there.
    var share: BodyShare?
    /// Where it belongs.
    package let way: LogWay
    /// By which Okta's support finds the exchange.
    package let requestID: String?
    /// The place behind which it is put.
    var place: LogPlace
    /// Where the next page is.
    let next: String
    /// Of the query that is configured now, or of the one that the way goes on with.
    let fingerprint: String
    let organization: String?
    /// How many events a full page has.
    let limit: Int
    /// The server's `Date`, milliseconds since 1970.
    let serverTime: Int64?
    /// This host's clock at the same moment.
    let wall: Int64
    /// Of a page of the history: the tail was at its end after this page arrived.
    var isCleared = false
    /// Boundary events at the end of the history's last page, without an interruption.
    let boundaryRun: Int
    /// What lies between the last event that was collected and the oldest that Okta still has.
    package let gap: LogGap?
}

/// Events that can't be had any more. Milliseconds since 1970.
package struct LogGap: Sendable, Hashable {
    package let from: Int64
    package let to: Int64
}

/// What reading a page found.
package struct PageContents: Sendable, Hashable {
    /// Elements, those set aside and those known included.
    package var count = 0
    /// Of them, known: collected before.
    package var known = 0
    /// At the page's end, how many without an interruption are the tail's first events.
    package var boundaryRun = 0
    /// The newest event's time, and one that half of the events are not younger than; milliseconds since 1970.
    package var newest: Int64?
    package var typical: Int64?

    package init() {}
}

/// What becomes durable together with a page's events.
package struct PageLanding: Sendable, Hashable {
    /// Where it goes on.
    package let place: LogPlace
    /// There is more at once.
    package let isFull: Bool
    /// A backfill begins: the page's events are the history's first.
    package let isSplit: Bool
    /// The page's events are among the tail's first: the boundary for the history.
    package let isBoundary: Bool
    /// The backfill is over.
    package let isBackfillOver: Bool
    /// What a backfill remembered is not needed any more.
    package let isRetired: Bool
    /// Orders what is remembered of the page's events, by the newest one's time; milliseconds since 1970.
    package let mark: Int64?
    /// For the history's next page.
    let boundaryRun: Int
}

extension LogPage {
    /// How far behind the server's clock a full page's events are when a tail is begun beside them. Milliseconds, as the others.
    static let farBehind: Int64 = 3_600_000
    /// A page of the history with events this close to the tail's beginning, or younger ones, may hold events that the tail has too: Okta
    /// can store an event late.
    static let margin: Int64 = 24 * 3_600_000
    /// How many of the tail's first events are remembered. A page of the history that reaches the tail has up to 1,000 of them, the one
    /// behind it all of the next 1,000: those must be among them.
    static let boundary = 2_000
    /// So many of them in a row are no accident: Okta may send an event twice.
    static let meeting = 100
    /// What fresh queries may go back, and a little more.
    static let retirement: Int64 = 1_200_000

    /// What the page leads to, or nil when it is too early to take it: the tail has to come to its end first, so that the history never
    /// takes an event before the tail does.
    package func landing(_ contents: PageContents) -> PageLanding? {
        let isFull = contents.count >= limit
        var place = place
        place.fingerprint = fingerprint
        place.organization = organization ?? place.organization
        switch way {
        case .tail: return tailLanding(place, contents, isFull)
        case .history: return historyLanding(place, contents, isFull)
        }
    }

    /// The landing of a page without events that leads nowhere: an org that is polled and has nothing new. There is nothing to keep then.
    package var landingWithoutEvents: PageLanding? {
        guard way == .tail, PageCheck.isEmptyArray(body), let landing = landing(PageContents()), landing.place == place,
            !landing.isRetired
        else { return nil }
        return landing
    }

    private func tailLanding(_ old: LogPlace, _ contents: PageContents, _ isFull: Bool) -> PageLanding {
        var place = old
        advance(&place.tail, contents)
        var isBoundary = false
        var isSplit = false
        var isRetired = false
        if place.backfill != nil, place.backfill?.boundary ?? 0 < Self.boundary {
            isBoundary = true
            place.backfill?.boundary += contents.count
        } else if place.backfill == nil, isFull, let now = beginning, let newest = contents.newest,
            let typical = contents.typical, newest < now - Self.farBehind
        {
            isSplit = true
            place.retiring = nil
            // The history's fresh queries don't go back behind this page: only what it took from here on is remembered for them.
            place.tail.since = max(place.tail.since ?? .min, typical)
            place.backfill = LogPlace.Backfill(history: place.tail, from: typical, until: now, boundary: 0)
            place.tail = LogPlace.Way(since: now)
        }
        if let end = place.retiring, let watermark = place.tail.watermark, watermark > end + Self.retirement {
            place.retiring = nil
            isRetired = true
        }
        return PageLanding(
            place: place, isFull: isFull, isSplit: isSplit, isBoundary: isBoundary, isBackfillOver: false,
            isRetired: isRetired, mark: mark(contents), boundaryRun: 0)
    }

    private func historyLanding(_ old: LogPlace, _ contents: PageContents, _ isFull: Bool) -> PageLanding? {
        guard var backfill = old.backfill else { return nil }
        if !isCleared, !isFull || contents.newest ?? .max >= backfill.until - Self.margin { return nil }
        var place = old
        advance(&backfill.history, contents)
        place.backfill = backfill
        let run = contents.boundaryRun + (contents.boundaryRun == contents.count ? boundaryRun : 0)
        var isOver = false
        if isCleared, run >= Self.meeting {
            // All that comes now is the tail's.
            isOver = true
        } else if isCleared, !isFull, contents.known == contents.count {
            // The log's end without meeting the tail, which is quiet. This way is without a gap whatever clock the tail's beginning came
            // from, so it becomes the tail.
            isOver = true
            let watermark = [backfill.history.watermark, place.tail.watermark].compactMap(\.self).max()
            place.tail = backfill.history
            place.tail.watermark = watermark
        }
        if isOver {
            place.backfill = nil
            place.retiring = place.tail.watermark ?? backfill.until
        }
        return PageLanding(
            place: place, isFull: isFull, isSplit: false, isBoundary: false, isBackfillOver: isOver, isRetired: false,
            mark: mark(contents), boundaryRun: run)
    }

    /// When a tail begun now would begin: by the server's clock, but not after this host's, since one of them may be wrong, and what was
    /// stored between the history's end and the tail's beginning would be left out. nil when the server told no time.
    private var beginning: Int64? { serverTime.map { min($0, wall) } }

    /// No event is younger, whichever of the clocks is wrong.
    private var ceiling: Int64 { max(serverTime ?? wall, wall) }

    /// Not above the clocks, for one event dated into the future would make all others look long ago.
    private func mark(_ contents: PageContents) -> Int64? {
        contents.newest.map { min($0, ceiling) }
    }

    /// Moves a way behind this page. The watermark is the typical event's time, not the newest one's, and not above the clocks: an
    /// event that is dated into the future must not make a fresh query leave others out.
    private func advance(_ way: inout LogPlace.Way, _ contents: PageContents) {
        way.next = next
        guard let typical = contents.typical else { return }
        way.watermark = max(way.watermark ?? .min, min(typical, ceiling))
    }
}

/// Whether a 200 looks like a whole page, told from its ends; what is between them is for the reader of the events.
enum PageCheck {
    /// Why the body is no page, or `nil` when it may be one.
    static func objection(to response: HTTPResponse) -> (PagerTrouble.Kind, String)? {
        if let foreign = ForeignAnswer(response) { return (.notOkta, "the org's address \(foreign.what)") }
        let body = response.body
        let first = body.first { !isSpace($0) }
        if let type = response.headers.first("Content-Type") {
            let media = type.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
            if media != "application/json", !media.hasSuffix("+json") {
                return (.notOkta, "an answer of type '\(media.oneLine(limit: 60))' in place of JSON")
            }
        }
        guard let first else { return (.brokenBody, "an empty body in place of events") }
        guard first == 0x5B else { return (.brokenBody, "a body that is no JSON array") }
        guard body.count > 1, body.last(where: { !isSpace($0) }) == 0x5D else {
            return (.brokenBody, "a JSON array that breaks off after \(body.count) bytes")
        }
        return nil
    }

    /// Whether the array has no element.
    static func isEmptyArray(_ body: [UInt8]) -> Bool {
        var content = body.lazy.filter { !isSpace($0) }.makeIterator()
        return content.next() == 0x5B && content.next() == 0x5D
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
}

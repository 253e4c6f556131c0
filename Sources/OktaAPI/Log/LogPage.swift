/// A request of the log, without a credential yet.
package struct LogPageRequest: Sendable {
    /// To be authorized and sent as it is.
    package let request: HTTPRequest
    /// How often this page was requested before.
    package let retry: Int
}

/// A page of events, unread.
package struct LogPage: Sendable {
    /// A JSON array, as Okta sent it.
    package let body: [UInt8]
    /// The memory of the body, counted for as long as the page is there.
    var share: BodyShare?
    /// Where it belongs. The tail's while there is one way: it begins a tail if it has an event that the other way does not know.
    package let way: LogWay
    /// The place that it follows.
    package let place: LogPlace
    /// Where the next page is.
    package let next: String
    /// Where the query began that a tail begins with.
    package let since: StoredTime
    /// Whether it answers a query by time instead of a link.
    package let isQuery: Bool
    /// A search that the page goes on with.
    package let search: LogSearch?
    /// How many events a full page has.
    package let limit: Int
    /// The server's `Date`.
    package let date: ServerTime?
    /// How many events the way's page before had.
    let previousCount: Int?
    /// An event that is older than this by the server's clock is not one of the newest, milliseconds.
    let freshness: Int64
    /// What Okta has deleted between the last event of the way and the oldest that it keeps.
    package let gap: LogGap?
    /// Okta's id of the organization, if it is known.
    package let organization: String?
    /// By which Okta's support finds the exchange.
    package let requestID: String?

    /// Pages of the same size are a server's bound and not chance if they have at least so many events.
    static let leastEqualCount = 10

    /// Whether more events are expected at once. It decides when the next request goes out, and nothing else.
    ///
    /// A page that is not full can be the last one, or that of a server that sends smaller pages than were asked for: then its events are not
    /// of now, or there are as many as in the page before.
    package func expectsMore(count: Int, newest: PublishedTime?) -> Bool {
        if count >= limit { return true }
        guard count > 0 else { return false }
        if count == previousCount, count >= Self.leastEqualCount { return true }
        guard let newest, let date else { return false }
        return newest.milliseconds < date.milliseconds - freshness
    }

    /// Of a page without events that changes nothing, from an org that is polled and has nothing new: there is nothing to keep then.
    package var landingWithoutEvents: PageLanding? {
        guard !isQuery, search == nil, PageCheck.isEmptyArray(body), place[way]?.next == next else { return nil }
        return PageLanding(place: place)
    }
}

/// Events that are no longer available.
package struct LogGap: Sendable, Hashable {
    package let from: PublishedTime
    package let to: PublishedTime
}

/// What becomes durable together with a page's events.
package struct PageLanding: Sendable, Hashable {
    /// What it does to the ways.
    package enum Change: Sendable, Hashable {
        case none
        /// There are two ways now.
        case tailBegan
        /// The history has come to where the tail began: only the tail goes on.
        case historyEnded
        /// The history has come to where a short tail began: only the history goes on.
        case tailDropped
    }

    /// Where it goes on.
    package var place: LogPlace
    package var change = Change.none
    /// Events of the page, and those of them that its way had not passed before.
    package var count = 0
    package var passed = 0
    package var newest: PublishedTime?
    /// The page's events that may have been collected before, since none of those that are remembered was found again.
    package var unproven = 0

    package init(place: LogPlace) { self.place = place }
}

/// What reading a page to its end came to.
package enum PageOutcome: Sendable {
    /// It becomes durable together with the page's new events.
    case landing(PageLanding)
    /// Nothing is kept: the way still looks for events that it knows.
    case searching(LogSearch)
    /// Nothing is kept: no tail begins with this page.
    case nothing
}

/// Whether a 200 looks like a whole page, told from its ends; what is between them is for the reader of the events.
enum PageCheck {
    /// A byte order mark, which a reader may skip (RFC 8259, section 8.1).
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Why the body is no page, or `nil` when it may be one.
    static func objection(to response: HTTPResponse) -> (PagerTrouble.Kind, String)? {
        if let foreign = ForeignAnswer(response) { return (.notOkta, "the org's address \(foreign.what)") }
        let body = content(of: response.body)
        let first = body.first { !isSpace($0) }
        if let type = response.headers.first("Content-Type") {
            let media = type.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
            if media != "application/json", !media.hasSuffix("+json") {
                return (.notOkta, "an answer of type '\(media.oneLine(limit: 60))' instead of JSON")
            }
        }
        guard let first else { return (.brokenBody, "an empty body instead of events") }
        guard first == 0x5B else { return (.brokenBody, "a body that is not a JSON array") }
        guard body.count > 1, body.last(where: { !isSpace($0) }) == 0x5D else {
            return (.brokenBody, "a JSON array that breaks off after \(body.count) bytes")
        }
        return nil
    }

    /// Whether the array has no element.
    static func isEmptyArray(_ body: [UInt8]) -> Bool {
        var content = content(of: body).lazy.filter { !isSpace($0) }.makeIterator()
        return content.next() == 0x5B && content.next() == 0x5D
    }

    /// The body without a byte order mark.
    static func content(of body: [UInt8]) -> ArraySlice<UInt8> {
        body.starts(with: byteOrderMark) ? body.dropFirst(byteOrderMark.count) : body[...]
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
}

import CurlHTTPClient

/// A request for a page of the log, before a credential is added.
package struct LogPageRequest: Sendable {
    /// The complete request, except for the credential, which is added before the request is sent.
    package let request: HTTPRequest
    /// The number of earlier attempts at this request that brought no page.
    package let retry: Int
}

/// A page of events that has not been read yet.
package struct LogPage: Sendable {
    /// The page: a JSON array as Okta sent it, but without a byte order mark.
    package let body: [UInt8]
    /// The part of the memory budget that the body uses. The budget takes it back when the page is released.
    var allowance: BodyAllowance?
    /// The way that the page belongs to. While there is one way, a page of `.tail` begins a tail if the page has an event that the main way does not
    /// know.
    package let way: LogWay
    /// The place before this page.
    package let place: LogPlace
    /// The link to the next page.
    package let next: String
    /// If a tail begins with this page, the tail's queries by time start at this time.
    package let since: StoredTime
    /// Whether the page is the answer to a query by time. If not, the request followed a link.
    package let isQuery: Bool
    /// The search that this page continues, if there is one.
    package let search: LogSearch?
    /// The number of events of a full page.
    package let limit: Int
    /// The `Date` header of the answer.
    package let date: ServerTime?
    /// The number of events in the way's last page before this page; nil if there is none.
    let previousCount: Int?
    /// The highest number of events in any of the way's earlier pages. Pages that were requested before the last wait don't count.
    var largestCount = 0
    /// Whether the way's last page before this page was in a backlog (``isInBacklog(count:newest:)``).
    var followsBacklog = false
    /// The `published` of the newest event in the main way's last durable page; nil if this run has read no such page.
    var mainNewest: PublishedTime?
    /// Up to this age, in milliseconds by the server's clock, an event counts as recent.
    let freshness: Int64
    /// The period whose events Okta has deleted before they could be collected; nil if there is none.
    package let gap: LogGap?
    /// Okta's id of the organization, if it is known.
    package let organization: String?
    /// The request's id, by which Okta's support can find it.
    package let requestID: String?

    /// If two pages in a row have the same number of events, at least this many, and no page since the last wait had more, the server is assumed to limit
    /// the size of its pages. Smaller pages may have the same number of events by chance. Fewer events than this are not a
    /// backlog either, unless the page is full.
    static let leastEqualCount = 10

    /// A page counts as small if its number of events, times this factor, is at most that of the largest page since the last wait.
    static let smallPage = 4

    /// While an org has no new events, `LogPlace.Way.end` is stored again after this time, in milliseconds.
    static let endKept: Int64 = 86_400_000

    /// A tail begins only with events that were published this much later than the main way's newest ones, in milliseconds.
    static let leastAhead: Int64 = 1_800_000

    /// Whether a tail that begins with events of this time is worth its cost. In an org that stores its events hours late, a tail would begin with the
    /// events that the main way reads next.
    package func isAhead(_ published: PublishedTime) -> Bool {
        guard let mainNewest else { return true }
        return published.milliseconds >= mainNewest.milliseconds + Self.leastAhead
    }

    /// Whether more events are expected immediately. This only decides when the next request is sent.
    ///
    /// If a page is not full, either it is the last one, or the server sends smaller pages than requested. In the second case, the page's events are
    /// not recent, or the page has as many events as the previous page.
    ///
    /// Events are never recent in an org that stores them long after they were published. There the last pages are small, because they have only the
    /// events that were stored since the previous request. A server may also send one small page before the end of the log. The end is therefore
    /// assumed only after two small pages in a row. For the same reason, one empty page does not show that a backlog is over.
    package func expectsMore(count: Int, newest: PublishedTime?) -> Bool {
        if count >= limit { return true }
        guard count > 0 else { return followsBacklog }
        if count == previousCount, count >= max(Self.leastEqualCount, largestCount) { return true }
        return isOld(newest) && (!isSmall(count) || !isSmall(previousCount ?? limit))
    }

    /// The `Date` of this answer if the answer shows the end of the log; otherwise nil.
    package func end(count: Int, newest: PublishedTime?) -> ServerTime? {
        expectsMore(count: count, newest: newest) ? nil : date
    }

    /// Whether the page's events are not recent, and more are expected immediately. A page of very few events is not a backlog: where events are stored
    /// long after they were published, every poll returns such pages.
    func isInBacklog(count: Int, newest: PublishedTime?) -> Bool {
        count >= min(Self.leastEqualCount, limit) && isOld(newest) && expectsMore(count: count, newest: newest)
    }

    private func isOld(_ newest: PublishedTime?) -> Bool {
        guard let newest, let date else { return false }
        return newest.milliseconds < date.milliseconds - freshness
    }

    private func isStale(_ end: ServerTime?) -> Bool {
        guard let date else { return false }
        return date.milliseconds - (end?.milliseconds ?? 0) >= Self.endKept
    }

    private func isSmall(_ count: Int) -> Bool { count * Self.smallPage <= largestCount }

    /// The checkpoint of an empty page whose link leads to the same place, because the org has no new events; nil for any other page. This checkpoint
    /// changes nothing, so it need not be stored. Once a day, such a page has no empty checkpoint, so that `LogPlace.Way.end` is stored.
    package var emptyCheckpoint: PageCheckpoint? {
        guard !isQuery, search == nil, PageCheck.isEmptyArray(body), let known = place[way], known.next == next,
            !isStale(known.end)
        else { return nil }
        return PageCheckpoint(place: place)
    }
}

/// A period whose events are no longer available.
package struct LogGap: Sendable, Hashable {
    package let from: PublishedTime
    package let to: PublishedTime
}

/// What becomes durable together with a page's events: the place after the page, and whether a way begins or ends.
package struct PageCheckpoint: Sendable, Hashable {
    /// How the page changes the ways.
    package enum Change: Sendable, Hashable {
        case none
        /// A tail begins with this page, so there are two ways now.
        case tailBegan
        /// The history has reached the point where the tail began. Only the tail continues.
        case historyEnded
        /// The history has reached the point where the tail began, and the tail has few events. Only the history continues.
        case tailDropped
    }

    /// The place after the page.
    package var place: LogPlace
    package var change = Change.none
    /// The number of events in the page.
    package var count = 0
    /// The number of the page's events that the way had not passed before.
    package var passed = 0
    package var newest: PublishedTime?
    /// The number of the page's events that may have been collected before. Whether they were is unknown, because too few of the remembered events
    /// were found again.
    package var unproven = 0

    package init(place: LogPlace) { self.place = place }
}

/// The result of reading a page to its end.
package enum PageOutcome: Sendable {
    /// The checkpoint becomes durable together with the page's new events.
    case checkpoint(PageCheckpoint)
    /// Nothing of the page is stored, because the way is still searching for events that it has already passed.
    case searching(LogSearch)
    /// Nothing of the page is stored. The page was requested to find the beginning of a tail, but it has no new event.
    case nothing
}

/// Checks quickly whether a 200 can be a complete page. The check reads only the beginning and the end of the body. The normalizer checks the rest.
enum PageCheck {
    /// A byte order mark, which a reader may ignore (RFC 8259, section 8.1).
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Why the body is not a page, or `nil` if it may be one.
    static func objection(to response: HTTPResponse) -> (PagerTrouble.Kind, String)? {
        if let foreign = ForeignAnswer(response) { return (.notOkta, "the org's address \(foreign.what)") }
        let body = content(of: response.body)
        let first = body.first { !isSpace($0) }
        if let type = response.headers.first("Content-Type"), type != "application/json" {
            let media = type.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
            if media != "application/json", !media.hasSuffix("+json") {
                return (.notOkta, "the answer has the type '\(media.oneLine(limit: 60))' instead of JSON")
            }
        }
        guard let first else { return (.brokenBody, "the answer has an empty body") }
        guard first == 0x5B else { return (.brokenBody, "the body of the answer is not a JSON array") }
        guard body.count > 1, body.last(where: { !isSpace($0) }) == 0x5D else {
            return (.brokenBody, "the answer's JSON array ends too early, after \(body.count) bytes")
        }
        return nil
    }

    /// Whether the array is empty.
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

/// What a pager knows of one way through the log beside its durable place: the request that is next, and how that went so far.
struct WayProgress: Sendable {
    /// The next request's address.
    var url: String {
        didSet { if url != oldValue { limit = LogQuery.fullPage(of: url) } }
    }
    /// How many events a full page of it has.
    private(set) var limit: Int
    /// Whether `url` is a link that Okta gave.
    var isLink: Bool
    var due: ContinuousClock.Instant
    var expectedBodyBytes = 0
    /// How often this very request was sent without a page to show for it.
    var retries = 0
    var failures = 0
    /// Okta's id of the first of them.
    var firstRequestID: String?
    /// 400 in a row.
    var badRequests = 0
    /// Answers in a row that a smaller page might mend, and that another link might.
    var sizeStrikes = 0
    var linkStrikes = 0
    /// When it was last asked for anew.
    var renewedAt: ContinuousClock.Instant?

    /// - Parameter wall: the time, to keep a start within what Okta accepts; nil for a start of now.
    init(_ way: LogPlace.Way, _ query: LogQuery, now: ContinuousClock.Instant, wall: UTCTime?) {
        due = now
        if let next = way.next {
            (url, isLink) = (next, true)
        } else {
            let since = way.since ?? wall?.milliseconds ?? 0
            let accepted = wall.map { LogRetention.accepted(since, at: $0.milliseconds) }
            (url, isLink) = (query.firstURL(since: accepted ?? UTCTime(milliseconds: since)), false)
        }
        limit = LogQuery.fullPage(of: url)
        // Smaller pages than configured: larger ones did not come, and that is not tried at every start.
        if isLink, limit < query.pageLimit { renewedAt = now }
    }

    /// The page is durable, and the next one is at `link`.
    mutating func settled(at link: String) {
        (url, isLink) = (link, true)
        (retries, failures, badRequests, sizeStrikes, linkStrikes) = (0, 0, 0, 0, 0)
        firstRequestID = nil
    }
}

extension LogPlace.Way {
    /// Forgets the link, so that the way is asked for by time. What is behind it is never asked for again.
    mutating func renew(overlap: Int64) {
        since = restart(overlap: overlap)
        next = nil
    }
}

// Asking anew.
extension LogPager {
    /// Puts a fresh query in the place of a way's request, if there is a time to ask from and it was not done a moment ago.
    mutating func renew(_ way: LogWay, limit: Int, _ now: Instant) -> LogRenewal? {
        let progress = self[way]
        let isSmaller = limit < progress.limit
        if !isSmaller, let last = progress.renewedAt, now - last < Self.renewalPause { return nil }
        let since: Int64?
        switch way {
        case .tail:
            since = place.tail.restart(overlap: Self.overlap)
            if since != nil { place.tail.renew(overlap: Self.overlap) }
        case .history:
            since = place.backfill?.history.restart(overlap: Self.overlap)
            if since != nil { place.backfill?.history.renew(overlap: Self.overlap) }
        }
        guard let since else { return nil }
        let time = UTCTime(milliseconds: since)
        self[way].url = query.firstURL(since: time, limit: limit)
        self[way].isLink = false
        self[way].renewedAt = now
        (self[way].retries, self[way].badRequests, self[way].sizeStrikes, self[way].linkStrikes) = (0, 0, 0, 0)
        self[way].firstRequestID = nil
        return LogRenewal(way: way, since: time, limit: limit)
    }

    /// After a while of good pages that are smaller than configured, larger ones are tried again.
    mutating func raisePageSize(of way: LogWay, _ now: Instant) {
        guard way == .tail || history != nil else { return }
        let limit = self[way].limit
        guard fingerprintIsCurrent, limit < query.pageLimit, let last = self[way].renewedAt,
            now - last >= Self.renewalPause
        else { return }
        _ = renew(way, limit: min(4 * limit, query.pageLimit), now)
    }

    /// A useless answer of `kind`: after some of them, the way is asked for anew.
    mutating func renewIfStuck(_ way: LogWay, _ kind: PagerTrouble.Kind, isSlow: Bool, _ now: Instant) -> LogRenewal? {
        let limit = self[way].limit
        switch kind {
        case _ where isSlow, .brokenBody, .rejected, .tooLarge:
            self[way].sizeStrikes += 1
            guard self[way].sizeStrikes >= Self.patience, limit > Self.smallestPage else { return nil }
            return renew(way, limit: max(limit / 2, Self.smallestPage), now)
        case .foreignNext, .nextStandsStill, .missingNext:
            self[way].linkStrikes += 1
            guard self[way].linkStrikes >= Self.patience else { return nil }
            return renew(way, limit: limit, now)
        default: return nil
        }
    }
}

/// What a pager knows about one way in addition to its stored place: the next request, and the results of earlier attempts.
struct WayProgress: Sendable {
    /// The start of the way's query by time, which is used while the way has no link.
    var since: StoredTime
    /// Okta's link to the next page; nil if the way is queried by time.
    var next: String? {
        didSet { if next != oldValue { nextFullPage = next.map { LogQuery.fullPage(of: $0) } } }
    }
    /// The number of events in a full page of the link `next`. It is computed only when the link changes, not for every request, because the link
    /// stays the same while an org has no new events.
    private var nextFullPage: Int?
    /// Events per page of a query by time. A link has its own limit.
    var limit: Int
    /// The search for events that the way has passed; nil if no search is in progress.
    var search: LogSearch?
    var due: ContinuousClock.Instant
    /// The number of events in the last page.
    var previousCount: Int?
    /// The highest number of events in a page that was requested since the last wait.
    var largestCount = 0
    /// Whether the last page was in a backlog: its events were not recent, and more were expected immediately.
    var isInBacklog = false
    /// The number of pages in a row whose events were old, and after which the next page was requested without a wait.
    var pagesFarBehind = 0
    var expectedBodyBytes = 0
    /// How often the next request has already been sent without success.
    var retries = 0
    var failures = 0
    /// Okta's id of the first answered attempt at the next request; nil if Okta has answered no attempt.
    var firstRequestID: String?
    /// How often in a row the link was refused.
    var refusals = 0
    /// How many requests since the last usable page or requery have failed because of a problem that smaller pages might prevent.
    var sizeStrikes = 0
    /// How many requests since the last usable page or requery have failed because of a problem that another link might prevent.
    var linkStrikes = 0
    /// The pager tries larger pages again `raiseWait` after this moment: when the way was last switched to a query by time, when the search after
    /// that query ended, or when the daemon started with a link to smaller pages. Nil if none of these has happened.
    var requeriedAt: ContinuousClock.Instant?
    /// How often in a row the pager has tried larger pages without success, and the full page before the last attempt.
    private var raises = (count: 0, from: Int?.none)
    /// Whether the way has brought a new event since it was last switched to a query by time; also true before the first switch.
    var hasNewsSinceRequery = true

    init(_ way: LogPlace.Way, limit: Int, due: ContinuousClock.Instant) {
        (since, next) = (way.restart, way.next)
        nextFullPage = next.map { LogQuery.fullPage(of: $0) }
        self.limit = limit
        self.due = due
    }

    /// The link that the next request follows; nil if the next request is a query by time.
    var link: String? { search != nil ? search?.next : next }

    /// The number of events in a full page of the next request.
    var fullPage: Int {
        guard let search else { return nextFullPage ?? limit }
        return search.next.map { LogQuery.fullPage(of: $0) } ?? limit
    }

    /// The wait before the next attempt with larger pages: `first`, doubled for each earlier attempt without success, up to seven times.
    func raiseWait(_ first: Duration) -> Duration { first * (1 << min(raises.count, 7)) }

    /// Records an attempt with larger pages.
    mutating func noteRaise(from limit: Int) { raises = (raises.count + 1, limit) }

    /// Records that a page was used. The next page is at `link`; nil means a query by time.
    mutating func answered(next link: String?) {
        next = link
        // The link leads to larger pages than before the last attempt, so that attempt has succeeded.
        if let from = raises.from, let full = nextFullPage, full > from { raises = (0, nil) }
        (retries, failures, refusals, sizeStrikes, linkStrikes) = (0, 0, 0, 0, 0)
        firstRequestID = nil
    }

    /// Drops the link, so that the way is queried by time, with `limit` events per page.
    mutating func requery(since: StoredTime, limit: Int, at now: ContinuousClock.Instant) {
        self.since = since
        next = nil
        search = nil
        self.limit = limit
        previousCount = nil
        largestCount = 0
        requeriedAt = now
        hasNewsSinceRequery = false
        (retries, refusals, sizeStrikes, linkStrikes) = (0, 0, 0, 0)
        firstRequestID = nil
    }
}

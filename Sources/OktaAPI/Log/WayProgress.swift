/// What a pager knows of one way through the log besides its durable place: the next request, and how that went so far.
struct WayProgress: Sendable {
    /// Where the way queries by time while it has no link.
    var since: StoredTime
    /// Okta's link; nil: by time.
    var next: String?
    /// Events a page of a query by time. A link has its own.
    var limit: Int
    /// What the way has passed is still to be found.
    var search: LogSearch?
    var due: ContinuousClock.Instant
    /// How many events the last page had.
    var previousCount: Int?
    /// Pages in a row whose events are far from new, each requested at once after the other.
    var pagesFarBehind = 0
    var expectedBodyBytes = 0
    /// How often this very request was sent without a page to show for it.
    var retries = 0
    var failures = 0
    /// Okta's id of the first of them.
    var firstRequestID: String?
    /// Refusals of the link in a row.
    var refusals = 0
    /// Answers in a row that a smaller page might mend, and that another link might.
    var sizeStrikes = 0
    var linkStrikes = 0
    /// When it last began to be queried by time, and whether that has brought new events.
    var requeriedAt: ContinuousClock.Instant?
    var hasNewsSinceRequery = true

    init(_ way: LogPlace.Way, limit: Int, due: ContinuousClock.Instant) {
        (since, next) = (way.restart, way.next)
        self.limit = limit
        self.due = due
    }

    /// The link that the next request follows; nil: it queries by time.
    var link: String? { search != nil ? search?.next : next }

    /// How many events a full page of the next request has.
    var fullPage: Int { link.map { LogQuery.fullPage(of: $0) } ?? limit }

    /// A page came to something, and the next one is at `link`.
    mutating func answered(next link: String?) {
        next = link
        (retries, failures, refusals, sizeStrikes, linkStrikes) = (0, 0, 0, 0, 0)
        firstRequestID = nil
    }

    /// The link is given up: the way is queried by time, `limit` events a page.
    mutating func requery(since: StoredTime, limit: Int, at now: ContinuousClock.Instant) {
        self.since = since
        next = nil
        search = nil
        self.limit = limit
        previousCount = nil
        requeriedAt = now
        hasNewsSinceRequery = false
        (retries, refusals, sizeStrikes, linkStrikes) = (0, 0, 0, 0)
        firstRequestID = nil
    }
}

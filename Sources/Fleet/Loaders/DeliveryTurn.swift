/// Whose turn it is to deliver for a loader, as its acknowledgement tells. A plain value.
///
/// Any host may deliver, and one does at a time: who does has its run in the acknowledgement, and writes it again at least every ``renewal``. Another one waits until it has seen no
/// change for ``patience``, by its own clock. That spares work; nothing depends on it. Two that deliver at the same time write under a condition, so one of them finds out.
struct DeliveryTurn: Sendable {
    static let renewal = Duration.seconds(20)
    static let patience = Duration.seconds(60)

    enum Decision: Sendable, Equatable {
        /// Nobody has acknowledged for this loader yet.
        case register
        /// Nobody delivers: go on from there, if it is unchanged.
        case claim(LoaderAcknowledgement, etag: String)
        /// That host delivers.
        case wait(host: String)
    }

    let host: String
    let run: String
    private var seen: (etag: String, since: ContinuousClock.Instant)?

    init(host: String, run: String) {
        self.host = host
        self.run = run
    }

    mutating func decide(
        _ found: (found: LoaderAcknowledgement, etag: String)?, now: ContinuousClock.Instant
    ) -> Decision {
        guard let (acknowledgement, etag) = found else { return .register }
        // A lock on this host's status file says that no other process of this host delivers to this destination.
        guard let other = acknowledgement.run, other != run, let holder = acknowledgement.host, holder != host else {
            return .claim(acknowledgement, etag: etag)
        }
        if seen?.etag != etag { seen = (etag, now) }
        if let seen, now - seen.since >= Self.patience { return .claim(acknowledgement, etag: etag) }
        return .wait(host: holder)
    }
}

/// Decides from a loader's acknowledgement whether this host may deliver for that loader, or must wait for another host. A plain value.
///
/// Any host may deliver, but only one at a time does. That host writes the id of its run into the acknowledgement, and rewrites the acknowledgement
/// at least every ``renewal``. Any other host waits until the acknowledgement names no run, or has not changed for ``patience`` by its own clock.
/// This only avoids duplicate work; correctness does not depend on it. If two hosts deliver at the same time, their conditional writes conflict. The
/// host whose write is refused stops delivering.
struct DeliveryTurn: Sendable {
    static let renewal = Duration.seconds(20)
    static let patience = Duration.seconds(60)

    enum Decision: Sendable, Equatable {
        /// The loader has no acknowledgement yet: this host writes the first one.
        case register
        /// No other host delivers: this host may continue from this acknowledgement, if no other host has changed it since.
        case claim(LoaderAcknowledgement, etag: String)
        /// Another host delivers, the given one: this host must wait.
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
        // The lock on this host's status file guarantees that no other process of this host delivers to this destination. So an acknowledgement with
        // this host's name is from a delivery that has ended.
        guard let other = acknowledgement.run, other != run, let holder = acknowledgement.host, holder != host else {
            return .claim(acknowledgement, etag: etag)
        }
        if seen?.etag != etag { seen = (etag, now) }
        if let seen, now - seen.since >= Self.patience { return .claim(acknowledgement, etag: etag) }
        return .wait(host: holder)
    }
}

import Synchronization

/// How long this host's lease is certainly valid, by this host's own clock.
///
/// The time counts from the instant before the last successful renewal was sent, so it ends before the lease does in the store. `ContinuousClock` is
/// CLOCK_BOOTTIME: it also counts while the host sleeps.
package final class LeaseTerm: Sendable {
    private let end: Mutex<ContinuousClock.Instant?> = Mutex(nil)

    package init() {}

    /// Whether the lease is certainly valid. Check this before each request to Okta.
    package func isValid(at now: ContinuousClock.Instant) -> Bool {
        end.withLock { end in end.map { now < $0 } ?? false }
    }

    /// When the term ends; nil while this host has no lease.
    package var deadline: ContinuousClock.Instant? { end.withLock { $0 } }

    /// Extends the term. An earlier instant has no effect.
    func extend(to instant: ContinuousClock.Instant) {
        end.withLock { end in end = end.map { max($0, instant) } ?? instant }
    }

    /// Ends the term at once.
    func finish() { end.withLock { $0 = nil } }
}

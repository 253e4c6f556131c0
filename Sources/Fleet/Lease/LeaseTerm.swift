import Synchronization

/// Until when this host's lease is certain to hold, by its own clock.
///
/// The time counts from the instant before the last successful renewal was sent, so it ends before the lease does in the store. `ContinuousClock` is
/// CLOCK_BOOTTIME: it also counts while the host sleeps.
package final class LeaseTerm: Sendable {
    private let end: Mutex<ContinuousClock.Instant?> = Mutex(nil)

    package init() {}

    /// Whether the lease is certain to hold. Ask this before each request to Okta.
    package func isValid(at now: ContinuousClock.Instant) -> Bool {
        end.withLock { end in end.map { now < $0 } ?? false }
    }

    /// When it ends; nil while there is none.
    package var deadline: ContinuousClock.Instant? { end.withLock { $0 } }

    /// Extends it. It never becomes shorter.
    func extend(to instant: ContinuousClock.Instant) {
        end.withLock { end in end = end.map { max($0, instant) } ?? instant }
    }

    /// Ends it at once.
    func finish() { end.withLock { $0 = nil } }
}

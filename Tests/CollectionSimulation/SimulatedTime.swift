import Spool
import Synchronization

@testable import Collector

/// The clock of a run: it stands still but for requests and sleeps.
package final class SimulatedTime: TimeSource {
    private struct State {
        var elapsed: Int64 = 0
        var hostOffset: Int64 = 0
        var isOver: (@Sendable () -> Bool)?
        var stop: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())
    private let first = ContinuousClock.now

    package init() {}

    /// Milliseconds since 1970 by Okta's clock.
    package var server: Int64 { state.withLock { Scenario.origin + $0.elapsed } }
    package var now: ContinuousClock.Instant { first + .milliseconds(state.withLock(\.elapsed)) }
    package var wall: Int64 { state.withLock { Scenario.origin + $0.elapsed + $0.hostOffset } }
    package var spool: SpoolInstant { SpoolInstant(wall: wall, monotonic: state.withLock(\.elapsed)) }

    /// How far this host's clock is ahead of Okta's, milliseconds.
    package func set(hostOffset: Int64) { state.withLock { $0.hostOffset = hostOffset } }

    package func advance(_ milliseconds: Int64) { state.withLock { $0.elapsed += max(0, milliseconds) } }

    /// `stop` is called at the first sleep or request after `isOver` has said so.
    package func arm(isOver: @escaping @Sendable () -> Bool, stop: @escaping @Sendable () -> Void) {
        state.withLock { ($0.isOver, $0.stop) = (isOver, stop) }
    }

    package func disarm() { state.withLock { ($0.isOver, $0.stop) = (nil, nil) } }

    /// Calls `stop` if the run is over.
    package func check() {
        let (isOver, stop) = state.withLock { ($0.isOver, $0.stop) }
        if isOver?() == true { stop?() }
    }

    package func sleep(until instant: ContinuousClock.Instant) async {
        check()
        if Task.isCancelled { return }
        advance(Int64((instant - now) / .milliseconds(1)) + 1)
    }
}

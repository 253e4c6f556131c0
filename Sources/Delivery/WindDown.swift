import Synchronization

/// A request to end a delivery, which any thread can make.
package final class WindDown: Sendable {
    /// Why the delivery should end. A stop overrides a reload.
    package enum Reason: Int, Sendable {
        case none = 0
        /// The delivery ends, and a new one begins with the configuration that is then in force.
        case reload = 1
        case stop = 2
    }

    private let state = Atomic<Int>(0)

    /// How many real seconds a wait of one second takes: 1, except in tests.
    private let secondsPerSecond: Double

    package init(secondsPerSecond: Double = 1) { self.secondsPerSecond = secondsPerSecond }

    package var reason: Reason { Reason(rawValue: state.load(ordering: .acquiring)) ?? .none }

    package func request(_ reason: Reason) {
        var known = state.load(ordering: .acquiring)
        while known < reason.rawValue {
            let (done, now) = state.compareExchange(
                expected: known, desired: reason.rawValue, ordering: .acquiringAndReleasing)
            if done { return }
            known = now
        }
    }

    /// Clears a request for a reload, because the new delivery begins now. A request to stop is kept.
    package func reloaded() {
        _ = state.compareExchange(
            expected: Reason.reload.rawValue, desired: Reason.none.rawValue, ordering: .acquiringAndReleasing)
    }

    /// Waits for this duration. Returns earlier if the delivery should end or the task is cancelled.
    func pause(_ duration: Duration) async {
        let end = ContinuousClock.now + duration * secondsPerSecond
        while reason == .none, !Task.isCancelled {
            let rest = end - ContinuousClock.now
            guard rest > .zero else { return }
            try? await Task.sleep(for: min(rest, Duration.milliseconds(250)), clock: .continuous)
        }
    }
}

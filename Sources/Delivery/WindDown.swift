import Synchronization

/// Whether a delivery is to come to its end, asked for from any thread.
package final class WindDown: Sendable {
    /// What it is for. A stop wins over a reload.
    package enum Reason: Int, Sendable {
        case none = 0
        /// Go on with a newly read configuration.
        case reload = 1
        case stop = 2
    }

    private let state = Atomic<Int>(0)

    /// What a wait of a second takes: 1, but in tests.
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

    /// Takes a reload that was carried out back; a stop stays.
    package func reloaded() {
        _ = state.compareExchange(
            expected: Reason.reload.rawValue, desired: Reason.none.rawValue, ordering: .acquiringAndReleasing)
    }

    /// Waits so long, or until the delivery is to end.
    func pause(_ duration: Duration) async {
        let end = ContinuousClock.now + duration * secondsPerSecond
        while reason == .none, !Task.isCancelled {
            let rest = end - ContinuousClock.now
            guard rest > .zero else { return }
            try? await Task.sleep(for: min(rest, Duration.milliseconds(250)), clock: .continuous)
        }
    }
}

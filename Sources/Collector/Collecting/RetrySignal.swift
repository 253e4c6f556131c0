import Synchronization

/// Asks a waiting collector to try again immediately. Safe to use from any thread.
final class RetrySignal: Sendable {
    private let isSet = Atomic(false)

    func set() { isSet.store(true, ordering: .relaxed) }

    /// Whether the signal was set since the last call.
    func take() -> Bool { isSet.exchange(false, ordering: .relaxed) }
}

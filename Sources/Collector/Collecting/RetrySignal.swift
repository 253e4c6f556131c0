import Synchronization

/// Asks a collector that waits to try again at once. Safe to use from any thread.
final class RetrySignal: Sendable {
    private let isSet = Atomic(false)

    func set() { isSet.store(true, ordering: .relaxed) }

    /// Whether it was set since the last call.
    func take() -> Bool { isSet.exchange(false, ordering: .relaxed) }
}

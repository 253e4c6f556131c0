import Synchronization

/// The parts of the process that must make progress, and when each last did.
///
/// Each part registers once and beats from whatever thread it runs on; ``Watchdog`` reads. Beating costs a clock reading and an atomic store.
package final class Heartbeats: Sendable {
    private let parts = Mutex<[ObjectIdentifier: Entry]>([:])

    private struct Entry {
        // Weak, so that a part that ended without a word is not taken for a stuck one.
        weak var heartbeat: Heartbeat?
    }

    /// The time that beats are noted by.
    let now: @Sendable () -> MonotonicTime

    /// No part yet.
    package convenience init() { self.init(now: MonotonicTime.now) }

    init(now: @escaping @Sendable () -> MonotonicTime) { self.now = now }

    /// A new part, that beats now and must beat again within `bound`, at all times until it is retired or its handle is released.
    ///
    /// A part that waits, for Okta or for work, beats while it waits: its bound covers one wait, not the org's outage.
    ///
    /// - Parameters:
    ///   - part: its name for the journal and the status line, such as `collector acme`.
    ///   - bound: the longest silence that is not a hang; below a second counts as a second.
    package func register(_ part: String, bound: Duration) -> Heartbeat {
        let heartbeat = Heartbeat(part: part, bound: max(bound, .seconds(1)), owner: self)
        parts.withLock { $0[ObjectIdentifier(heartbeat)] = Entry(heartbeat: heartbeat) }
        return heartbeat
    }

    /// Every part as it stands, in no particular order.
    package func samples() -> [HeartbeatSample] {
        // The handles are released outside the lock: the last release of one runs its deinit, which takes the lock.
        let living = parts.withLock { parts in parts.values.compactMap(\.heartbeat) }
        return living.map { HeartbeatSample(part: $0.part, bound: $0.bound, lastBeat: $0.lastBeat) }
    }

    fileprivate func remove(_ id: ObjectIdentifier) {
        parts.withLock { _ = $0.removeValue(forKey: id) }
    }
}

/// One part's handle to say that it made progress. Safe to use from any thread.
package final class Heartbeat: Sendable {
    /// The part's name.
    package let part: String
    /// The longest silence that is not a hang.
    package let bound: Duration
    private let beatenAt: Atomic<UInt64>
    private let owner: Heartbeats

    fileprivate init(part: String, bound: Duration, owner: Heartbeats) {
        self.part = part
        self.bound = bound
        self.owner = owner
        beatenAt = Atomic(owner.now().nanoseconds)
    }

    deinit {
        retire()
    }

    /// Progress was made, or the part is waiting as it should.
    package func beat() {
        beatenAt.store(owner.now().nanoseconds, ordering: .relaxed)
    }

    /// The part has ended and is no longer watched. A second call does nothing.
    package func retire() {
        owner.remove(ObjectIdentifier(self))
    }

    fileprivate var lastBeat: MonotonicTime {
        MonotonicTime(nanoseconds: beatenAt.load(ordering: .relaxed))
    }
}

/// What is known of one part at one moment.
package struct HeartbeatSample: Equatable, Sendable {
    /// The part's name.
    package var part: String
    /// The longest silence that is not a hang.
    package var bound: Duration
    /// When it last beat.
    package var lastBeat: MonotonicTime

    /// A part that last beat at `lastBeat`.
    package init(part: String, bound: Duration, lastBeat: MonotonicTime) {
        self.part = part
        self.bound = bound
        self.lastBeat = lastBeat
    }
}

import Synchronization

/// The parts of the process that must make progress, and when each of them last reported progress.
///
/// Each part registers once and then beats from any thread; ``Watchdog`` reads the beats. A beat costs only one reading of the clock and one atomic
/// store.
package final class Heartbeats: Sendable {
    private let parts = Mutex<[ObjectIdentifier: Entry]>([:])

    private struct Entry {
        // The reference is weak, so that a part that ended without calling `retire` does not count as stuck.
        weak var heartbeat: Heartbeat?
    }

    /// The clock for beats.
    let now: @Sendable () -> MonotonicTime

    /// Creates an object without parts.
    package convenience init() { self.init(now: MonotonicTime.now) }

    init(now: @escaping @Sendable () -> MonotonicTime) { self.now = now }

    /// Registers a part. The registration counts as its first beat. From then on, at most `bound` may pass between two beats, until the part is
    /// retired or the returned handle is released.
    ///
    /// A part that waits for Okta or for work must continue to beat. The bound therefore does not limit how long an org may be unreachable.
    ///
    /// - Parameters:
    ///   - part: the part's name in the journal and the status line, such as `collector acme`.
    ///   - bound: the longest silence that is not considered a hang; at least a second.
    package func register(_ part: String, bound: Duration) -> Heartbeat {
        let heartbeat = Heartbeat(part: part, bound: max(bound, .seconds(1)), owner: self)
        parts.withLock { $0[ObjectIdentifier(heartbeat)] = Entry(heartbeat: heartbeat) }
        return heartbeat
    }

    /// The present state of every part, in no particular order.
    package func samples() -> [HeartbeatSample] {
        // The handles are released outside the lock. Releasing the last reference to a handle runs its deinit, which takes the lock.
        let living = parts.withLock { parts in parts.values.compactMap(\.heartbeat) }
        return living.map { HeartbeatSample(part: $0.part, bound: $0.bound, lastBeat: $0.lastBeat) }
    }

    fileprivate func remove(_ id: ObjectIdentifier) {
        parts.withLock { _ = $0.removeValue(forKey: id) }
    }
}

/// A part's handle, with which it reports progress. Safe to use from any thread.
package final class Heartbeat: Sendable {
    /// The part's name.
    package let part: String
    /// The longest silence that is not considered a hang.
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

    /// Reports that progress was made, or that the part is waiting as it should.
    package func beat() {
        beatenAt.store(owner.now().nanoseconds, ordering: .relaxed)
    }

    /// Stops watching the part, because it has ended. A second call does nothing.
    package func retire() {
        owner.remove(ObjectIdentifier(self))
    }

    fileprivate var lastBeat: MonotonicTime {
        MonotonicTime(nanoseconds: beatenAt.load(ordering: .relaxed))
    }
}

/// The state of one part at one moment.
package struct HeartbeatSample: Equatable, Sendable {
    /// The part's name.
    package var part: String
    /// The longest silence that is not considered a hang.
    package var bound: Duration
    /// When the part last beat.
    package var lastBeat: MonotonicTime

    /// Creates the state of a part that last beat at `lastBeat`.
    package init(part: String, bound: Duration, lastBeat: MonotonicTime) {
        self.part = part
        self.bound = bound
        self.lastBeat = lastBeat
    }
}

import Foundation
import Respond
import Synchronization

/// A clock for the engine and its org. It begins at the current time. `advance` moves the clock forward. When the engine waits until a time, the
/// clock moves to that time at once.
final class TestClock: Sendable {
    private let start = ContinuousClock.now
    private let wallStart = Int64(Date().timeIntervalSince1970 * 1000)
    private let offset = Mutex(Duration.zero)

    /// How far the clock has been moved forward since its creation.
    var elapsed: Duration { offset.withLock(\.self) }

    func advance(_ duration: Duration) { offset.withLock { $0 += duration } }

    /// The time in milliseconds since 1970, also for `OrgSettings.clock`.
    var wall: @Sendable () -> Int64 { { self.wallStart + Int64(self.elapsed / .milliseconds(1)) } }

    var clock: ResponseClock {
        ResponseClock(
            wall: wall, instant: { self.start + self.elapsed },
            wait: { instant in self.offset.withLock { $0 = max($0, instant - self.start) } })
    }
}

import Glibc
import Spool

/// The clocks that collection uses, so that a test can provide its own.
package protocol TimeSource: Sendable {
    /// The monotonic clock, by which requests are scheduled.
    var now: ContinuousClock.Instant { get }
    /// The wall clock, milliseconds since 1970-01-01T00:00:00Z.
    var wall: Int64 { get }
    /// The times of both clocks, in the type that the spool uses.
    var spool: SpoolInstant { get }
    /// Returns at `instant`, or earlier if the task is cancelled.
    func sleep(until instant: ContinuousClock.Instant) async
}

/// The clocks of this machine.
package struct SystemTime: TimeSource {
    package init() {}

    package var now: ContinuousClock.Instant { .now }
    package var wall: Int64 { WallClock.now() }

    /// CLOCK_BOOTTIME keeps running while the machine sleeps, so the age of a segment includes that time.
    package var spool: SpoolInstant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return SpoolInstant(wall: wall, monotonic: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package func sleep(until instant: ContinuousClock.Instant) async {
        try? await Task.sleep(until: instant, clock: .continuous)
    }
}

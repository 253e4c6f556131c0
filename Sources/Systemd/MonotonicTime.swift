import Glibc

/// A reading of CLOCK_MONOTONIC, the clock of systemd's own watchdog and of `MONOTONIC_USEC=` (sd_notify(3)).
///
/// The clock stops while the host sleeps. The time asleep therefore does not count as silence of a part of the process.
package struct MonotonicTime: Comparable, Hashable, Sendable {
    /// Nanoseconds since an arbitrary point; on Linux, the boot.
    package let nanoseconds: UInt64

    /// Creates a reading with this number of nanoseconds.
    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// Reads the clock.
    package static func now() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// The same reading in microseconds, as systemd expects it.
    package var microseconds: UInt64 { nanoseconds / 1000 }

    /// The time that has passed since `earlier`; zero if `earlier` is in fact later than this reading.
    package func since(_ earlier: MonotonicTime) -> Duration {
        // UInt64 nanoseconds cover 584 years, and Int64 nanoseconds half of that. Both are far longer than any uptime.
        .nanoseconds(Int64(clamping: nanoseconds - min(earlier.nanoseconds, nanoseconds)))
    }

    /// Compares two readings. Both must be from the same boot.
    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

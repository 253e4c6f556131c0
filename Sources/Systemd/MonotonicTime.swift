import Glibc

/// A reading of CLOCK_MONOTONIC, the clock of systemd's own watchdog and of `MONOTONIC_USEC=` (sd_notify(3)).
///
/// It stops while the host sleeps, so that no part of the process seems stuck after a resume.
package struct MonotonicTime: Comparable, Hashable, Sendable {
    /// Nanoseconds since an arbitrary point; on Linux, the boot.
    package let nanoseconds: UInt64

    /// A reading of `nanoseconds`.
    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// The clock now.
    package static func now() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// Microseconds since the same point, which is systemd's unit.
    package var microseconds: UInt64 { nanoseconds / 1000 }

    /// The time since `earlier`; zero if that is later.
    package func since(_ earlier: MonotonicTime) -> Duration {
        // UInt64 nanoseconds cover 584 years, Int64 half of that: both are far longer than any uptime.
        .nanoseconds(Int64(clamping: nanoseconds - min(earlier.nanoseconds, nanoseconds)))
    }

    /// Compares readings from one boot.
    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

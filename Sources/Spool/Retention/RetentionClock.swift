/// What time it is where segments are deleted by their age, when the wall clock is set while the daemon runs.
///
/// Set ahead, it must not make everything old at once; set back and put right again, it must not leave segments that look older than they
/// are. Nobody can tell which of the two times is the right one, so until the time from before would have become old anyway, segments are
/// named by the later one and deleted by the earlier one: at worst they stay for longer.
struct RetentionClock {
    /// Milliseconds that the wall clock may be off between two readings: a clock that is steered moves by far less.
    static let tolerance: UInt64 = 60_000
    /// Monotonic milliseconds after which a new time is taken: the retention.
    var patience: Int64
    private var anchor: SpoolInstant
    /// Monotonic milliseconds at which the wall clock was first seen elsewhere.
    private var strayedAt: Int64?

    init(patience: Int64, now: SpoolInstant) {
        self.patience = patience
        anchor = now
    }

    /// Wall-clock milliseconds: `sealing` for the name of a segment that is sealed now, `pruning` to count an age from.
    mutating func read(_ now: SpoolInstant) -> (sealing: Int64, pruning: Int64) {
        let steady = anchor.wall &+ (now.monotonic &- anchor.monotonic)
        if (now.wall &- steady).magnitude > Self.tolerance {
            let since = strayedAt ?? now.monotonic
            if now.monotonic - since < patience {
                strayedAt = since
                return (max(now.wall, steady), min(now.wall, steady))
            }
        }
        anchor = now
        strayedAt = nil
        return (now.wall, now.wall)
    }
}

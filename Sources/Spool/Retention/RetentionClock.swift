/// Provides two times: one for the names of segments, and one that decides which segments are old enough to be deleted. Both are safe if the wall
/// clock is set while the daemon runs.
///
/// If the clock is set ahead, the segments must not all become old at once. If the clock is set back and corrected later, no segment must look older
/// than it is. After a change, it is unknown whether the clock was right before or is right now. So until `patience` has passed, there are two times:
/// the clock's new time, and the time that the clock would show without the change. The later time names segments, and the earlier time decides about
/// deletion. The worst effect is that segments are kept longer.
struct RetentionClock {
    /// How far the wall clock may deviate from the expected time between two readings. A clock that is adjusted gradually moves by far less.
    /// Milliseconds.
    static let tolerance: UInt64 = 60_000
    /// How long Tributary distrusts the wall clock after the clock was changed (`RetentionSetting.clockPatience`). Monotonic milliseconds.
    var patience: Int64
    private var anchor: SpoolInstant
    /// When the wall clock was first seen to deviate from the expected time; nil while it does not. Monotonic milliseconds.
    private var strayedAt: Int64?

    init(patience: Int64, now: SpoolInstant) {
        self.patience = patience
        anchor = now
    }

    /// Two times in wall-clock milliseconds: `sealing` for the name of a segment that is sealed now, and `pruning` for computing the ages of
    /// segments.
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

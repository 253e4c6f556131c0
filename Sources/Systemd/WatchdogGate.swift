/// Decides whether `WATCHDOG=1` is sent to the service manager.
///
/// The message is sent only while every part of the daemon has reported progress within its limit. If one part is stuck, the message is not sent,
/// even if all other parts work. systemd then ends and restarts the daemon (`WatchdogSec=` of the unit). This is a plain value without a clock or a
/// socket.
package struct WatchdogGate: Sendable {
    /// A part that has been silent for longer than its limit.
    package struct Starving: Equatable, Sendable {
        /// The part's name.
        package let part: String
        /// How long the part has been silent.
        package let silence: Duration
        /// The longest silence allowed.
        package let bound: Duration
    }

    /// What to do after a check.
    package enum Action: Equatable, Sendable {
        /// Send `WATCHDOG=1`.
        case keepAlive
        /// Report that this part is stuck; `WATCHDOG=1` is not sent. As long as the same part is stuck, this action is returned only once.
        case reportStarving(Starving)
        /// Report that the part which was reported as stuck makes progress again, or has ended.
        case reportRecovered(part: String)
    }

    private var reported: String?

    /// Creates a gate that has reported nothing yet.
    package init() {}

    /// The actions at `now` according to the heartbeats. Without any parts, the daemon counts as alive.
    package mutating func decide(_ samples: [HeartbeatSample], now: MonotonicTime) -> [Action] {
        let starving = Self.starving(samples, now: now)
        let held = reported
        reported = starving?.part
        guard let starving else {
            return (held.map { [.reportRecovered(part: $0)] } ?? []) + [.keepAlive]
        }
        return held == starving.part ? [] : [.reportStarving(starving)]
    }

    /// The part that exceeded its limit first. That part is the most likely cause, because the other parts may only be waiting for it.
    package static func starving(_ samples: [HeartbeatSample], now: MonotonicTime) -> Starving? {
        samples
            .map { Starving(part: $0.part, silence: now.since($0.lastBeat), bound: $0.bound) }
            .filter { $0.silence > $0.bound }
            .max { left, right in
                let (leftOver, rightOver) = (left.silence - left.bound, right.silence - right.bound)
                return leftOver == rightOver ? left.part > right.part : leftOver < rightOver
            }
    }
}

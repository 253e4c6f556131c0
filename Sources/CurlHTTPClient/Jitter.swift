/// A small random number generator (SplitMix64) with a seed. With the same seed, a run and its waits can be reproduced.
package struct Jitter: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Creates a generator; equal seeds give equal sequences.
    package init(seed: UInt64) { state = seed }

    /// The next random number.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Full jitter: a random wait between one second and `2^attempt` seconds, at most `cap` seconds. `attempt` starts at 1.
    package mutating func backoff(attempt: Int, cap: Double) -> Duration {
        let ceiling = min(cap, Double(UInt64(1) << UInt64(min(max(attempt, 1), 16))))
        return .seconds(Double.random(in: 1...max(1, ceiling), using: &self))
    }

    /// A random wait between zero and `seconds`.
    package mutating func upTo(_ seconds: Double) -> Duration { .seconds(Double.random(in: 0...seconds, using: &self)) }
}

/// A deterministic stream of numbers: SplitMix64 (Steele, Lea, Flood 2014). The same seed gives the same numbers on every machine.
struct Rolls {
    private var state: UInt64

    init(_ state: UInt64) {
        self.state = state
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Seed.scramble(state)
    }

    /// A number in `0..<bound`; `bound` is above zero and far below 2^32.
    mutating func below(_ bound: Int) -> Int {
        Int(((next() >> 32) &* UInt64(bound)) >> 32)
    }

    /// True with probability `share`, 0…1.
    mutating func chance(_ share: Double) -> Bool {
        Double(next() >> 11) * 0x1p-53 < share
    }
}

/// Derives independent numbers from the org's seed, so that event `i` does not depend on event `i - 1`.
enum Seed {
    enum Purpose: UInt64 {
        case identity = 1
        case publication, body, cursor, request, pools, phase, fault, people, action
    }

    static func scramble(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    static func derive(_ seed: UInt64, _ purpose: Purpose, _ number: Int) -> UInt64 {
        scramble(scramble(seed &+ purpose.rawValue &* 0xD6E8_FEB8_6659_FD93) ^ UInt64(bitPattern: Int64(number)))
    }
}

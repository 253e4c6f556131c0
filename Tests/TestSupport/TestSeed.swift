import Foundation

/// The seed of a random test. It is printed, so that a failure can be repeated.
///
/// `TRIBUTARY_SEED=N` repeats a run. If `CI` is set, every run uses the same seed, so that a test fails only after a change of the code. Otherwise,
/// each run uses a new seed.
package enum TestSeed {
    package static func seed(of test: String) -> UInt64 {
        let seed = choose(test, ProcessInfo.processInfo.environment)
        print("seed of \(test): TRIBUTARY_SEED=\(seed)")
        return seed
    }

    static func choose(_ test: String, _ environment: [String: String]) -> UInt64 {
        if let given = environment["TRIBUTARY_SEED"].flatMap(UInt64.init) { return given }
        if environment["CI"] != nil { return fixed(test) }
        return UInt64.random(in: .min ... .max)
    }

    /// The FNV-1a hash of the test's name. Unlike a value of `Hasher`, it is the same in each process.
    private static func fixed(_ test: String) -> UInt64 {
        test.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

import Foundation

/// The seed of a random test, printed so that a failure can be repeated.
///
/// `TRIBUTARY_SEED=N` repeats a run. With `CI` set every run takes the same seed, so that only a change of the code turns a test red;
/// elsewhere each run takes a new one.
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

    /// FNV-1a of the name: another for each test, the same in each process, which `Hasher` is not.
    private static func fixed(_ test: String) -> UInt64 {
        test.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

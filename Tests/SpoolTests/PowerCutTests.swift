import CollectionSimulation
import Testing

@testable import Spool

@Suite("After a power cut")
struct PowerCutTests {
    @Test("whichever unsynchronized changes are lost, each record is in one segment, once", arguments: 1...4)
    func powerCuts(_ seed: UInt64) throws {
        var cuts = 0
        defer { print("\(cuts) power cuts with seed \(seed)") }
        var generator = SeededGenerator(seed: seed)
        let base = try SimulatedCollection()
        let rehearsal = PowerCutFileSystem()
        try base.collectAndSeal(rehearsal)
        for cutAt in 1...rehearsal.count {
            for round in 0..<3 {
                let disk = PowerCutFileSystem()
                var seen: Set<String> = []
                // Up to three power cuts follow each other. Each of the later ones comes within 60 operations of a start, often during the recovery.
                for nth in 0...round {
                    disk.cut(at: nth == 0 ? cutAt : Int.random(in: 1...60, using: &generator))
                    try? base.collectAndSeal(disk)
                    disk.reboot(&generator)
                    cuts += 1
                    if let reader = try? SpoolReader(directory: base.settings.directory, fileSystem: disk) {
                        seen.formUnion(try reader.segments().filter { $0.segment != nil }.map(\.path))
                    }
                }
                try base.collectAndSeal(disk)
                let reader = try SpoolReader(directory: base.settings.directory, fileSystem: disk)
                let result = try reader.verify(SimulatedCollection.options)
                let context = "seed \(seed), cut at \(cutAt), round \(round)"
                #expect(result.problems == [], "\(context)")
                #expect(result.records == base.total, "\(context)")
                #expect(result.gone == 0, "\(context)")
                // A loader may have seen the segments that existed after any of the power cuts, so these must still exist at the end.
                #expect(seen.isSubset(of: try reader.segments().map(\.path)), "\(context)")
            }
        }
    }
}

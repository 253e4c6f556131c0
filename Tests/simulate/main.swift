import CollectionSimulation
import Glibc
import Synchronization

// Runs the simulation with many seeds. A failing run is printed. Unless --until-failure or --verbose is given, the run is then shrunk.
let usage = """
    usage: simulate-collection FIRST|random COUNT [--fleet] [--lanes N] [--without FEATURE,…] [--until-failure] [--verbose]
           simulate-collection --steady DIRECTORY [--rate EVENTS-A-SECOND] [--delay MINUTES]
    """
let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.first == "--steady" { await measureSteadily(arguments) }
guard arguments.count >= 2, let count = UInt64(arguments[1]), count > 0,
    let first = arguments[0] == "random" ? UInt64.random(in: 0...UInt64.max / 2) : UInt64(arguments[0])
else {
    print(usage)
    exit(64)
}
let isVerbose = arguments.contains("--verbose")
let isFleet = arguments.contains("--fleet")
let stopsAtFailure = arguments.contains("--until-failure")
// The features that are switched off, for example because a failing run does not need them.
let without = Set(
    (arguments.firstIndex(of: "--without").flatMap { arguments.dropFirst($0 + 1).first } ?? "").split(separator: ",")
        .compactMap { name in Scenario.Feature.allCases.first { "\($0)" == name } })
let lanes = arguments.firstIndex(of: "--lanes").flatMap { arguments.dropFirst($0 + 1).first }.flatMap { Int($0) } ?? 2

let next = Mutex<UInt64>(0)
let summary = Mutex(Summary())
let began = ContinuousClock.now

await withTaskGroup(of: Void.self) { group in
    for _ in 0..<(isVerbose ? 1 : lanes) {
        group.addTask {
            guard let lane = try? SimulationLane(isVerbose: isVerbose) else { return }
            while true {
                let number = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard number < count, !stopsAtFailure || summary.withLock({ $0.failed == 0 }) else { return }
                let seed = first &+ number
                let verdict = await lane.run(Scenario(seed: seed, isFleet: isFleet, without: without))
                summary.withLock { summary in
                    summary.add(verdict)
                    guard summary.runs % 5_000 == 0 else { return }
                    print("\(summary.runs) runs, \(summary.failed) failed")
                    fflush(nil)
                }
                guard !verdict.isGood else { continue }
                print("seed \(seed): \(verdict)")
                // Without a flush, output to a file would appear late.
                fflush(nil)
                guard !isVerbose, !stopsAtFailure else { continue }
                await print("    " + Shrinking(lane, isFleet: isFleet).smallest(seed, without: without))
            }
        }
    }
}
let seconds = (ContinuousClock.now - began) / .seconds(1)
let result = summary.withLock(\.self)
print("seeds from \(first): \(result)")
print("\(Int(Double(result.runs) / seconds * 60)) runs a minute")
print("\(result.runs - result.failed) passed, \(result.failed) failed")
exit(result.failed > 0 ? 1 : 0)

import TestSupport
import Testing

@testable import Fleet

@Suite("a fleet with random faults")
struct RandomFleetTests {
    private static let names = ["a", "b", "c", "d", "e"]

    @Test(
        "two hosts never hold the same integration, and the shares become fair when the faults are over",
        arguments: 0..<60)
    func trouble(run: UInt64) {
        var generator = SeededGenerator(seed: TestSeed.seed(of: "a fleet in random trouble") &+ run)
        let count = Int.random(in: 1...40, using: &generator)
        let all = Set((0..<count).map { "org-\($0)" })
        var fleet = ModelFleet(SeededGenerator(seed: UInt64.random(in: 0 ... .max, using: &generator)))
        for name in Self.names.prefix(Int.random(in: 2...5, using: &generator)) { fleet.add(name, all) }
        fleet.lostAnswers = 10
        for _ in 0..<400 {
            disturb(&fleet, all, &generator)
            fleet.advance()
            #expect(fleet.heldTwice.isEmpty)
        }
        calm(&fleet, all)
        // 260 rounds are 78 s. The shares need over a minute to become fair, because a host keeps integrations beyond its share for a minute.
        for _ in 0..<260 {
            fleet.advance()
            #expect(fleet.heldTwice.isEmpty)
        }
        let held = fleet.held
        #expect(held.values.reduce(0, +) == count, "\(held)")
        #expect((held.values.max() ?? 0) - (held.values.min() ?? 0) <= 1, "\(held)")
        let moves = fleet.moves
        for _ in 0..<100 { fleet.advance() }
        #expect(fleet.moves == moves, "once the shares are fair, no integration may move")
    }

    @Test("a host that joins has its share within seconds, and each integration moves once")
    func joins() {
        var fleet = ModelFleet(SeededGenerator(seed: 1))
        let all = Set((0..<300).map { "org-\($0)" })
        fleet.add("a", all)
        fleet.add("b", all)
        while fleet.held != ["a": 150, "b": 150], fleet.moves < 1000 { fleet.advance() }
        fleet.add("c", all)
        let moves = fleet.moves
        var rounds = 0
        while fleet.held["c"] != 100, rounds < 100 {
            fleet.advance()
            rounds += 1
        }
        #expect(fleet.held == ["a": 100, "b": 100, "c": 100])
        #expect(fleet.moves == moves + 100)
        // Each of the hosts a and b hands over 50 integrations, at most 32 at a time. A hand-over takes at most 1.5 s.
        #expect(rounds < 20)
    }

    @Test("if a host is killed, other hosts take its integrations within the time to live plus a second")
    func takeover() {
        for seed in 0..<20 {
            var fleet = ModelFleet(SeededGenerator(seed: UInt64(seed)))
            let all = Set((0..<30).map { "org-\($0)" })
            for name in ["a", "b", "c"] { fleet.add(name, all) }
            for _ in 0..<(20 + seed) { fleet.advance() }
            fleet.hosts["b"]?.isRunning = false
            let killed = fleet.now
            while fleet.owners.values.contains(where: { $0.host == "b" }) || fleet.owners.count < 30 { fleet.advance() }
            #expect(killed.duration(to: fleet.now) <= ModelFleet.ttl + .seconds(1))
        }
    }

    /// A fault or a change in a fleet.
    private func disturb(_ fleet: inout ModelFleet, _ all: Set<String>, _ generator: inout SeededGenerator) {
        guard Int.random(in: 0..<6, using: &generator) == 0,
            let name = fleet.hosts.keys.sorted().randomElement(using: &generator)
        else { return }
        let time = fleet.now + .milliseconds(Int.random(in: 100...6000, using: &generator))
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: fleet.hosts[name]?.pausedUntil = time
        case 1: fleet.hosts[name]?.isCutOff.toggle()
        case 2: fleet.hosts[name]?.isRunning = false
        case 3:
            // A new process starts under the same name.
            if fleet.hosts[name]?.isRunning == false { fleet.add(name, all) }
        case 4: fleet.draining.insert(name)
        case 5: fleet.draining.remove(name)
        case 6:
            // A configuration is being rolled out.
            let some = all.filter { _ in Int.random(in: 0..<3, using: &generator) > 0 }
            fleet.hosts[name]?.member.use(Set(some))
        default: fleet.hosts[name]?.member.use(all)
        }
    }

    private func calm(_ fleet: inout ModelFleet, _ all: Set<String>) {
        fleet.lostAnswers = 0
        fleet.draining = []
        for name in fleet.hosts.keys.sorted() {
            if fleet.hosts[name]?.isRunning == false { fleet.add(name, all) }
            fleet.hosts[name]?.isCutOff = false
            fleet.hosts[name]?.pausedUntil = nil
            fleet.hosts[name]?.member.use(all)
        }
    }
}

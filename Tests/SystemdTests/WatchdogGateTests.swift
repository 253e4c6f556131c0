import Testing

@testable import Systemd

@Suite("When the watchdog is notified")
struct WatchdogGateTests {
    private func at(_ seconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    private func part(_ name: String, bound: Int, beatAt: UInt64) -> HeartbeatSample {
        HeartbeatSample(part: name, bound: .seconds(bound), lastBeat: at(beatAt))
    }

    @Test("if every part is within its time limit, or there are no parts, the watchdog is notified")
    func alive() {
        var gate = WatchdogGate()
        #expect(gate.decide([], now: at(100)) == [.keepAlive])
        #expect(
            gate.decide([part("a", bound: 30, beatAt: 70), part("b", bound: 5, beatAt: 99)], now: at(100)) == [
                .keepAlive
            ])
    }

    @Test("a part that waits for hours and still sends heartbeats does not count as hanging")
    func waiting() {
        var gate = WatchdogGate()
        for now in stride(from: UInt64(0), to: 36_000, by: 15) {
            #expect(
                gate.decide([part("collector acme", bound: 30, beatAt: now - now % 20)], now: at(now)) == [.keepAlive])
        }
    }

    @Test(
        "if one part hangs, the watchdog is no longer notified, although the others send heartbeats; the part is reported once"
    )
    func stuck() {
        var gate = WatchdogGate()
        var actions: [WatchdogGate.Action] = []
        for now in stride(from: UInt64(0), through: 90, by: 15) {
            actions += gate.decide(
                [part("spool", bound: 40, beatAt: 0), part("transport", bound: 5, beatAt: now)], now: at(now))
        }
        #expect(
            actions == [
                .keepAlive, .keepAlive, .keepAlive,
                .reportStarving(.init(part: "spool", silence: .seconds(45), bound: .seconds(40))),
            ])
    }

    @Test("if a part that hung sends heartbeats again, this is reported, and the watchdog is notified again")
    func recovers() {
        var gate = WatchdogGate()
        _ = gate.decide([part("spool", bound: 10, beatAt: 0)], now: at(20))
        #expect(
            gate.decide([part("spool", bound: 10, beatAt: 21)], now: at(25)) == [
                .reportRecovered(part: "spool"), .keepAlive,
            ])
        #expect(gate.decide([part("spool", bound: 10, beatAt: 21)], now: at(26)) == [.keepAlive])
    }

    @Test("if several parts hang, the one that exceeds its time limit most is reported")
    func firstCause() {
        let samples = [
            part("b", bound: 50, beatAt: 0), part("a", bound: 10, beatAt: 30), part("c", bound: 1, beatAt: 99),
        ]
        #expect(WatchdogGate.starving(samples, now: at(100))?.part == "a")
    }

    @Test(
        "if a heartbeat arrives during a check and is newer than the check's time, the part does not count as hanging")
    func racing() {
        var gate = WatchdogGate()
        #expect(gate.decide([part("a", bound: 1, beatAt: 101)], now: at(100)) == [.keepAlive])
    }

    @Test("parts can be added and removed; a part that is released without retiring is removed, too")
    func registry() {
        let heartbeats = Heartbeats()
        let spool = heartbeats.register("spool", bound: .seconds(30))
        let collector = heartbeats.register("collector acme", bound: .milliseconds(1))
        do {
            let brief = heartbeats.register("brief", bound: .seconds(30))
            #expect(heartbeats.samples().count == 3)
            withExtendedLifetime(brief) {}
        }
        #expect(Set(heartbeats.samples().map(\.part)) == ["spool", "collector acme"])
        #expect(heartbeats.samples().first { $0.part == "collector acme" }?.bound == .seconds(1))
        collector.retire()
        #expect(heartbeats.samples().map(\.part) == ["spool"])
        let before = heartbeats.samples().map(\.lastBeat)
        let clock = MonotonicTime.now()
        spool.beat()
        #expect(heartbeats.samples().map(\.lastBeat) >= [clock])
        #expect(before <= [clock])
    }

    @Test("many tasks can add parts, send heartbeats and read them at the same time")
    func concurrent() async {
        let heartbeats = Heartbeats()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<8 {
                group.addTask {
                    for _ in 0..<200 {
                        let heartbeat = heartbeats.register("part \(index)", bound: .seconds(30))
                        heartbeat.beat()
                        _ = heartbeats.samples()
                    }
                }
            }
        }
        #expect(heartbeats.samples().isEmpty)
    }
}

extension [MonotonicTime] {
    fileprivate static func <= (left: Self, right: Self) -> Bool { zip(left, right).allSatisfy { $0 <= $1 } }
    fileprivate static func >= (left: Self, right: Self) -> Bool { zip(left, right).allSatisfy { $0 >= $1 } }
}

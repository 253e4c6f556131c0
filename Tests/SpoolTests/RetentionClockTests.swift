import Testing

@testable import Spool

@Suite("Retention when the clock is changed")
struct RetentionClockTests {
    typealias Simulation = SimulatedCollection

    private static let day: Int64 = 86_400

    /// The instant `seconds` after the start, with a wall clock that is `off` seconds ahead.
    private func instant(_ seconds: Int64, off: Int64 = 0) -> SpoolInstant {
        var instant = Simulation.instant(seconds)
        instant.wall += off * 1_000
        return instant
    }

    @Test(
        "if the clock is changed while the daemon runs, and corrected later, no segment is deleted too early",
        arguments: [-day, day, -400 * day, 20_000 * day])
    func jump(_ off: Int64) throws {
        var collection = try Simulation()
        collection.settings.retention = .after(.seconds(3_600))
        let writer = try collection.open(ScriptedFileSystem())
        var sealed = 0
        func sealOne(_ seconds: Int64, off: Int64) throws {
            try Simulation.append(sealed, to: writer)
            sealed += 1
            try writer.commit(cursor: "\(sealed)", at: instant(seconds, off: off))
            try writer.seal(at: instant(seconds, off: off))
        }
        try sealOne(0, off: 0)
        for seconds in stride(from: Int64(100), through: 1_000, by: 100) { try sealOne(seconds, off: off) }
        for seconds in stride(from: Int64(1_100), through: 3_000, by: 100) { try sealOne(seconds, off: 0) }
        #expect(try collection.visible().count == sealed, "no segment is deleted before it is an hour old")
        try writer.sealIfDue(at: instant(3_700))
        #expect(try collection.visible().count < sealed, "the first segment is deleted after an hour")
    }

    @Test(
        "if the clock is set ahead, retention uses the new time once the change has lasted for the retention period; if it is set back, at once"
    )
    func newTime() {
        var clock = RetentionClock(patience: 3_600_000, now: instant(0))
        let day = Self.day
        #expect(clock.read(instant(10)) == (instant(10).wall, instant(10).wall))
        #expect(clock.read(instant(20, off: day)) == (instant(20, off: day).wall, instant(20).wall))
        #expect(clock.read(instant(30, off: -day)) == (instant(30).wall, instant(30, off: -day).wall))
        #expect(clock.read(instant(3_619, off: day)).pruning == instant(3_619).wall)
        #expect(clock.read(instant(3_620, off: day)).pruning == instant(3_620, off: day).wall)
        #expect(
            clock.read(instant(3_630)).pruning == instant(3_630).wall, "the clock was corrected, so its time is used")
    }

    @Test("if a clock is adjusted by a few seconds per hour, retention uses its time immediately")
    func steered() {
        var clock = RetentionClock(patience: 3_600_000, now: instant(0))
        for hour in 1...200 as ClosedRange<Int64> {
            let now = instant(hour * 3_600, off: hour * 2)
            #expect(clock.read(now) == (now.wall, now.wall))
        }
    }
}

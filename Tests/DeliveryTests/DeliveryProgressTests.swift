import Testing

@testable import Delivery

@Suite("The progress of a delivery")
struct DeliveryProgressTests {
    @Test("a delivery acknowledges segments only up to the first one that is not delivered")
    func run() {
        var progress = DeliveryProgress(acknowledged: 10)
        for sequence in 11...14 as ClosedRange<Int64> { progress.take(sequence) }
        progress.finish(12)
        progress.finish(14)
        #expect(progress.position == 10)
        #expect(!progress.isAhead)
        #expect(progress.underWay == 2)
        #expect(progress.unacknowledged == 2)
        progress.finish(11)
        #expect(progress.position == 12)
        #expect(progress.isAhead)
        progress.acknowledge(through: progress.position)
        #expect(progress.acknowledged == 12)
        #expect(progress.span == 2)
        progress.finish(13)
        #expect(progress.position == 14)
        #expect(progress.unacknowledged == 2)
        progress.acknowledge(through: progress.position)
        #expect(progress.span == 0)
    }

    @Test("a position is skipped if it has no segment, or is not in the manifest")
    func gaps() {
        var progress = DeliveryProgress(acknowledged: 0)
        progress.pass(3)
        #expect(progress.position == 3)
        progress.take(7)
        progress.pass(8)
        #expect(progress.position == 3)
        progress.finish(7)
        #expect(progress.position == 8)
    }

    @Test("a wait between attempts is at most a minute, or at most five minutes if the destination asks for it")
    func waits() {
        var generator = SystemRandomNumberGenerator()
        var schedule = RetrySchedule()
        for attempt in 1...100 {
            let wait = schedule.next(retryAfter: nil, using: &generator)
            #expect(wait >= .milliseconds(500))
            #expect(wait <= .seconds(min(60, 1 << min(attempt, 10))))
        }
        #expect(schedule.next(retryAfter: .seconds(90), using: &generator) == .seconds(90))
        #expect(schedule.next(retryAfter: .seconds(86_400), using: &generator) == .seconds(300))
    }

    @Test(
        "while a destination is down, each of four segments is tried about twice a minute, and a message is logged every ten minutes"
    )
    func day() {
        var generator = SystemRandomNumberGenerator()
        var health = DeliveryHealth()
        var schedules = [Int64: RetrySchedule]()
        // The time at which the next attempt of each segment is due, in milliseconds after the start.
        var due: [Int64: Int64] = [1: 0, 2: 0, 3: 0, 4: 0]
        var lines = 0
        while let (sequence, now) = due.min(by: { $0.value < $1.value }), now < 86_400_000 {
            let wait = schedules[sequence, default: RetrySchedule()].next(retryAfter: nil, using: &generator)
            due[sequence] = now + wait.components.seconds * 1000 + wait.components.attoseconds / 1_000_000_000_000_000
            let line = health.failed(
                sequence, DeliveryTrouble("no answer", remedy: "wait"), segment: nil, isFinal: false, nextAttempt: nil,
                now: now)
            lines += line == nil ? 0 : 1
        }
        for schedule in schedules.values { #expect((2600...3100).contains(schedule.attempts)) }
        #expect((140...145).contains(lines))
        #expect([1, 2, 3, 4].compactMap { health.succeeded($0) } == [.recovered])
    }

    @Test("a problem is logged when it begins, repeatedly while it lasts, and when it is over")
    func lines() {
        var health = DeliveryHealth()
        let trouble = DeliveryTrouble("no", remedy: "do")
        func fail(_ sequence: Int64, _ now: Int64, final: Bool = false) -> DeliveryHealth.Line? {
            health.failed(sequence, trouble, segment: "s", isFinal: final, nextAttempt: nil, now: now)
        }
        #expect(fail(1, 1000) == .waiting(trouble))
        #expect(fail(2, 2000) == nil)
        #expect(fail(1, 599_000) == nil)
        #expect(fail(1, 601_000) == .waiting(trouble))
        #expect(fail(2, 602_000, final: true) == .stopped(trouble))
        #expect(health.isStopped)
        #expect(health.worst?.isFinal == true)
        #expect(health.succeeded(2) == nil)
        #expect(!health.isStopped)
        #expect(health.worst?.attempts == 3)
        #expect(health.succeeded(1) == .recovered)
        #expect(health.succeeded(1) == nil)
    }
}

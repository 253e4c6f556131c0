import Testing

@testable import Collector

@Suite("An integration's health")
struct IntegrationHealthTests {
    private let refused = IntegrationHealth.Trouble(
        kind: "unauthorized", message: "Okta refused the credential", remedy: "make a new token")

    private func live(at now: Int64) -> IntegrationHealth {
        var health = IntegrationHealth(since: 0)
        _ = health.committed(events: 3, rejected: 0, newest: now, isCaughtUp: true, requestID: "r1", at: now)
        return health
    }

    @Test("the first page makes it live, and says so once")
    func becomesLive() {
        var health = IntegrationHealth(since: 0)
        #expect(
            health.committed(events: 0, rejected: 0, newest: nil, isCaughtUp: true, requestID: nil, at: 10)
                == .becameLive)
        #expect(health.state == .live)
        #expect(
            health.committed(events: 1, rejected: 0, newest: 15, isCaughtUp: true, requestID: nil, at: 20) == nil)
        #expect(health.since == 10)
    }

    @Test("trouble is announced at once, again every ten minutes, and its end with how long it lasted")
    func troubleIsAnnounced() {
        var health = live(at: 1000)
        #expect(
            health.troubled(refused, requestID: nil, nextAttempt: 62_000, at: 2000) == .entered(refused))
        #expect(health.state == .failing)
        #expect(health.troubled(refused, requestID: nil, nextAttempt: nil, at: 62_000) == nil)
        #expect(
            health.troubled(refused, requestID: nil, nextAttempt: nil, at: 602_000)
                == .stillIn(refused, forSeconds: 600))
        #expect(health.attempts == 3)
        #expect(
            health.committed(events: 1, rejected: 0, newest: nil, isCaughtUp: true, requestID: nil, at: 662_000)
                == .recovered(from: refused, afterSeconds: 660))
        #expect(health.trouble == nil)
    }

    @Test("a clock that is set back a day does not silence a lasting trouble")
    func setBack() {
        let day: Int64 = 86_400_000
        var health = live(at: 2 * day)
        _ = health.troubled(refused, requestID: nil, nextAttempt: nil, at: 2 * day)
        #expect(
            health.troubled(refused, requestID: nil, nextAttempt: nil, at: day) == .stillIn(refused, forSeconds: 0))
        #expect(health.sealed(unsealedRecords: 1, failure: refused, at: 2 * day))
        #expect(!health.sealed(unsealedRecords: 1, failure: refused, at: 2 * day + 1))
        #expect(health.sealed(unsealedRecords: 1, failure: refused, at: day))
    }

    @Test("another kind of trouble is announced, though there was trouble already")
    func otherTrouble() {
        var health = live(at: 0)
        _ = health.troubled(refused, requestID: nil, nextAttempt: nil, at: 1)
        let unreachable = IntegrationHealth.Trouble(kind: "connect", message: "no answer", remedy: "check the route")
        #expect(health.troubled(unreachable, requestID: nil, nextAttempt: nil, at: 2) == .entered(unreachable))
    }

    @Test("waiting for a rate limit or for the spool is not a failure of the org")
    func kindsOfTrouble() {
        var limited = refused
        limited.isRateLimit = true
        var full = refused
        full.isSpool = true
        var health = live(at: 0)
        _ = health.troubled(limited, requestID: nil, nextAttempt: nil, at: 1)
        #expect(health.state == .rateLimited)
        _ = health.troubled(full, requestID: nil, nextAttempt: nil, at: 2)
        #expect(health.state == .paused)
    }

    @Test("a quiet org has no growing lag; a backlog has the age of its newest event; silence from Okta counts")
    func lag() {
        var health = IntegrationHealth(since: 0)
        #expect(health.lag(at: 5000) == nil)
        _ = health.committed(events: 1000, rejected: 0, newest: 1000, isCaughtUp: false, requestID: nil, at: 10_000)
        #expect(health.lag(at: 11_000) == 10_000)
        _ = health.committed(events: 0, rejected: 0, newest: nil, isCaughtUp: true, requestID: nil, at: 20_000)
        #expect(health.lag(at: 21_000) == 1000)
        _ = health.troubled(refused, requestID: nil, nextAttempt: nil, at: 30_000)
        #expect(health.lag(at: 80_000) == 60_000)
    }

    @Test("late events do not move the newest event back")
    func lateEvents() {
        var health = live(at: 9000)
        _ = health.committed(events: 1, rejected: 0, newest: 4000, isCaughtUp: true, requestID: nil, at: 9500)
        #expect(health.lastEvent == 9000)
    }
}

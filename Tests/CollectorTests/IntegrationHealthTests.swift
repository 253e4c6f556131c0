import Glibc
import Spool
import Testing

@testable import Collector

@Suite("An integration's health")
struct IntegrationHealthTests {
    private let refused = IntegrationHealth.Trouble(
        kind: .unauthorized, message: "Okta refused the credential", remedy: "make a new token")

    private func live(at now: Int64) -> IntegrationHealth {
        var health = IntegrationHealth(since: 0)
        _ = health.committed(.init(events: 3, newest: now, isCaughtUp: true), at: now)
        return health
    }

    @Test("the first page makes the integration live, and this is logged once")
    func becomesLive() {
        var health = IntegrationHealth(since: 0)
        #expect(
            health.committed(.init(events: 0, newest: nil, isCaughtUp: true), at: 10)
                == .becameLive)
        #expect(health.state == .live)
        #expect(
            health.committed(.init(events: 1, newest: 15, isCaughtUp: true), at: 20) == nil)
        #expect(health.since == 10)
    }

    @Test(
        "a problem is logged immediately, then every ten minutes, and when it ends; the last message says how long it lasted"
    )
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
            health.committed(.init(events: 1, newest: nil, isCaughtUp: true), at: 662_000)
                == .recovered(from: refused, afterSeconds: 660))
        #expect(health.trouble == nil)
    }

    @Test("if the disk can't read a file, the remedy does not promise that nothing is lost")
    func unreadableFile() {
        let journal = "/state/integrations/acme/journal-000000000001"
        for operation in [FileOperation.read, .open, .list] {
            let error = SpoolError.file(FileError(operation, journal, code: EIO))
            let remedy = IntegrationHealth.Trouble(spool: error).remedy
            #expect(remedy.contains("once the file can be read"))
            #expect(!remedy.contains("Nothing is lost") && !remedy.contains("written"))
        }
        let unwritable = SpoolError.file(FileError(.write, journal, code: EIO))
        #expect(IntegrationHealth.Trouble(spool: unwritable).remedy.contains("once the spool can be written"))
    }

    @Test("a lasting problem is still logged after the clock was set back by a day")
    func setBack() {
        let day: Int64 = 86_400_000
        var health = live(at: 2 * day)
        _ = health.troubled(refused, requestID: nil, nextAttempt: nil, at: 2 * day)
        #expect(
            health.troubled(refused, requestID: nil, nextAttempt: nil, at: day) == .stillIn(refused, forSeconds: 0))
        #expect(health.sealed(waiting, failure: refused, at: 2 * day) == .entered(refused))
        #expect(health.sealed(waiting, failure: refused, at: 2 * day + 1) == nil)
        #expect(health.sealed(waiting, failure: refused, at: day) == .stillIn(refused, forSeconds: 0))
    }

    private let waiting = IngestWorker.Unsealed(records: 1, due: 300_000)

    @Test("when sealing works again, this is logged once, with the duration of the failure")
    func sealedAgain() {
        var health = live(at: 0)
        _ = health.sealed(waiting, failure: refused, at: 10_000)
        #expect(health.sealed(.init(), failure: nil, at: 70_000) == .recovered(from: refused, afterSeconds: 60))
        #expect(health.sealed(.init(), failure: nil, at: 80_000) == nil)
        #expect(health.unsealed.records == 0)
    }

    @Test(
        "if the host's clock is wrong by more than a minute, this is logged once, and again if the clock was correct in between"
    )
    func clock() {
        var health = live(at: 0)
        #expect(health.answered(0, at: 60_000) == nil)
        #expect(health.answered(0, at: 7_200_000) == 7200)
        #expect(health.answered(0, at: 7_200_000) == nil)
        #expect(health.clockAhead == 7200)
        #expect(health.answered(10_000, at: 9_000) == nil)
        #expect(health.clockAhead == nil)
        #expect(health.answered(7_200_000, at: 0) == -7200)
    }

    @Test("a new kind of problem is logged, even while an earlier problem lasts")
    func otherTrouble() {
        var health = live(at: 0)
        _ = health.troubled(refused, requestID: nil, nextAttempt: nil, at: 1)
        let unreachable = IntegrationHealth.Trouble(kind: .unreachable, message: "no answer", remedy: "check the route")
        #expect(health.troubled(unreachable, requestID: nil, nextAttempt: nil, at: 2) == .entered(unreachable))
    }

    @Test("if an integration waits for a rate limit or for the spool, the org does not count as failing")
    func kindsOfTrouble() {
        var limited = refused
        limited.kind = .rateLimited
        var full = refused
        full.kind = .spoolFull
        var health = live(at: 0)
        _ = health.troubled(limited, requestID: nil, nextAttempt: nil, at: 1)
        #expect(health.state == .rateLimited)
        _ = health.troubled(full, requestID: nil, nextAttempt: nil, at: 2)
        #expect(health.state == .paused)
    }

    @Test(
        "in a backlog the lag is the age of the newest collected event; otherwise it is the time since the last page"
    )
    func lag() {
        var health = IntegrationHealth(since: 0)
        #expect(health.lag(at: 5000) == nil)
        _ = health.committed(.init(events: 1000, newest: 1000, isCaughtUp: false), at: 10_000)
        #expect(health.lag(at: 11_000) == 10_000)
        _ = health.committed(.init(events: 0, newest: nil, isCaughtUp: true), at: 20_000)
        #expect(health.lag(at: 21_000) == 1000)
        _ = health.troubled(refused, requestID: nil, nextAttempt: nil, at: 30_000)
        #expect(health.lag(at: 80_000) == 60_000)
    }

    @Test("the lag is computed with Okta's clock, and one event with a future date does not hide a backlog")
    func lagByServer() {
        var health = IntegrationHealth(since: 0)
        // This host's clock is an hour ahead.
        let ahead: Int64 = 3_600_000
        _ = health.committed(.init(events: 10, newest: 1000, answered: 9000, isCaughtUp: false), at: ahead + 9000)
        #expect(health.lag(at: ahead + 9000) == 8000)
        _ = health.committed(.init(events: 1, newest: .max, answered: 10_000, isCaughtUp: false), at: ahead + 10_000)
        #expect(health.lag(at: ahead + 10_000) == 0)
        _ = health.committed(.init(events: 10, newest: 3000, answered: 11_000, isCaughtUp: false), at: ahead + 11_000)
        #expect(health.lag(at: ahead + 11_000) == 8000)
    }

    @Test("during a backfill, the lag is the tail's, and a page of the history does not end a problem of the tail")
    func backfill() {
        var health = IntegrationHealth(since: 0)
        let progress = BackfillProgress(from: 1000, until: 9000, reached: 1000)
        _ = health.committed(
            .init(way: .tail, events: 10, newest: 8500, answered: 9000, isCaughtUp: false, backfill: progress), at: 9000
        )
        #expect(health.lag(at: 9500) == 1000)
        #expect(health.state == .catchingUp)
        _ = health.committed(
            .init(way: .tail, events: 1, newest: 9900, isCaughtUp: true, backfill: progress), at: 10_000)
        #expect(health.state == .catchingUp, "the state is catching_up until the history ends")
        let half = BackfillProgress(from: 1000, until: 9000, reached: 5000)
        _ = health.committed(
            .init(way: .main, events: 10, newest: 5000, answered: 13_000, isCaughtUp: false, backfill: half), at: 13_000
        )
        #expect(health.lag(at: 13_000) == 3000)
        #expect(health.lastEvent == 9900)
        #expect(health.backfill?.fraction == 0.5)
        #expect(health.backfillRemaining(at: 13_000) == 4000)
        var broken = refused
        broken.way = .tail
        _ = health.troubled(broken, requestID: nil, nextAttempt: nil, at: 14_000)
        _ = health.committed(
            .init(way: .main, events: 1, newest: 5500, isCaughtUp: false, backfill: half), at: 15_000)
        #expect(health.trouble == broken)
        #expect(
            health.committed(.init(way: .tail, events: 0, isCaughtUp: true), at: 16_000)
                == .recovered(from: broken, afterSeconds: 2))
        #expect(health.state == .live)
        #expect(health.backfill == nil)
    }

    @Test("the last page of a backfill does not make the lag as large as the age of its events")
    func lagAfterBackfill() {
        var health = IntegrationHealth(since: 0)
        let progress = BackfillProgress(from: 1000, until: 9000, reached: 1000)
        _ = health.committed(
            .init(way: .tail, events: 1, newest: 999_000, answered: 1_000_000, isCaughtUp: true, backfill: progress),
            at: 1_000_000)
        _ = health.committed(
            .init(way: .main, events: 9, newest: 8_000, answered: 1_001_000, isCaughtUp: false, endsBackfill: true),
            at: 1_001_000)
        #expect(health.state == .live)
        #expect(health.lag(at: 1_001_000) == 1_000)
        // If the tail has a backlog of its own, collection is not live yet.
        _ = health.committed(
            .init(way: .tail, events: 9, newest: 900_000, answered: 1_002_000, isCaughtUp: false, backfill: progress),
            at: 1_002_000)
        _ = health.committed(
            .init(way: .main, events: 9, newest: 8_000, answered: 1_003_000, isCaughtUp: true, endsBackfill: true),
            at: 1_003_000)
        #expect(health.state == .catchingUp)
    }

    @Test("if the tail has a problem, the problem ends when the backfill ends")
    func backfillEnds() {
        var health = live(at: 0)
        let progress = BackfillProgress(from: 1000, until: 9000, reached: 1000)
        _ = health.committed(.init(way: .tail, events: 1, isCaughtUp: true, backfill: progress), at: 9000)
        var broken = refused
        broken.way = .tail
        _ = health.troubled(broken, requestID: nil, nextAttempt: nil, at: 10_000)
        #expect(
            health.committed(.init(way: .main, events: 1, isCaughtUp: true), at: 12_000)
                == .recovered(from: broken, afterSeconds: 2))
        #expect(health.state == .live)
    }

    @Test("unproven events and queries by time are counted")
    func unproven() {
        var health = live(at: 0)
        health.requeried()
        _ = health.committed(.init(events: 5, duplicates: 2, unproven: 4, isCaughtUp: false), at: 1)
        _ = health.committed(.init(events: 5, unproven: 0, isCaughtUp: true), at: 2)
        _ = health.committed(.init(events: 3, rejected: 1, unproven: 3, isCaughtUp: true), at: 3)
        #expect(health.unproven == 7)
        #expect(health.freshQueries == 1)
        #expect((health.events, health.rejected, health.duplicates) == (16, 1, 2))
    }

    @Test("a late event does not move the time of the newest event back")
    func lateEvents() {
        var health = live(at: 9000)
        _ = health.committed(.init(events: 1, newest: 4000, isCaughtUp: true), at: 9500)
        #expect(health.lastEvent == 9000)
    }
}

import CollectionSimulation
import Foundation
import Glibc
import OktaAPI
import Spool
import Testing

@testable import Collector
@testable import Fleet

@Suite("An integration's collector and its requests")
struct IntegrationCollectorTests {
    private let bench = CollectorBench()
    private var org: LogOfOrg { bench.org }

    /// The seconds between requests for the log.
    private var waits: [Double] {
        let times = org.logRequests.map(\.time)
        return zip(times.dropFirst(), times).map { Double($0 - $1) / 1000 }
    }

    @Test("stored events are collected once, sealed, and reported as live")
    func collects() async throws {
        org.store(250)
        let org = org
        try await bench.run { org.logRequests.count == 4 }
        #expect(try bench.sealed() == Array(0..<250))
        #expect(bench.health?.state == .live)
        #expect(bench.health?.events == 250)
        #expect(bench.health?.requests == 4)
        #expect(bench.lines.contains("events arrive from https://acme.okta.com"))
        // The pages of a backlog are requested immediately one after the other.
        #expect(waits[0] < 1 && waits[1] < 1)
    }

    @Test("a failed request is repeated unchanged until it returns a page, and the waits between the attempts grow")
    func retry() async throws {
        org.store(10)
        org.answer([
            .failure(.timeout), .status(503), .status(500), .failure(.interrupted), .status(502), .status(503),
        ])
        let (org, bench) = (org, bench)
        try await bench.run { bench.health?.state == .live }
        let failed = org.logRequests.prefix(7)
        #expect(Set(failed.map(\.url)).count == 1)
        for (attempt, wait) in waits.prefix(6).enumerated() {
            // The wait is random: at least one second, and at most 2, 4, 8 … seconds. The limit has one more second, because the time between two
            // requests also includes the time until the first of them is answered (50 ms).
            #expect(wait >= 1 && wait <= Double(1 << (attempt + 1)) + 1, "\(waits)")
        }
        // `X-Okta-Retry-For` repeats the request id of the first answer that had one. The first request timed out, so this is the answer to the
        // second request, and the two retry headers begin with the third.
        #expect(failed.map(\.retryCount) == [nil, nil, "2", "3", "4", "5", "6"])
        #expect(Set(failed.dropFirst(2).map(\.retryFor)).count == 1)
        #expect(bench.health?.trouble == nil)
        #expect(bench.health?.attempts == 0)
        #expect(bench.lines.contains("acme.okta.com did not answer in time"))
        #expect(bench.lines.contains("collection works again, after a problem that lasted"))
        #expect(try bench.sealed() == Array(0..<10))
    }

    @Test("a problem is logged when it begins, and then every ten minutes, not at each attempt")
    func lasting() async throws {
        org.answer(Array(repeating: .status(503), count: 200))
        let bench = bench
        let end = bench.time.now + .seconds(1900)
        try await bench.run { bench.time.now > end }
        #expect(bench.health?.state == .failing)
        let said = bench.lines.all.filter { $0.contains("Okta answered 503") }
        #expect((3...4).contains(said.count), "\(said)")
        #expect(said.dropFirst().allSatisfy { $0.contains("for 1") || $0.contains("for 2") || $0.contains("for 3") })
        #expect((bench.health?.attempts ?? 0) > 30)
        #expect(bench.health?.nextAttempt ?? 0 > bench.time.wall)
    }

    @Test("after a 429 the collector waits for the reset, and a 429 does not count as a failure")
    func rateLimit() async throws {
        org.store(3)
        let reset = String(bench.time.server / 1000 + 90)
        org.answer([.status(429, headers: [("X-Rate-Limit-Remaining", "0"), ("X-Rate-Limit-Reset", reset)])])
        let states = Noted<Set<StatusReport.State>>([])
        let bench = bench
        try await bench.run {
            if let state = bench.health?.state { states.value.insert(state) }
            return bench.health?.state == .live
        }
        #expect(states.value.contains(.rateLimited) && !states.value.contains(.failing))
        #expect((85...95).contains(waits[0]), "\(waits)")
        #expect(try bench.sealed() == [0, 1, 2])
    }

    @Test(
        "if a refused token is replaced, the new token is tried within seconds, long before the next scheduled attempt")
    func replacedToken() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("00old".utf8).write(to: file, options: .atomic)
        org.store(3)
        org.require(token: "00new")
        let replacedAt = Noted<Int64?>(nil)
        let (org, bench) = (org, bench)
        let begin = bench.time.now
        try await bench.run(.init(credential: APITokenFile(path: file.path))) {
            if bench.time.now > begin + .seconds(20), replacedAt.value == nil {
                try? Data("00new".utf8).write(to: file, options: .atomic)
                replacedAt.value = bench.time.server
            }
            return bench.health?.state == .live
        }
        let requests = org.logRequests
        #expect(requests.prefix(2).map(\.authorization) == ["SSWS 00old", "SSWS 00new"])
        let replaced = try #require(replacedAt.value)
        #expect((0...4_000).contains(requests[1].time - replaced))
        #expect(bench.lines.contains("tributary credential rotate NAME"))
        #expect(try bench.sealed() == [0, 1, 2])
    }

    @Test("if a refused token is not replaced, it is tried about once a minute")
    func refusedToken() async throws {
        org.require(token: "00other")
        let org = org
        try await bench.run { org.logRequests.count == 5 }
        #expect(waits.allSatisfy { (60...67).contains($0) }, "\(waits)")
        #expect(bench.health?.state == .failing)
        #expect(bench.health?.trouble?.kind == .unauthorized)
    }

    @Test(
        "without its secret an integration sends no request; once the secret exists, collection begins within seconds")
    func missingSecret() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        org.store(3)
        let (org, bench) = (org, bench)
        let begin = bench.time.now
        try await bench.run(.init(credential: APITokenFile(path: file.path))) {
            if bench.time.now > begin + .seconds(30), org.requests.allSatisfy({ !$0.isLog }) {
                #expect(bench.health?.trouble?.kind == .credential)
                try? Data("00new".utf8).write(to: file, options: .atomic)
            }
            return bench.health?.state == .live
        }
        let first = try #require(org.logRequests.first)
        #expect(first.time - CollectorBench.origin < 35_000)
        #expect(first.authorization == "SSWS 00new")
        #expect(bench.lines.contains("the secret file \(file.path) can't be read"))
        #expect(try bench.sealed() == [0, 1, 2])
    }

    @Test("an incomplete page is requested again; if it is incomplete three times, smaller pages are requested")
    func brokenPage() async throws {
        org.store(30)
        let broken = LogOfOrg.Answer.body("[{\"uuid\":\"x\",]")
        org.answer([broken, broken, broken])
        let (org, bench) = (org, bench)
        try await bench.run { bench.health?.events == 30 }
        #expect(org.logRequests.prefix(3).allSatisfy { $0.url.contains("limit=100&") })
        #expect(org.logRequests[3].url.contains("limit=50&"))
        #expect(bench.health?.freshQueries == 1)
        #expect(bench.lines.contains("a page could not be read"))
        #expect(bench.lines.contains("50 events per page, and duplicates are dropped"))
        #expect(try bench.sealed() == Array(0..<30))
    }

    @Test("an event that can't become a record is set aside, counted and reported")
    func rejected() async throws {
        let event = AnswerText.event(0, published: bench.time.server)
        org.answer([.body("[\(event),42]")])
        let bench = bench
        try await bench.run { bench.health?.state == .live }
        #expect((bench.health?.events, bench.health?.rejected) == (1, 1))
        #expect(
            bench.lines.contains("1 of a page's 2 new events could not become records and are kept under _rejected"))
    }

    @Test("if a link is refused twice, the log is queried by time instead, and known events are dropped")
    func refusedLink() async throws {
        org.store(30)
        let (org, bench) = (org, bench)
        let isRefused = Noted(false)
        try await bench.run {
            if org.logRequests.count == 2, !isRefused.value {
                isRefused.value = true
                org.answer([.status(400, code: "E0000001"), .status(400, code: "E0000001")])
                org.store(5)
            }
            return bench.health?.events == 35
        }
        #expect(bench.health?.freshQueries == 1)
        #expect(bench.health?.duplicates ?? 0 > 0)
        #expect(bench.lines.contains("the log is queried again from"))
        #expect(bench.lines.contains("events of a page were known and dropped"))
        #expect(try bench.sealed() == Array(0..<35))
    }

    @Test(
        "after a query by time, events that were collected and forgotten are skipped until a remembered event is found")
    func search() async throws {
        let limits = PassedLimits(window: 192, need: 12, head: 16, restartDepths: 64..<80)
        org.store(600)
        let (org, bench) = (org, bench)
        let isRefused = Noted(false)
        try await bench.run(.init(limits: limits)) {
            if bench.health?.events == 600, !isRefused.value {
                isRefused.value = true
                org.answer([.status(404), .status(404)])
                org.store(5)
            }
            return bench.health?.events == 605
        }
        #expect(bench.lines.contains("events of a page were skipped, because the search for remembered events goes on"))
        #expect(try bench.sealed() == Array(0..<605))
    }

    @Test("if a query by time finds no remembered event, all its events are collected and reported as unproven")
    func unproven() async throws {
        let limits = PassedLimits(window: 192, need: 12, head: 16, restartDepths: 64..<80)
        org.store(600)
        let (org, bench) = (org, bench)
        let isRefused = Noted(false)
        try await bench.run(.init(limits: limits)) {
            if bench.health?.events == 600, !isRefused.value {
                isRefused.value = true
                org.answer([.status(404), .status(404)])
                org.renumber()
            }
            return bench.health?.unproven ?? 0 > 0
        }
        #expect(bench.lines.contains("Okta returned too few of the events that Tributary remembers"))
        #expect(bench.lines.contains("may have been collected before. Drop duplicates by metadata.uid"))
    }

    @Test("the beginning and the end of a backfill are reported, and older and newer events are collected once")
    func backfill() async throws {
        let start = CollectorBench.origin - 2 * 86_400_000
        org.store(at: (0..<3_000).map { start + Int64($0) * 57_600 })
        let (org, bench) = (org, bench)
        let isFilling = Noted(false)
        try await bench.run(.init(start: start - 1000)) {
            if bench.health?.backfill != nil { isFilling.value = true }
            // The org stores a new event when the collector has requested two pages.
            if org.logRequests.count == 2, org.count == 3_000 {
                bench.time.advance(2_000)
                org.store(1)
            }
            return bench.health?.events == 3_001 && bench.health?.state == .live
        }
        #expect(isFilling.value)
        #expect(bench.lines.contains("backfill started"))
        #expect(bench.lines.contains("backfill complete"))
        #expect(try bench.sealed() == Array(0..<3_001))
    }

    @Test(
        "if this host's clock is wrong, a start relative to now is computed with Okta's clock",
        arguments: [true, false])
    func start(isAhead: Bool) async throws {
        bench.time.set(hostOffset: isAhead ? 7_200_000 : -7_200_000)
        org.store(at: [-7_000, -3_000, -1_000, -1].map { CollectorBench.origin + $0 * 1000 })
        let host = HostTime(bench.time.wall)
        let (org, bench) = (org, bench)
        try await bench.run(.init(start: host.milliseconds - 3_600_000, startCountedFrom: host)) {
            org.logRequests.count == 4
        }
        #expect(try bench.sealed() == [1, 2, 3], "the events of the last hour by Okta's clock are collected")
        #expect(
            bench.lines.contains("\(isAhead ? "ahead of" : "behind") Okta's: the start is now computed with Okta's"))
    }

    @Test("if the host's clock is set wrong during collection, one message reports it, and no event is lost")
    func clock() async throws {
        org.store(5)
        let (org, bench) = (org, bench)
        let begin = bench.time.now
        try await bench.run {
            if bench.health?.events == 5 { bench.time.set(hostOffset: 600_000) }
            if bench.time.now > begin + .seconds(300), org.count == 5 { org.store(5) }
            return bench.health?.events == 10
        }
        let said = bench.lines.all.filter { $0.contains("Collection uses Okta's clock and loses nothing") }
        #expect(said.count == 1, "\(said)")
        #expect(bench.health?.clockAhead == 600)
        #expect(try bench.sealed() == Array(0..<10))
    }

    @Test("a host whose lease is uncertain sends no requests, and continues when the lease is renewed")
    func uncertainLease() async throws {
        org.store(5)
        let term = LeaseTerm()
        let holding = Holding(integration: "acme", token: 1, since: bench.time.server, previousHost: nil)
        let (org, bench) = (org, bench)
        let begin = bench.time.now
        term.extend(to: begin + .seconds(60))
        let renewed = Noted<Int64?>(nil)
        try await bench.run(.init(lease: CollectionLease(holding: holding, term: term))) {
            if bench.time.now > begin + .seconds(300), renewed.value == nil {
                renewed.value = bench.time.server
                org.store(5)
                term.extend(to: begin + .seconds(3600))
            }
            return bench.health?.events == 10
        }
        let times = org.logRequests.map(\.time)
        let again = try #require(renewed.value)
        #expect(times.contains { $0 < CollectorBench.origin + 60_000 })
        #expect(times.allSatisfy { $0 <= CollectorBench.origin + 61_000 || $0 >= again }, "\(times)")
        #expect(times.contains { $0 >= again && $0 < again + 1_000 }, "collection continues right after the renewal")
        #expect(try bench.sealed() == Array(0..<10))
    }

    @Test("events that Okta has deleted before they were collected are reported")
    func gap() async throws {
        org.store(5)
        let (org, bench) = (org, bench)
        try await bench.run { bench.health?.events == 5 }
        bench.time.advance(100 * 86_400_000)
        org.store(2)
        let requests = org.logRequests.count
        try await bench.run { org.logRequests.count == requests + 2 }
        #expect(bench.lines.contains("Okta keeps events for 90 days: the events that it stored between"))
        #expect(bench.health?.gap != nil)
        #expect(try bench.sealed() == Array(0..<7))
    }
}

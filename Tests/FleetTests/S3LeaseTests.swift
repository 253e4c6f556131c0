import Delivery
import Foundation
import Testing

@testable import Fleet

@Suite("a fleet with its lease in the bucket", .serialized)
struct S3LeaseTests {
    private let ledger = Ledger()
    private let all = Set((0..<10).map { "org-\($0)" })
    private let bucket = ModelBucket()
    private let isReal = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_S3"] != nil

    private func store(
        _ host: String, fleet: String = "test", ttl: Duration = .seconds(2)
    ) throws -> (S3LeaseStore, CuttableTransport) {
        let (client, transport) = try bucket.client()
        return (S3LeaseStore(client, encryption: nil, fleet: fleet, host: host, ttl: ttl), transport)
    }

    private func host(_ name: String, ttl: Duration = .seconds(2)) throws -> FleetHost {
        let (store, transport) = try store(name, ttl: ttl)
        return FleetHost(name, store, transport, all, ledger: ledger, ttl: ttl)
    }

    private func has(_ host: FleetHost, within limit: Duration = .seconds(20)) async throws -> Bool {
        try await eventually(limit) { await host.held == all.count }
    }

    @Test(
        "the active host holds all integrations; when it stops, it hands them over, and a standby takes them immediately"
    )
    func handOver() async throws {
        // The time to live is longer than `has` waits, so a standby that waits for it fails.
        let a = try host("a", ttl: .seconds(60))
        #expect(try await has(a))
        let b = try host("b", ttl: .seconds(60))
        #expect(try await eventually { await b.keeper?.snapshot().lease.isTakingPart == true })
        #expect(await b.held == 0)
        #expect(b.keeper?.term.isValid(at: .now) == false)
        await a.stop()
        #expect(try await has(b))
        #expect(ledger.of("a").filter { if case .released = $0 { true } else { false } }.count == all.count)
        #expect(ledger.of("b").allSatisfy { if case .gained(_, let from) = $0 { from == "a" } else { false } })
        #expect(try await eventually { await b.keeper?.snapshot().hosts.map(\.name) == ["b"] })
        let snapshot = await b.keeper?.snapshot()
        #expect(snapshot?.owners.allSatisfy { $0.previousHost == "a" && $0.token == 2 } == true)
        await b.stop()
        #expect(ledger.doubles == [])
        for host in [a, b] { #expect(!host.log.lines.contains { $0.hasPrefix("warning") }) }
    }

    @Test("if the active host is killed, a standby holds all integrations within the time to live plus a second")
    func takeover() async throws {
        // The limit includes half a second for the test. A busy machine can delay an attempt; a fault delays every attempt.
        let limit = Duration.milliseconds(3500)
        var fastest = Duration.seconds(60)
        for attempt in 0..<5 where fastest >= limit {
            let a = try host("a\(attempt)")
            #expect(try await has(a))
            let standbys = try ["b", "c"].map { try host("\($0)\(attempt)") }
            #expect(try await eventually { await standbys[1].keeper?.snapshot().lease.isTakingPart == true })
            await a.kill()
            let killed = ContinuousClock.now
            #expect(try await eventually { await standbys[0].held + standbys[1].held == all.count })
            fastest = min(fastest, killed.duration(to: .now))
            print("takeover after a kill, with the lease in the bucket: \(fastest)")
            for standby in standbys { await standby.stop() }
        }
        #expect(fastest < limit)
        #expect(ledger.doubles == [])
    }

    @Test(
        "if the active host is cut off, it stops by its own clock before a standby takes over",
        arguments: [CuttableTransport.Cut.refused, .silent])
    func cutOff(cut: CuttableTransport.Cut) async throws {
        let a = try host("a")
        #expect(try await has(a))
        let b = try host("b")
        #expect(try await eventually { await b.keeper?.snapshot().lease.isTakingPart == true })
        a.transport.cut(cut)
        #expect(try await has(b))
        #expect(await a.held == 0)
        a.transport.cut(.none)
        #expect(try await eventually { await a.keeper?.snapshot().lease.isTakingPart == true })
        #expect(await a.held == 0)
        for host in [a, b] { await host.stop() }
        #expect(ledger.doubles == [])
    }

    @Test("if the active host drains, it hands over to a standby, and is a standby itself until the drain is withdrawn")
    func draining() async throws {
        let a = try host("a")
        #expect(try await has(a))
        let b = try host("b")
        #expect(try await eventually { await b.keeper?.snapshot().lease.isTakingPart == true })
        let (person, _) = try store("operator")
        try await person.setDraining("a", true)
        #expect(try await has(b))
        #expect(!ledger.of("a").contains { if case .lost = $0 { true } else { false } })
        await b.kill()
        // Host a still drains, so it does not take over.
        #expect(try await eventually { await a.keeper?.snapshot().unheld.count == all.count })
        #expect(await a.held == 0)
        try await person.setDraining("a", false)
        #expect(try await has(a))
        #expect(try await person.observe([]).draining == [])
        await a.stop()
        #expect(ledger.doubles == [])
    }

    @Test(
        "the active host takes integrations that are added to its configuration, and hands over removed ones")
    func reloading() async throws {
        let a = try host("a")
        #expect(try await has(a))
        await a.keeper?.use(integrations: all.union(["new"]).subtracting(["org-0"]))
        #expect(
            try await eventually {
                let held = await a.keeper?.holdings.keys.sorted() ?? []
                return held.contains("new") && !held.contains("org-0")
            })
        #expect(ledger.of("a").contains(.released("org-0")))
        await a.stop()
    }

    @Test(
        "if the answer to a write is lost, the leases still work",
        .enabled(if: ProcessInfo.processInfo.environment["TRIBUTARY_TEST_S3"] == nil))
    func lostAnswers() async throws {
        bucket.loseAnswers(1)
        let a = try host("a")
        #expect(try await has(a))
        for _ in 0..<3 {
            bucket.loseAnswers(1)
            let renewals = await a.keeper?.snapshot().lease.renewals ?? 0
            #expect(try await eventually { await a.keeper?.snapshot().lease.renewals ?? 0 > renewals + 1 })
        }
        #expect(!ledger.of("a").contains { if case .lost = $0 { true } else { false } })
        await a.stop()
    }

    @Test(
        "if the bucket can't be reached, the lease ends, and the host continues when the bucket answers again",
        .enabled(if: ProcessInfo.processInfo.environment["TRIBUTARY_TEST_S3"] == nil))
    func away() async throws {
        let a = try host("a")
        #expect(try await has(a))
        bucket.setAway(true)
        #expect(try await eventually { await a.held == 0 })
        bucket.setAway(false)
        #expect(try await has(a))
        await a.stop()
    }

    @Test(
        "if the lease's object belongs to another fleet, or is not a lease, it is reported and left unchanged",
        .enabled(if: ProcessInfo.processInfo.environment["TRIBUTARY_TEST_S3"] == nil))
    func foreign() async throws {
        let (other, _) = try store("x", fleet: "other")
        _ = try await other.observe([])
        try await other.setDraining("x", true)
        let (store, _) = try store("a")
        await #expect(throws: LeaseProblem.self) { try await store.observe(all) }
        bucket.put(S3LeaseStore.path, "no lease")
        do throws(LeaseProblem) {
            _ = try await store.observe(all)
            Issue.record("an object that is not a lease was read as one")
        } catch {
            #expect(error.words.contains(S3LeaseStore.path))
        }
        #expect(bucket.text(S3LeaseStore.path) == "no lease")
    }
}

import Configuration
import CurlHTTPClient
import NetworkFixtures
import TestSupport
import Testing

@testable import Fleet

@Suite(
    "etcd as the lease store", .enabled(if: EtcdServer.isThere, "etcd is missing: scripts/install-dependencies test"))
struct EtcdLeaseStoreTests {
    private let transport: CurlTransport
    private let record = HostRecord(version: "1.2", startedAt: 5, isDraining: false, configured: 3, digest: "d")

    init() throws { transport = try CurlTransport() }

    private func store(
        _ server: EtcdServer, _ host: String, fleet: String = "test", ttl: Duration = .seconds(2)
    ) -> EtcdLeaseStore {
        EtcdLeaseStore(
            transport: transport, endpoints: [server.endpoint], fleet: fleet, host: host, ttl: ttl)
    }

    private func claims(_ names: [String]) -> [Claim] { names.map { Claim(integration: $0, previousHost: nil) } }

    /// Registers the host. Tries again while etcd is unavailable, as it is until it has elected a leader.
    private func join(_ store: EtcdLeaseStore) async throws {
        try #require(
            try await eventually {
                do throws(LeaseProblem) {
                    return try await store.renew(record) != nil
                } catch .unavailable {
                    return false
                } catch { throw error }
            })
    }

    @Test("a name belongs to one host at a time, and is free again when that host leaves")
    func names() async throws {
        let server = try EtcdServer()
        defer { server.stop() }
        let (one, two) = (store(server, "a", ttl: .seconds(60)), store(server, "a"))
        try await join(one)
        await #expect(throws: LeaseProblem.nameTaken("a")) { try await two.renew(record) }
        // A host of another fleet can have the same name.
        try await join(store(server, "a", fleet: "other"))
        #expect(try await one.observe().hosts == ["a": .init(record: record, isThis: true)])
        #expect(try await two.observe().hosts["a"]?.isThis == false)
        try await one.leave()
        #expect(try await two.renew(record) != nil)
        try await two.leave()
    }

    @Test("an integration belongs to one host at a time, and each new host gets a larger token")
    func owners() async throws {
        let server = try EtcdServer()
        defer { server.stop() }
        let (one, two) = (store(server, "a", ttl: .seconds(60)), store(server, "b", ttl: .seconds(60)))
        try await join(one)
        try await join(two)
        let names = (0..<200).map { "org-\($0)" }
        async let first = one.take(claims(names))
        async let second = two.take(claims(names))
        let (ours, theirs) = try await (first.holdings, second.holdings)
        #expect(Set(ours.map(\.integration)).isDisjoint(with: theirs.map(\.integration)))
        #expect(ours.count + theirs.count == 200)
        let seen = try await one.observe()
        for holding in ours {
            #expect(
                seen.owners[holding.integration]
                    == .init(host: "a", token: holding.token, since: holding.since, previousHost: nil, isMine: true))
        }
        for holding in theirs { #expect(seen.owners[holding.integration]?.isMine == false) }

        let given = try #require(ours.first ?? theirs.first)
        let (giver, taker) = ours.isEmpty ? (two, one) : (one, two)
        // A request with another token must not give the integration up: the integration could belong to another host by now.
        try await giver.giveUp([given.integration: given.token + 1])
        #expect(try await taker.take(claims([given.integration])).holdings.isEmpty)
        try await giver.giveUp([given.integration: given.token])
        let taken = try await taker.take([Claim(integration: given.integration, previousHost: "a")]).holdings
        #expect(taken.map(\.integration) == [given.integration])
        #expect(taken.allSatisfy { $0.token > given.token && $0.previousHost == "a" })
        try await one.leave()
        #expect(try await two.observe().owners.values.allSatisfy { $0.host == "b" })
    }

    @Test(
        "`observe()` returns the complete state, even if it reads only the owners that have changed since the last time"
    )
    func observing() async throws {
        let server = try EtcdServer()
        defer { server.stop() }
        let (one, two) = (store(server, "a", ttl: .seconds(60)), store(server, "b", ttl: .seconds(60)))
        try await join(one)
        try await join(two)
        var generator = SeededGenerator(seed: TestSeed.seed(of: "what is read piece by piece"))
        for _ in 0..<80 {
            let store = Bool.random(using: &generator) ? one : two
            let names = (0..<4).map { _ in "org-\(Int.random(in: 0..<20, using: &generator))" }
            if Int.random(in: 0..<3, using: &generator) > 0 {
                _ = try await store.take(claims(Set(names).sorted()))
            } else {
                let owners = try await store.observe().owners
                try await store.giveUp(
                    Dictionary(uniqueKeysWithValues: Set(names).map { ($0, owners[$0]?.token ?? 0) }))
            }
            let fresh = try await self.store(server, "c").observe()
            var seen = try await two.observe()
            for name in seen.owners.keys { seen.owners[name]?.isMine = false }
            for name in seen.hosts.keys { seen.hosts[name]?.isThis = false }
            #expect(seen == fresh)
        }
    }

    @Test("if a lease has expired, its host is notified, and its integrations are free")
    func ended() async throws {
        let server = try EtcdServer()
        defer { server.stop() }
        let (one, two) = (store(server, "a"), store(server, "b", ttl: .seconds(60)))
        try await join(two)
        try await join(one)
        _ = try await one.take(claims(["x"]))
        // Host a does not renew its lease, which therefore ends after two seconds. etcd removes the keys of the lease up to a second later.
        #expect(
            try await eventually {
                _ = try await two.renew(record)
                return try await two.observe().owners.isEmpty
            })
        await #expect(throws: LeaseProblem.ended) { try await one.renew(record) }
        #expect(try await one.renew(record) != nil)
        #expect(try await two.observe().hosts.count == 2)
    }

    @Test("a host counts as draining until its drain is withdrawn, even after the host has left")
    func drain() async throws {
        let server = try EtcdServer()
        defer { server.stop() }
        let (one, two) = (store(server, "a"), store(server, "operator"))
        try await join(one)
        try await two.setDraining("a", true)
        try await one.leave()
        #expect(try await one.observe().draining == ["a"])
        try await two.setDraining("a", false)
        #expect(try await one.observe().draining == [])
    }

    @Test("if an etcd member does not answer, the next member is tried, and is tried first from then on")
    func endpoints() async throws {
        let server = try EtcdServer()
        defer { server.stop() }
        let closed = try #require(ReservedPort())
        let counting = CuttableTransport(transport)
        let store = EtcdLeaseStore(
            transport: counting, endpoints: ["http://127.0.0.1:\(closed.port)", server.endpoint], fleet: "test",
            host: "a", ttl: .seconds(2))
        try await join(store)
        let before = counting.requests
        _ = try await store.observe()
        #expect(counting.requests == before + 1)
        let nobody = EtcdLeaseStore(
            transport: transport, endpoints: ["http://127.0.0.1:\(closed.port)"], fleet: "test", host: "a",
            ttl: .seconds(2))
        do throws(LeaseProblem) {
            _ = try await nobody.observe()
            Issue.record("the closed port answered")
        } catch {
            #expect(error.words.contains("no connection to 127.0.0.1:\(closed.port)"))
            #expect(error.words.contains("fleet.lease.endpoints"))
        }
    }

    @Test(
        "if etcd requires a client certificate, only a host with a certificate is admitted",
        .enabled(if: NginxServer.isThere, "openssl is missing"))
    func certificates() async throws {
        let authority = try TestAuthority()
        let own = try authority.certificate(for: ["DNS:collector-1"])
        let server = try EtcdServer(
            certificate: try authority.certificate(for: ["DNS:localhost"]), clientAuthority: authority.caFile)
        defer { server.stop() }
        func store(_ options: CurlTransport.Options) throws -> EtcdLeaseStore {
            EtcdLeaseStore(
                transport: try CurlTransport(options), endpoints: [server.endpoint], fleet: "test", host: "a",
                ttl: .seconds(2))
        }
        let known = try store(
            .init(caFile: authority.caFile, clientCertificate: .init(file: own.path, keyFile: own.keyPath)))
        try await join(known)
        #expect(try await known.observe().hosts.keys.sorted() == ["a"])
        for options in [CurlTransport.Options(caFile: authority.caFile), CurlTransport.Options()] {
            let unknown = try store(options)
            do throws(LeaseProblem) {
                _ = try await unknown.observe()
                Issue.record("a host without a certificate was admitted")
            } catch {
                #expect(error.words.contains("certificate"), "\(error.words)")
            }
        }
    }
}

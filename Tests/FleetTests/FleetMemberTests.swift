import Testing

@testable import Fleet

@Suite("what a host of a fleet decides")
struct FleetMemberTests {
    private let start = ContinuousClock.now

    private func fleet(
        _ hosts: [String: FleetMember], owners: [String: String] = [:], draining: Set<String> = [], me: String
    ) -> FleetObservation {
        var seen = FleetObservation()
        for (name, member) in hosts {
            seen.hosts[name] = FleetObservation.Host(
                record: HostRecord(
                    version: "1", startedAt: 0, isDraining: false, configured: member.configured.count,
                    digest: member.digest), isThis: name == me)
        }
        for (integration, host) in owners {
            seen.owners[integration] = FleetObservation.Owner(
                host: host, token: 7, since: 0, previousHost: nil, isMine: host == me)
        }
        seen.draining = draining
        return seen
    }

    private func member(_ integrations: Set<String>, host: String = "a", shared: Bool = true) -> FleetMember {
        FleetMember(host: host, isShared: shared, configured: integrations)
    }

    private func holding(_ name: String, from host: String? = nil) -> Holding {
        Holding(integration: name, token: 7, since: 0, previousHost: host)
    }

    @Test("it takes its share of what is free, and knows from whom it took over")
    func takes() throws {
        var a = member(["x", "y"])
        let b = member(["x", "y"], host: "b")
        #expect(a.observe(fleet(["a": a, "b": b], owners: ["x": "b", "y": "b"], me: "a"), at: start) == [])
        let actions = a.observe(fleet(["a": a], me: "a"), at: start)
        guard case .take(let claims) = try #require(actions.first) else {
            Issue.record("\(actions)")
            return
        }
        #expect(Set(claims.map(\.integration)) == ["x", "y"])
        #expect(claims.allSatisfy { $0.previousHost == "b" })
        #expect(a.took([holding("x", from: "b")]) == [.gained(holding("x", from: "b"))])
    }

    @Test("what it has not configured it never takes, whatever the others have")
    func foreign() {
        var a = member(["x"])
        let b = member(["x", "y", "z"], host: "b")
        let seen = fleet(["a": a, "b": b], owners: ["x": "b"], me: "a")
        for second in 0..<10 { #expect(a.observe(seen, at: start + .seconds(second)) == []) }
    }

    @Test(
        "what stays free for two seconds, since others do not have it, it takes beyond its share, and keeps for a minute"
    )
    func patience() {
        var a = member(["x", "y", "z"])
        // b has only x configured, so z is never taken by it.
        let b = member(["x"], host: "b")
        _ = a.observe(fleet(["a": a, "b": b], me: "a"), at: start)
        #expect(a.took([holding("x"), holding("y")]).count == 2)
        let seen = fleet(["a": a, "b": b], owners: ["x": "a", "y": "a"], me: "a")
        for round in 0..<6 { #expect(a.observe(seen, at: start + .milliseconds(300 * round)) == []) }
        #expect(
            a.observe(seen, at: start + .milliseconds(2001)) == [.take([Claim(integration: "z", previousHost: nil)])])
        #expect(a.took([holding("z")]).count == 1)
        // b then has the same configuration, and would get one of three.
        let later = fleet(["a": a, "b": a], owners: ["x": "a", "y": "a", "z": "a"], me: "a")
        let released = a.observe(later, at: start + .seconds(3))
        #expect(released.count == 1 && released != [.release("z")])
    }

    @Test("nothing is moved for the sake of shares while hosts have different configurations")
    func rollout() {
        var a = member(["x", "y"])
        _ = a.observe(fleet(["a": a], me: "a"), at: start)
        _ = a.took([holding("x"), holding("y")])
        let owners = ["x": "a", "y": "a"]
        #expect(a.observe(fleet(["a": a, "b": member(["x"], host: "b")], owners: owners, me: "a"), at: start) == [])
        #expect(a.observe(fleet(["a": a, "b": a], owners: owners, me: "a"), at: start).count == 1)
    }

    @Test("a hand-over comes first, then the key goes, and it is not taken back")
    func handOver() throws {
        var a = member(["x", "y"])
        _ = a.observe(fleet(["a": a], me: "a"), at: start)
        _ = a.took([holding("x"), holding("y")])
        let both = fleet(["a": a, "b": a], owners: ["x": "a", "y": "a"], me: "a")
        guard case .release(let name) = try #require(a.observe(both, at: start).first) else { return }
        #expect(a.observe(both, at: start + .seconds(5)) == [])
        a.handedOver(name)
        #expect(a.observe(both, at: start + .seconds(5)) == [.giveUp([name: 7])])
        // The request to remove the key did not arrive.
        #expect(a.observe(both, at: start + .seconds(6)) == [.giveUp([name: 7])])
        let left = fleet(["a": a, "b": a], owners: [name == "x" ? "y" : "x": "a"], me: "a")
        #expect(a.observe(left, at: start + .seconds(7)) == [])
        #expect(a.holdings.count == 1)
    }

    @Test("a host that drains hands over everything, a few at a time, and takes nothing")
    func drains() {
        let names = Set((0..<50).map { "o\($0)" })
        var a = member(names)
        _ = a.observe(fleet(["a": a], me: "a"), at: start)
        _ = a.took(names.map { holding($0) })
        let owners = Dictionary(uniqueKeysWithValues: names.map { ($0, "a") })
        let seen = fleet(["a": a], owners: owners, draining: ["a"], me: "a")
        #expect(a.observe(seen, at: start).count == FleetMember.maximumReleases)
        #expect(a.isAskedToDrain)
        #expect(a.observe(seen, at: start + .seconds(10)) == [])
        var other = member(names, host: "b")
        #expect(other.observe(fleet(["b": other], draining: ["b"], me: "b"), at: start + .seconds(10)) == [])
    }

    @Test("what another host has, or nobody has any more, is lost; it is taken again only after it has stopped")
    func lost() {
        var a = member(["x"])
        _ = a.observe(fleet(["a": a], me: "a"), at: start)
        _ = a.took([holding("x")])
        #expect(a.observe(fleet(["a": a], me: "a"), at: start) == [.lost("x")])
        #expect(a.observe(fleet(["a": a], me: "a"), at: start + .seconds(9)) == [])
        a.settled("x")
        #expect(
            a.observe(fleet(["a": a], me: "a"), at: start + .seconds(9))
                == [.take([Claim(integration: "x", previousHost: nil)])])
    }

    @Test("at the end of the lease everything is lost, also what is being handed over")
    func ends() {
        var a = member(["x", "y"])
        _ = a.observe(fleet(["a": a], me: "a"), at: start)
        _ = a.took([holding("x"), holding("y")])
        _ = a.observe(fleet(["a": a, "b": a], owners: ["x": "a", "y": "a"], me: "a"), at: start)
        #expect(a.end() == [.lost("x"), .lost("y")])
        #expect(a.holdings.isEmpty && !a.isIdle)
        a.handedOver("x")
        a.handedOver("y")
        a.settled("x")
        a.settled("y")
        #expect(a.isIdle)
    }

    @Test("what the store gave in an answer that was lost is its own")
    func lostAnswer() {
        var a = member(["x"])
        let owned = holding("x")
        #expect(
            a.observe(fleet(["a": a], owners: ["x": "a", "gone": "a"], me: "a"), at: start)
                .contains(.gained(owned)))
        #expect(a.holdings.keys.sorted() == ["x"])
    }

    @Test("an integration that is not configured any more is handed over")
    func removed() {
        var a = member(["x", "y"])
        _ = a.observe(fleet(["a": a], me: "a"), at: start)
        _ = a.took([holding("x"), holding("y")])
        a.use(["x"])
        #expect(a.observe(fleet(["a": a], owners: ["x": "a", "y": "a"], me: "a"), at: start) == [.release("y")])
    }

    @Test("with an active host and standbys, the active one has all, and a standby waits")
    func standby() {
        var a = member(["x", "y"], shared: false)
        #expect(a.observe(fleet(["b": a], owners: ["x": "b", "y": "b"], me: "a"), at: start) == [])
        let actions = a.observe(fleet([:], me: "a"), at: start)
        guard case .take(let claims)? = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(claims.count == 2)
    }
}

import Testing

@testable import Fleet

@Suite("the decisions of a fleet's host")
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

    @Test("a host takes its share of the free integrations, and learns which host held each integration before")
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

    @Test("a host never takes an integration that is not in its configuration")
    func foreign() {
        var a = member(["x"])
        let b = member(["x", "y", "z"], host: "b")
        let seen = fleet(["a": a, "b": b], owners: ["x": "b"], me: "a")
        for second in 0..<10 { #expect(a.observe(seen, at: start + .seconds(second)) == []) }
    }

    @Test(
        "if no host takes an integration for two seconds, a host takes it beyond its share, and keeps it for a minute"
    )
    func patience() {
        var a = member(["x", "y", "z"])
        // Only x is in b's configuration, so b never takes z.
        let b = member(["x"], host: "b")
        _ = a.observe(fleet(["a": a, "b": b], me: "a"), at: start)
        #expect(a.took([holding("x"), holding("y")]).count == 2)
        let seen = fleet(["a": a, "b": b], owners: ["x": "a", "y": "a"], me: "a")
        for round in 0..<6 { #expect(a.observe(seen, at: start + .milliseconds(300 * round)) == []) }
        #expect(
            a.observe(seen, at: start + .milliseconds(2001)) == [.take([Claim(integration: "z", previousHost: nil)])])
        #expect(a.took([holding("z")]).count == 1)
        // Now b has the same configuration, so its share is one of the three integrations.
        let later = fleet(["a": a, "b": a], owners: ["x": "a", "y": "a", "z": "a"], me: "a")
        let released = a.observe(later, at: start + .seconds(3))
        #expect(released.count == 1 && released != [.release("z")])
    }

    @Test("as long as the hosts' configurations differ, no integration is moved only to make the shares equal")
    func rollout() {
        var a = member(["x", "y"])
        _ = a.observe(fleet(["a": a], me: "a"), at: start)
        _ = a.took([holding("x"), holding("y")])
        let owners = ["x": "a", "y": "a"]
        #expect(a.observe(fleet(["a": a, "b": member(["x"], host: "b")], owners: owners, me: "a"), at: start) == [])
        #expect(a.observe(fleet(["a": a, "b": a], owners: owners, me: "a"), at: start).count == 1)
    }

    @Test("a released integration is handed over, then its key is removed, and its host does not take it again")
    func handOver() throws {
        var a = member(["x", "y"])
        _ = a.observe(fleet(["a": a], me: "a"), at: start)
        _ = a.took([holding("x"), holding("y")])
        let both = fleet(["a": a, "b": a], owners: ["x": "a", "y": "a"], me: "a")
        guard case .release(let name) = try #require(a.observe(both, at: start).first) else { return }
        #expect(a.observe(both, at: start + .seconds(5)) == [])
        a.handedOver(name)
        #expect(a.observe(both, at: start + .seconds(5)) == [.giveUp([name: 7])])
        // The key still exists, so the request to remove it is repeated.
        #expect(a.observe(both, at: start + .seconds(6)) == [.giveUp([name: 7])])
        let left = fleet(["a": a, "b": a], owners: [name == "x" ? "y" : "x": "a"], me: "a")
        #expect(a.observe(left, at: start + .seconds(7)) == [])
        #expect(a.holdings.count == 1)
    }

    @Test("a draining host hands over all its integrations, a few at a time, and takes none")
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

    @Test(
        "if the store no longer lists an integration under its host, the host loses it, and takes it again only after collection has stopped"
    )
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

    @Test("at the end of the lease all integrations are lost, including those that are being handed over")
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

    @Test("if the answer to a request for an integration is lost, the host still learns that it holds the integration")
    func lostAnswer() {
        var a = member(["x"])
        let owned = holding("x")
        #expect(
            a.observe(fleet(["a": a], owners: ["x": "a", "gone": "a"], me: "a"), at: start)
                .contains(.gained(owned)))
        #expect(a.holdings.keys.sorted() == ["x"])
    }

    @Test("if an integration is removed from the configuration, its host hands it over")
    func removed() {
        var a = member(["x", "y"])
        _ = a.observe(fleet(["a": a], me: "a"), at: start)
        _ = a.took([holding("x"), holding("y")])
        a.use(["x"])
        #expect(a.observe(fleet(["a": a], owners: ["x": "a", "y": "a"], me: "a"), at: start) == [.release("y")])
    }

    @Test("in a fleet with one active host, that host takes all integrations, and a standby waits")
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

import Testing

@testable import Collector

@Suite("An integration's collector and the organization")
struct CollectorOrgTests {
    private let bench = CollectorBench()
    private var org: LogOfOrg { bench.org }

    @Test(
        "if an org does not return its id, the id is requested again after ten minutes; events are collected meanwhile"
    )
    func probing() async throws {
        org.store(5)
        org.answerProbes([.status(503), .failure(.timeout)])
        let org = org
        try await bench.run { org.probes.count == 3 }
        let times = org.probes.map(\.time)
        #expect(zip(times.dropFirst(), times).allSatisfy { (600_000...630_000).contains($0 - $1) }, "\(times)")
        #expect(org.probes.allSatisfy { $0.url == "https://acme.okta.com/.well-known/okta-organization" })
        #expect(org.probes.allSatisfy { $0.authorization == nil })
        #expect(org.logRequests.count > 50)
        #expect(try bench.sealed() == Array(0..<5))
    }

    /// Runs the collector once, until the organization's id is stored together with events.
    private func collectOnce() async throws {
        let (org, bench) = (org, bench)
        org.store(5)
        let isStored = Noted(false)
        try await bench.run {
            if org.probes.count == 1, !isStored.value {
                isStored.value = true
                org.store(5)
            }
            return bench.health?.events == 10
        }
    }

    @Test("if the organization's id is known from an earlier run, it is checked before anything is collected")
    func known() async throws {
        try await collectOnce()
        let before = org.requests.count
        let (org, bench) = (org, bench)
        try await bench.run { org.requests.count == before + 2 }
        #expect(org.requests[before...].map(\.isLog) == [false, true])
        #expect(try bench.sealed() == Array(0..<10))
    }

    @Test(
        "if the address leads to another organization, nothing is collected until the address is corrected")
    func otherOrganization() async throws {
        try await collectOnce()
        org.set(identity: "00oother")
        let before = org.logRequests.count
        let probes = org.probes.count
        let (org, bench) = (org, bench)
        org.store(5)
        try await bench.run {
            if org.probes.count == probes + 3 {
                #expect(bench.health?.trouble?.kind == .cursor)
                #expect(bench.health?.state == .failing)
                #expect(org.logRequests.count == before)
                org.set(identity: LogOfOrg.id)
            }
            return bench.health?.events == 5
        }
        let times = org.probes.dropFirst(probes).prefix(4).map(\.time)
        #expect(zip(times.dropFirst(), times).allSatisfy { (60_000...61_000).contains($0 - $1) }, "\(times)")
        #expect(bench.lines.contains("00oother"))
        #expect(try bench.sealed() == Array(0..<15))
    }

    @Test("if the org's id turns out to differ from the stored id, nothing is collected until the address is corrected")
    func turnsOut() async throws {
        try await collectOnce()
        org.set(identity: "00oother")
        org.answerProbes([.failure(.timeout)])
        let before = org.logRequests.count
        let (org, bench) = (org, bench)
        try await bench.run {
            if bench.health?.trouble?.kind == .cursor {
                #expect(org.logRequests.count == before + 1)
                org.set(identity: LogOfOrg.id)
            }
            return org.logRequests.count == before + 3
        }
        #expect(bench.lines.contains("00oother"))
        #expect(bench.health?.state == .live)
        #expect(try bench.sealed() == Array(0..<10))
    }

    @Test("a link to another address is followed only after the org has reported that this address is its own")
    func otherName() async throws {
        org.set(alternate: "https://login.acme.example")
        org.store(150)
        org.answerProbes([.status(503)])
        let link = LogOfOrg.Answer.link("https://login.acme.example/api/v1/logs?after=100&limit=100")
        org.answer([link, link, link])
        let (org, bench) = (org, bench)
        try await bench.run { bench.health?.events == 150 }
        #expect(org.probes.count == 2, "the second probe is sent before ten minutes have passed")
        #expect(org.logRequests.contains { $0.url.hasPrefix("https://login.acme.example/") })
        #expect(bench.lines.contains("does not follow the next link"))
        #expect(try bench.sealed() == Array(0..<150))
    }

    @Test("a changed filter or page size is reported, and no event is collected twice", arguments: [true, false])
    func otherQuery(isFilter: Bool) async throws {
        try await collectOnce()
        let bench = bench
        org.store(5)
        try await bench.run(.init(filter: isFilter ? "eventType sw \"user\"" : nil, pageLimit: isFilter ? 100 : 50)) {
            bench.health?.events == 5
        }
        let what = isFilter ? "the filter has changed" : "the page size or the org's address has changed"
        #expect(bench.lines.contains("\(what): the log is queried again from"))
        #expect(try bench.sealed() == Array(0..<15))
    }

    @Test("an unreadable cursor is left unchanged, and the message says what to do")
    func unreadableCursor() async throws {
        try await bench.keep("tributary-cursor/99 {}")
        let (org, bench) = (org, bench)
        let begin = bench.time.now
        try await bench.run { bench.time.now > begin + .seconds(150) }
        #expect(org.logRequests.isEmpty)
        #expect(bench.health?.trouble?.kind == .cursor)
        #expect(bench.health?.attempts == 3)
        #expect(bench.lines.contains("move the integration's directory out of the state directory"))
    }
}

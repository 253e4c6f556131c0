import CurlHTTPClient
import Testing

@testable import OktaAPI

@Suite("A place in the log")
struct LogPlaceTests {
    private static let fingerprint = "0123456789abcdef"

    private func query(_ address: String = Bench.origin, filter: String? = nil, pageLimit: Int = 1000) throws
        -> LogQuery
    {
        LogQuery(org: try OrgURL(parsing: address), filter: filter, pageLimit: pageLimit)
    }

    @Test("a place with one or two ways is unchanged after it is written as text and read again")
    func roundTrip() throws {
        let bare = LogPlace(start: StoredTime(-1), query: try query())
        let one = LogPlace(
            organization: "00o1", source: "f",
            ways: .one(
                .init(
                    filter: "a eq \"b\\é\n\"", restart: StoredTime(17), next: Bench.link("1%3D+x"),
                    reached: PublishedTime(18))),
            countedFrom: HostTime(19))
        let two = LogPlace(
            source: "f",
            ways: .two(
                history: .init(filter: nil, restart: StoredTime(.min), next: Bench.link("2")),
                tail: .init(filter: "b", restart: StoredTime(.max), reached: PublishedTime(3)),
                .init(from: PublishedTime(4), until: StoredTime(5), isHeadFull: true, met: 6)))
        for place in [bare, one, two] {
            let text = place.text
            #expect(text.hasPrefix("tributary-cursor/3 {"))
            #expect(text.utf8.allSatisfy { $0 >= 0x20 }, "\(text)")
            #expect(try LogPlace(parsing: text) == place)
            #expect(try EarlierLogPlace(parsing: text) == nil)
        }
        #expect(one.text.contains(Bench.link("1%3D+x")), "links are stored unchanged")
    }

    @Test("the example of a place in the documentation can be read")
    func documented() throws {
        let text = """
            tributary-cursor/3 {"organization":"00o1","source":"0123456789abcdef","way":{"filter":"b",\
            "next":"https://acme.okta.com/api/v1/logs?after=1","restart":1795420801113}}
            """
        let way = LogPlace.Way(
            filter: "b", restart: StoredTime(1_795_420_801_113), next: "https://acme.okta.com/api/v1/logs?after=1")
        #expect(
            try LogPlace(parsing: text)
                == LogPlace(organization: "00o1", source: Self.fingerprint, ways: .one(way)))
    }

    @Test("a place of a later version is refused, and so is text that no version wrote")
    func refused() throws {
        for text in ["tributary-cursor/4 x", "tributary-cursor/99 {}", "tributary-cursor/4"] {
            let version = try #require(Int(text.dropFirst(17).prefix { $0.isNumber }))
            #expect(throws: CursorError.newerVersion(version)) { try LogPlace(parsing: text) }
            #expect(throws: CursorError.newerVersion(version)) { try EarlierLogPlace(parsing: text) }
        }
        let way = "{\"restart\":1,\"next\":\"\(Bench.link("1"))\"}"
        let texts = [
            "", "x", "tributary-cursor/", "tributary-cursor/0 {}", "tributary-cursor/-1 {}", "tributary-cursor/3",
            "tributary-cursor/3 ", "tributary-cursor/3 {}", "tributary-cursor/3 {\"source\":\"f\"}",
            "tributary-cursor/3 {\"source\":\"f\",\"way\":{}}",
            "tributary-cursor/3 {\"source\":\"f\",\"way\":{\"restart\":1,\"next\":\"x\"}}",
            "tributary-cursor/3 {\"source\":\"f\",\"history\":\(way),\"tail\":\(way)}",
            "tributary-cursor/3 {\"source\":\"f\",\"way\":\(way),\"tail\":\(way)}",
        ]
        for text in texts {
            #expect(throws: CursorError.unreadable, "\(text)") { try LogPlace(parsing: text) }
        }
        _ = try LogPlace(parsing: "tributary-cursor/3 {\"source\":\"f\",\"way\":\(way)}")
    }

    // MARK: Earlier versions

    @Test("a place of version 1 consists of a link, and the link is followed even if the query has changed")
    func version1() throws {
        let text = "tributary-cursor/1 \(Self.fingerprint) \(Bench.link("7"))"
        #expect(throws: CursorError.unreadable) { try LogPlace(parsing: text) }
        let earlier = try #require(try EarlierLogPlace(parsing: text))
        for filter in [nil, "b"] {
            let query = try query(filter: filter)
            let place = earlier.upgraded(for: query)
            let way = LogPlace.Way(filter: filter, restart: StoredTime(0), next: Bench.link("7"))
            #expect(place == LogPlace(source: query.source, ways: .one(way)))
        }
    }

    @Test(
        "a place of version 2 continues at its link; if the link can't be used, it continues five minutes before its watermark"
    )
    func version2() throws {
        let query = try query(filter: "b")
        for (fingerprint, source) in [(query.earlierFingerprint, query.source), (Self.fingerprint, "")] {
            let text = """
                tributary-cursor/2 {"fingerprint":"\(fingerprint)","organization":"00o1","tail":{"next":"\(Bench.link("7"))",\
                "since":1,"watermark":1757600000000}}
                """
            let earlier = try #require(try EarlierLogPlace(parsing: text))
            let way = LogPlace.Way(
                filter: "b", restart: StoredTime(1_757_599_700_000), next: Bench.link("7"),
                reached: PublishedTime(1_757_600_000_000))
            #expect(
                earlier.upgraded(for: query) == LogPlace(organization: "00o1", source: source, ways: .one(way)))
        }
    }

    @Test(
        "a backfill of version 2 continues with both ways; its head is full if version 2 remembered at least 2,000 of its first events",
        arguments: [(1_999, false), (2_000, true)])
    func version2Backfill(boundary: Int, isFull: Bool) throws {
        let query = try query()
        let text = """
            tributary-cursor/2 {"backfill":{"boundary":\(boundary),"from":1757000000000,"history":{"next":"\(Bench.link("8"))",\
            "since":1757000000000},"until":1757590000000},"fingerprint":"\(query.earlierFingerprint)",\
            "tail":{"since":1757590000000,"watermark":1757590100000}}
            """
        let earlier = try #require(try EarlierLogPlace(parsing: text))
        let history = LogPlace.Way(filter: nil, restart: StoredTime(1_757_000_000_000), next: Bench.link("8"))
        // Usually the restart time is five minutes before the watermark. Here this would be before the way's beginning, so the beginning is used.
        let tail = LogPlace.Way(
            filter: nil, restart: StoredTime(1_757_590_000_000), reached: PublishedTime(1_757_590_100_000))
        #expect(
            earlier.upgraded(for: query)
                == LogPlace(
                    source: query.source,
                    ways: .two(
                        history: history, tail: tail,
                        .init(
                            from: PublishedTime(1_757_000_000_000), until: StoredTime(1_757_590_000_000),
                            isHeadFull: isFull))))
    }

    @Test(
        "a text that is neither a place of version 1 nor of version 2 is refused",
        arguments: [
            "tributary-cursor/1", "tributary-cursor/1 0123456789abcdef", "tributary-cursor/1 0123456789abcdef x y",
            "tributary-cursor/1 0123456789abcdef x", "tributary-cursor/1 0123 https://acme.okta.com/api/v1/logs",
            "tributary-cursor/2", "tributary-cursor/2 {}", "tributary-cursor/2 {\"fingerprint\":\"0\",\"tail\":{}}",
            "tributary-cursor/2 {\"fingerprint\":\"0\",\"tail\":{\"next\":\"x\"}}",
        ])
    func earlierRefused(text: String) {
        #expect(throws: CursorError.unreadable) { try EarlierLogPlace(parsing: text) }
        #expect(throws: CursorError.unreadable) { try LogPlace(parsing: text) }
    }

    @Test("the fingerprint of a query is the same as in version 2")
    func earlierFingerprint() throws {
        // FNV-1a of "https://acme.okta.com\nb\n1000".
        #expect(try query(filter: "b").earlierFingerprint == "2e638af7ddcb0477")
    }

    // MARK: The organization of a place

    @Test("the fingerprint of a query changes with the address and the page size, but not with the filter")
    func source() throws {
        let source = try query().source
        #expect(try query(filter: "b").source == source)
        #expect(try query(pageLimit: 500).source != source)
        #expect(try query("login.acme.example").source != source)
        #expect(source.utf8.count == 16)
    }

    @Test(
        "a place with a link to another address is used only if it is known that the org has the place's organization id"
    )
    func otherOrganization() throws {
        var query = try query()
        var place = LogPlace(start: Bench.restart, query: query)
        #expect(!place.isElsewhere(than: query))
        try place.check(against: query)
        place.changeEach { $0.next = "https://login.acme.example/api/v1/logs?after=1" }
        #expect(place.isElsewhere(than: query))
        for known in [nil, "00o1"] {
            place.organization = known
            let error = #expect(throws: CursorError.self) { try place.check(against: query) }
            guard case .foreign = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        query.organization = "00o1"
        try place.check(against: query)
        query.organization = "00o2"
        #expect(throws: CursorError.otherOrganization(kept: "00o1", found: "00o2")) { try place.check(against: query) }
    }

    @Test("if the org at the address has another id, nothing is collected")
    func learned() throws {
        let query = try query()
        let body = """
            {"id":"00o2","pipeline":"idx","_links":{"organization":{"href":"https://acme.okta.com"}}}
            """
        let probe = try #require(OrgProbe(HTTPResponse(status: 200, body: Array(body.utf8))))
        var place = LogPlace(start: Bench.restart, query: query)
        var same = try Bench(place: place)
        try same.pager.learn(probe)
        #expect(same.pager.query.organization == "00o2")
        place.organization = "00o1"
        var other = try Bench(place: place)
        #expect(throws: CursorError.otherOrganization(kept: "00o1", found: "00o2")) { try other.pager.learn(probe) }
    }
}

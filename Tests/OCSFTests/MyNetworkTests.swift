import Foundation
import Testing

@testable import OCSF

@Suite("my domains and IPs") struct MyNetworkTests {
    static let network = MyNetwork(
        domains: ["Example.com", "corp.example"],
        ranges: [
            MyNetwork.AddressRange(address: [203, 0, 113, 64], prefixLength: 26),
            MyNetwork.AddressRange(
                address: [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 12), prefixLength: 33),
            MyNetwork.AddressRange(address: [198, 51, 100, 7], prefixLength: 32),
        ].compactMap(\.self))

    @Test(
        "private, loopback, link-local and unique-local addresses are always internal, in addition to the configured ones",
        arguments: [
            ("10.0.0.0", 1, 1), ("10.255.255.255", 1, 1), ("9.255.255.255", 0, 2), ("11.0.0.0", 0, 2),
            ("172.15.255.255", 0, 2), ("172.16.0.0", 1, 1), ("172.31.255.255", 1, 1), ("172.32.0.0", 0, 2),
            ("192.167.255.255", 0, 2), ("192.168.0.1", 1, 1), ("192.169.0.0", 0, 2), ("127.0.0.1", 1, 1),
            ("169.254.1.1", 1, 1), ("169.255.0.0", 0, 2), ("100.64.0.1", 0, 2), ("0.0.0.0", 0, 2),
            ("::1", 1, 1), ("::2", 0, 2), ("fe80::1", 1, 1), ("febf::1", 1, 1), ("fec0::1", 0, 2), ("fc00::1", 1, 1),
            ("fdff::1", 1, 1), ("fe00::1", 0, 2), ("fbff::1", 0, 2), ("::ffff:10.1.2.3", 1, 1),
            ("203.0.113.63", 0, 2), ("203.0.113.64", 0, 1), ("203.0.113.127", 0, 1), ("203.0.113.128", 0, 2),
            ("198.51.100.7", 0, 1), ("198.51.100.8", 0, 2), ("::ffff:203.0.113.64", 0, 1),
            ("2001:db8:7fff::1", 0, 1), ("2001:db8:8000::1", 0, 2), ("2001:db9::1", 0, 2),
        ])
    func addresses(text: String, unconfigured: Int, configured: Int) throws {
        try withText(text) { text in
            let address = try #require(IPAddress(text))
            #expect(MyNetwork().scope(of: address)?.rawValue ?? 0 == unconfigured)
            #expect(Self.network.scope(of: address)?.rawValue ?? 0 == configured)
        }
    }

    @Test(
        "a domain includes its subdomains, in any letter case, and no other domain",
        arguments: [
            ("example.com", true), ("EXAMPLE.COM", true), ("mail.example.com", true), ("a.b.example.com", true),
            ("badexample.com", false), ("example.com.evil.example", false), ("example.org", false), ("com", false),
            ("xample.com", false), ("corp.example", true), ("hr.corp.example", true), ("example", false),
        ])
    func domains(text: String, isMine: Bool) throws {
        try withText(text) { text in
            #expect(Self.network.scope(ofDomain: text) == (isMine ? .internal : .external))
            #expect(MyNetwork().scope(ofDomain: text) == nil)
        }
    }

    @Test("an invalid range is refused")
    func badRanges() {
        #expect(MyNetwork.AddressRange(address: [1, 2, 3], prefixLength: 8) == nil)
        #expect(MyNetwork.AddressRange(address: [1, 2, 3, 4], prefixLength: 33) == nil)
        #expect(MyNetwork.AddressRange(address: [1, 2, 3, 4], prefixLength: -1) == nil)
        #expect(MyNetwork.AddressRange(address: [UInt8](repeating: 0, count: 16), prefixLength: 128) != nil)
    }

    @Test(
        "for each endpoint, user and URL, a record has an enrichment that says whether the attribute's value is internal"
    )
    func marks() throws {
        let target: [Any] = [["id": "u", "type": "User", "alternateId": "eve@example.org", "displayName": "Eve"]]
        let event = try signIn([
            "eventType": "user.session.clear", "target": target, "client": ["ipAddress": "203.0.113.77"],
        ])
        for settings in [
            NormalizerSettings(network: Self.network), NormalizerSettings(observables: false, network: Self.network),
        ] {
            let record = try record(event, settings)
            #expect(record.number("src_endpoint.network_scope_id") == 1)
            #expect(record.text("src_endpoint.network_scope") == "Internal")
            let enrichments = try #require(record["enrichments"] as? [[String: Any]])
            var said: [String: Int] = [:]
            for enrichment in enrichments {
                let name = try #require(enrichment["name"] as? String)
                #expect(record.text(name) == enrichment["value"] as? String, "\(name)")
                #expect(enrichment["type"] as? String == "my_network")
                said[name] = (enrichment["data"] as? [String: Any])?["network_scope_id"] as? Int
            }
            #expect(
                said == [
                    "actor.user.email_addr": 1, "user.email_addr": 2, "src_endpoint.ip": 1,
                    "http_request.url.hostname": 1,
                ])
        }
    }

    @Test("without a configuration, only addresses that are always internal are marked as internal")
    func unconfigured() throws {
        let outside = try record(try signIn())
        #expect(outside["enrichments"] == nil)
        #expect(outside["src_endpoint.network_scope_id"] == nil)
        let inside = try record(try signIn(["client": ["ipAddress": "fd00::7"]]))
        #expect(inside.number("src_endpoint.network_scope_id") == 1)
        #expect(inside.text("enrichments.0.name") == "src_endpoint.ip")
        #expect(inside["enrichments.1"] == nil)
        let evidence = try record(
            try signIn(["eventType": "user.risk.detect", "client": ["ipAddress": "10.0.0.1"]]))
        #expect(evidence.number("evidences.0.src_endpoint.network_scope_id") == 1)
        #expect(evidence.text("enrichments.0.name") == "evidences[0].src_endpoint.ip")
    }
}

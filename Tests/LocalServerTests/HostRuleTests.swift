import Testing

@testable import LocalServer

@Suite("The Host header of requests from browsers")
struct HostRuleTests {
    @Test(
        "a Host header with a name or loopback address of this host is accepted",
        arguments: [
            "localhost", "localhost:9464", "LocalHost", "127.0.0.1", "127.0.0.1:80", "127.9.9.9", "[::1]", "[::1]:9464",
        ])
    func accepted(_ host: String) { #expect(HostRule(isChecked: true).accepts([host])) }

    @Test(
        "a Host header with a name or address that another site could use is refused",
        arguments: [
            "", ":", "attacker.example", "localhost.attacker.example", "127.0.0.1.attacker.example",
            "attacker.example:9464", "127.0.0.1:80:80", "127.0.0.1@x",
            "127.0.0", "127.0.0.256", "127.1", "128.0.0.1", "0.0.0.0", "10.0.0.1", "[::2]", "::1", "localhost.",
            "localhost:x",
        ])
    func refused(_ host: String) { #expect(!HostRule(isChecked: true).accepts([host])) }

    @Test("a request must have exactly one Host header")
    func once() {
        #expect(!HostRule(isChecked: true).accepts([]))
        #expect(!HostRule(isChecked: true).accepts(["localhost", "localhost"]))
        #expect(
            HostRule(isChecked: false).accepts([]),
            "on a Unix socket, which no web page can reach, the Host header is not checked")
    }
}

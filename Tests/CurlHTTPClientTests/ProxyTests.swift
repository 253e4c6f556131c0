import CCurl
import Foundation
import NetworkFixtures
import Testing

@testable import CurlHTTPClient

@Suite("Requests through a proxy")
struct ProxyTests {
    private static func shown(_ rules: ProxyRules, _ url: String) throws -> String? {
        rules.proxy(for: try #require(HTTPURL(url)))?.shown
    }

    @Test("the configured proxy and exceptions take precedence over those of the environment")
    func precedence() throws {
        let environment = ["https_proxy": "http://env:1", "HTTPS_PROXY": "http://big:1", "no_proxy": "b.example"]
        let url = "https://a.b.example/"
        #expect(try Self.shown(ProxyRules(proxy: nil, exceptions: nil, environment: [:]), url) == nil)
        #expect(try Self.shown(ProxyRules(proxy: nil, exceptions: nil, environment: environment), url) == nil)
        #expect(try Self.shown(ProxyRules(proxy: nil, exceptions: ["c"], environment: environment), url) == "env:1")
        #expect(
            try Self.shown(ProxyRules(proxy: "http://own:2", exceptions: nil, environment: environment), url) == nil)
        #expect(
            try Self.shown(ProxyRules(proxy: "http://own:2", exceptions: ["c"], environment: environment), url)
                == "own:2")
        #expect(
            try Self.shown(ProxyRules(proxy: nil, exceptions: nil, environment: ["ALL_PROXY": "all:3"]), url) == "all:3"
        )
        #expect(try Self.shown(ProxyRules(proxy: nil, exceptions: nil, environment: ["https_proxy": ""]), url) == nil)
    }

    @Test("the password in the environment's proxy URL is not shown")
    func secrecy() throws {
        let rules = ProxyRules(
            proxy: nil, exceptions: nil, environment: ["https_proxy": "http://joe:hunt@er2@proxy.example:3128/"])
        #expect(try Self.shown(rules, "https://acme.okta.com/") == "proxy.example:3128")
    }

    @Test(
        "the proxy is not used for hosts that match an exception",
        arguments: [
            ("*", "acme.okta.com", true), ("acme.okta.com", "acme.okta.com", true), ("okta.com", "acme.okta.com", true),
            (".okta.com", "acme.okta.com", true), ("ACME.okta.com.", "acme.okta.com", true),
            ("me.okta.com", "acme.okta.com", false), ("acme.okta.com", "okta.com", false), ("", "acme.okta.com", false),
            (".", "acme.okta.com", false), ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false),
            ("192.0.2.2", "192.0.2.2", true), ("192.0.2.2", "192.0.2.22", false), ("192.0.2.0/33", "192.0.2.2", false),
            ("0.0.0.0/0", "192.0.2.2", true), ("192.0.2.129/25", "192.0.2.130", true),
            ("192.0.2.129/25", "192.0.2.2", false), ("10.0.0.0/8", "10.example.com", false),
            ("2001:db8::/32", "[2001:db8::5]", true), ("2001:db8::/32", "[2001:db9::5]", false),
            ("[2001:db8::5]", "[2001:db8::5]", true), ("2001:db8::/32", "192.0.2.2", false),
        ])
    func exceptions(exception: String, host: String, isDirect: Bool) throws {
        let rules = ProxyRules(proxy: "http://p:1", exceptions: [exception], environment: [:])
        #expect(try (Self.shown(rules, "https://\(host)/") == nil) == isDirect)
    }

    @Test(
        "requests to loopback addresses never use the proxy",
        arguments: ["http://127.0.0.1:8", "https://localhost", "http://[::1]:8"])
    func loopback(url: String) throws {
        #expect(try Self.shown(ProxyRules(proxy: "http://p:1", exceptions: nil, environment: [:]), url) == nil)
    }

    @Test(
        "in a credentials file, the first colon separates user and password; a file in another form is refused",
        arguments: [
            ("joe:hunter2", "joe", "hunter2"), ("joe:hunter2\r\n", "joe", "hunter2"), ("joe:", "joe", ""),
            ("j:a:b: c ", "j", "a:b: c "), ("jö:é\n\n", "jö", "é"), (":x", nil, nil), ("joe", nil, nil), ("", nil, nil),
            ("a:b\nc:d", nil, nil), ("a:b\u{0}", nil, nil),
        ])
    func credentials(text: String, user: String?, password: String?) {
        let credentials = ProxyCredentialsFile.parse(text)
        #expect(credentials?.user == user)
        #expect(credentials?.password == password)
        #expect(!"\(String(describing: credentials))".contains("hunter2"))
    }

    @Test(
        "if the credentials file is replaced, it is read again; if it is invalid, the error does not show its content")
    func replaced() throws {
        let files = try FixtureProcess("credentials")
        let path = files.path("proxy")
        let file = ProxyCredentialsFile(path: path)
        #expect(throws: ProxyCredentialsFile.Failure.self) { try file.current() }
        for password in ["hunter2", "hunter3"] {
            try Data("joe:\(password)\n".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            #expect(try file.current().password == password)
        }
        try Data("sekret".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        let failure = #expect(throws: ProxyCredentialsFile.Failure.self) { try file.current() }
        #expect(failure?.words == "\(path) does not contain user:password on one line")
    }

    @Test(
        "if a proxy refuses a connection, the error says why and what to do",
        arguments: [
            (407, false, "asks for a user and password", "set network.proxy_credentials_file to its path"),
            (407, true, "does not accept the user and password", "Put the correct user:password"),
            (401, true, "does not accept the user and password", "Put the correct user:password"),
            (403, false, "does not allow connections to the host", "allow CONNECT to acme.okta.com"),
            (502, false, "can't reach the host", "the proxy's Internet connection"),
            (418, false, "refused the connection: 418", "own log"),
        ])
    func answers(status: Int, hasCredentials: Bool, what: String, remedy: String) {
        var failure = CurlFailure(code: CURLE_RECV_ERROR, words: "CONNECT tunnel failed", host: "acme.okta.com")
        failure.proxy = "proxy.example:3128"
        failure.hasProxyCredentials = hasCredentials
        failure.connectStatus = status
        failure.isConnected = true
        #expect(failure.error.kind == .proxy)
        #expect(failure.error.summary.contains("proxy.example:3128 \(what)"))
        #expect(failure.error.remedy?.contains(remedy) == true)
    }

    @Test("once the proxy has connected, errors of the host are not reported as errors of the proxy")
    func behind() {
        var failure = CurlFailure(code: CURLE_PEER_FAILED_VERIFICATION, words: "SSL certificate problem", host: "h")
        failure.proxy = "p:1"
        failure.connectStatus = 200
        failure.verifyResult = 20
        failure.isConnected = true
        #expect(failure.error.kind == .tls)
        failure = CurlFailure(code: CURLE_OPERATION_TIMEDOUT, words: "timed out", host: "h")
        failure.proxy = "p:1"
        #expect(failure.error.kind == .proxy)
        failure.isConnected = true
        #expect(failure.error.kind == .connect, "the request was not sent yet, so this is a failed connection")
        failure.isSent = true
        #expect(failure.error.kind == .timeout)
    }
}

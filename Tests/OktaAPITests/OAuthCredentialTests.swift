import Crypto
import CurlHTTPClient
import Foundation
import NetworkFixtures
import Synchronization
import Testing

@testable import OktaAPI

/// Tests the credential with a scripted server on loopback. Whether an org would accept the requests is tested elsewhere: with the simulated org, and
/// with PyJWT.
@Suite("A service app's credential")
struct OAuthCredentialTests {
    /// A service app with its key in a file, and a server that answers as the test says.
    private final class Setting: Sendable {
        let server: LoopbackServer
        let transport: CurlTransport
        let credential: OAuthCredential
        let directory: URL

        /// - Parameter answer: returns the answer to a request. Its arguments are the path and the whole request.
        init(_ answer: @escaping @Sendable (String, String) -> LoopbackServer.Answer) throws {
            server = try LoopbackServer { head in
                answer(String(head.split(separator: " ")[1].prefix { $0 != "?" }), head)
            }
            transport = try CurlTransport(CurlTransport.Options(userAgent: "test"))
            directory = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            let file = directory.appendingPathComponent("key")
            try Data(P256.Signing.PrivateKey().pemRepresentation.utf8).write(to: file)
            credential = OAuthCredential(
                .init(clientID: "0oa1", keyID: nil, scopes: ["okta.logs.read"]), org: try OrgURL(parsing: server.url),
                keyPath: file.path, transport: transport, seed: 1)
        }

        func send() async throws -> HTTPResponse {
            try await AuthorizedTransport(transport).send(
                HTTPRequest(.get, server.url + "/api/v1/logs?limit=1"), as: credential)
        }

        /// Sends a request. Returns the error of the transport; nil if there was an answer or another error.
        func failure() async -> TransportError.Kind? {
            do {
                _ = try await send()
                return nil
            } catch AuthorizedTransport.Failure.transport(let error) {
                return error.kind
            } catch {
                return nil
            }
        }

        func count(_ path: String) -> Int { server.requests.count { $0.contains(" \(path)") } }

        deinit { try? FileManager.default.removeItem(at: directory) }
    }

    private static func reply(_ status: Int, _ headers: String = "", _ body: String) -> LoopbackServer.Answer {
        .text(
            "HTTP/1.1 \(status) X\r\n\(headers.isEmpty ? "" : headers + "\r\n")Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
    }

    private static func token(_ type: String = "Bearer", _ text: String = "secret-access-token")
        -> LoopbackServer.Answer
    {
        reply(
            200, "Content-Type: application/json",
            "{\"token_type\":\"\(type)\",\"expires_in\":3600,\"access_token\":\"\(text)\"}")
    }

    @Test(
        "a key file that is too large or not text is described as such, and not as an API token",
        arguments: [Data(repeating: 0x41, count: 1 << 20), Data([0xFF, 0xFE])])
    func unusableKeyFile(content: Data) async throws {
        let setting = try Setting { _, _ in Self.reply(500, "", "") }
        try content.write(to: setting.directory.appendingPathComponent("key"))
        let error = await #expect(throws: AuthorizedTransport.Failure.self) { try await setting.send() }
        guard case .credential(let problem) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problem.description.hasSuffix("/key is too large or not text: it must contain only the secret"))
    }

    @Test("if fifty callers need a token at the same time, one token request is sent")
    func singleFlight() async throws {
        let setting = try Setting { path, _ in path == "/oauth2/v1/token" ? Self.token() : Self.reply(200, "", "[]") }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await setting.send().status } }
            for try await status in group { #expect(status == 200) }
        }
        #expect(setting.count("/oauth2/v1/token") == 1)
        #expect(setting.count("/api/v1/logs") == 50)
        await setting.transport.shutdown()
    }

    @Test("if an org refuses every token, only two requests are sent, and the answer is a 401")
    func alwaysRefused() async throws {
        let setting = try Setting { path, _ in
            path == "/oauth2/v1/token" ? Self.token() : Self.reply(401, "", "{\"errorCode\":\"E0000011\"}")
        }
        #expect(try await setting.send().status == 401)
        #expect(setting.count("/api/v1/logs") == 2)
        #expect(setting.count("/oauth2/v1/token") == 2)
        await setting.transport.shutdown()
    }

    @Test(
        "if an org refuses every DPoP proof, only a few requests are sent, and the org's 400 is reported as a 401",
        arguments: [
            "use_dpop_nonce", "invalid_dpop_proof", "dpop_proof_required_for_token",
            "dpop_authentication_scheme_required",
        ])
    func neverProved(code: String) async throws {
        let number = Mutex(0)
        let setting = try Setting { path, _ in
            if path == "/oauth2/v1/token" { return Self.token("DPoP") }
            let nonce = number.withLock {
                $0 += 1
                return $0
            }
            return Self.reply(400, "DPoP-Nonce: n\(nonce)", "{\"errorCode\":\"\(code)\"}")
        }
        #expect(try await setting.send().status == 401)
        #expect(setting.count("/api/v1/logs") <= 4)
        #expect(setting.count("/api/v1/logs") >= 2)
        await setting.transport.shutdown()
    }

    @Test("a 400 that is about the query is returned, and the request is not repeated")
    func badQuery() async throws {
        let setting = try Setting { path, _ in
            path == "/oauth2/v1/token" ? Self.token() : Self.reply(400, "", "{\"errorCode\":\"E0000053\"}")
        }
        #expect(try await setting.send().status == 400)
        #expect(setting.count("/api/v1/logs") == 1)
        await setting.transport.shutdown()
    }

    @Test("if the token endpoint can't issue a token now, its answer is returned", arguments: [429, 503, 302, 404])
    func unavailable(status: Int) async throws {
        let setting = try Setting { _, _ in Self.reply(status, "Retry-After: 60", "{\"error\":\"server_error\"}") }
        #expect(try await setting.send().status == status)
        #expect(setting.count("/api/v1/logs") == 0)
        if status == 429 {
            #expect(try await setting.send().status == 429)
            #expect(setting.count("/oauth2/v1/token") == 1, "no token is requested before the time that the 429 gave")
        }
        await setting.transport.shutdown()
    }

    @Test("a 400 of the token endpoint that says “temporarily unavailable” is returned, and is not a refusal")
    func temporarilyUnavailable() async throws {
        let setting = try Setting { _, _ in Self.reply(400, "", "{\"error\":\"temporarily_unavailable\"}") }
        let response = try await setting.send()
        #expect(response.status == 400 && response.isOfTokenEndpoint)
        await setting.transport.shutdown()
    }

    @Test(
        "if the answer contains no token, an error without the answer's text is reported, and no request is sent for the log",
        arguments: [
            "<html>login</html>", "{}", "[]", "{\"access_token\":\"secret-access-token\"}",
            "{\"access_token\":\"secret-access-token\",\"token_type\":\"mac\"}",
            "{\"access_token\":\"secret-access-token\\r\\nX: y\",\"token_type\":\"Bearer\"}",
            "{\"access_token\":\"\",\"token_type\":\"Bearer\"}",
            "{\"access_token\":\"\(String(repeating: "x", count: 20_000))\",\"token_type\":\"Bearer\"}",
        ])
    func noToken(body: String) async throws {
        let setting = try Setting { _, _ in Self.reply(200, "", body) }
        do {
            _ = try await setting.send()
            Issue.record("a token was found in \(body)")
        } catch AuthorizedTransport.Failure.credential(let error) {
            #expect(error.description.contains("gave no access token"))
            #expect(!error.description.contains("secret-access"))
            #expect(error.description.count < 300)
        }
        #expect(setting.count("/api/v1/logs") == 0)
        await setting.transport.shutdown()
    }

    @Test("if a token request hangs, it ends when its caller is cancelled")
    func cancelled() async throws {
        let setting = try Setting { _, _ in .silence }
        let task = Task { await setting.failure() }
        await setting.server.untilRequests(1)
        task.cancel()
        #expect(await task.value == .cancelled)
        await setting.transport.shutdown()
    }

    @Test(
        "once the server's time is known, times in JWTs are those of the server's clock, even if this host's clock is wrong"
    )
    func wrongClock() async throws {
        var clock = ServerClock()
        let local = UTCTime(milliseconds: 1_000_000_000)
        #expect(clock.seconds(local: local) == 1_000_000)
        clock.learn(from: HTTPHeaders([.init("Date", "Thu, 25 Dec 2025 18:54:54 GMT")]), local: local)
        #expect(clock.seconds(local: local) == 1_766_688_894)
        #expect(clock.seconds(local: UTCTime(milliseconds: local.milliseconds + 2500)) == 1_766_688_896)
        clock.learn(from: HTTPHeaders([.init("Date", "yesterday")]), local: local)
        #expect(clock.seconds(local: local) == 1_766_688_894)
    }

    @Test("the error in a WWW-Authenticate header is found, and other text is not mistaken for it")
    func challenges() {
        func code(_ lines: [String], _ body: String = "", status: Int = 401) -> String? {
            BearerChallenge.code(
                in: HTTPResponse(
                    status: status, headers: HTTPHeaders(lines.map { .init("WWW-Authenticate", $0) }),
                    body: Array(body.utf8)))
        }
        #expect(code(["DPoP error=\"use_dpop_nonce\", error_description=\"x\""]) == "use_dpop_nonce")
        #expect(code(["Basic realm=\"x\"", "Bearer realm=\"x\", error=\"invalid_token\""]) == "invalid_token")
        #expect(code(["Basic error=\"x\""], "{\"errorCode\":\"E0000011\"}") == "E0000011")
        #expect(code(["Bearer error=\""], "") == nil)
        #expect(code(["DPoP error=\"x y\""], "") == nil)
        #expect(code(["DPoP error=\"use_dpop_nonce\""], status: 200) == nil)
    }
}

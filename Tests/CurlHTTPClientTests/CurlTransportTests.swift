import Foundation
import NetworkFixtures
import Synchronization
import TestSupport
import Testing

@testable import CurlHTTPClient

@Suite("The transport with a server on loopback", .timeLimit(.minutes(20)))
struct CurlTransportTests {
    private static func get(_ url: String, _ limits: HTTPLimits = .patient) -> HTTPRequest {
        HTTPRequest(.get, url, limits: limits)
    }

    private static func kind(_ transport: CurlTransport, _ request: HTTPRequest) async -> TransportError.Kind? {
        do {
            _ = try await transport.send(request)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test("a connection is reused, and requests have the expected headers")
    func keepAlive() async throws {
        let server = try LoopbackServer { _ in .answer("Link: <a>; rel=next\r\nlink: <b>\r\nX-Fold: a\r\n b", "[]") }
        let transport = try CurlTransport(.init(userAgent: "Tributary/1 (test)"))
        var request = Self.get(server.url + "/a/../b?x=%22+y")
        request.headers.append("Authorization", "SSWS secret")
        for _ in 0..<3 {
            let response = try await transport.send(request)
            #expect(response.status == 200)
            #expect(response.body == Array("[]".utf8))
            #expect(response.headers.values("LINK") == ["<a>; rel=next", "<b>"])
            #expect(response.headers.first("x-fold") == "a b")
            #expect(response.version == .http1_1)
        }
        #expect(server.connections == 1)
        let sent = try #require(server.requests.first)
        #expect(sent.hasPrefix("GET /a/../b?x=%22+y HTTP/1.1\r\n"))
        #expect(sent.contains("User-Agent: Tributary/1 (test)\r\n"))
        #expect(sent.contains("Accept-Encoding: gzip\r\n"))
        #expect(sent.contains("Authorization: SSWS secret\r\n"))
        await transport.shutdown()
    }

    @Test("no part of a request is sent with the next request, even if both use the same curl handle")
    func reusedHandle() async throws {
        let server = try LoopbackServer { request in .answer("X-First: \(request.contains("/first"))", "[]") }
        let transport = try CurlTransport()
        for method in [HTTPMethod.post, .put, .delete] {
            var request = HTTPRequest(method, server.url + "/first", body: Array("payload".utf8), limits: .patient)
            request.headers.append("Authorization", "SSWS secret")
            _ = try await transport.send(request)
            let response = try await transport.send(Self.get(server.url + "/next"))
            #expect(response.body == Array("[]".utf8))
            #expect(response.headers.values("X-First") == ["false"])
            let sent = try #require(server.requests.last)
            #expect(sent.hasPrefix("GET /next HTTP/1.1\r\n"))
            for word in ["Authorization", "secret", "payload", "Content-Length"] {
                #expect(!sent.contains(word), "after \(method.rawValue)")
            }
        }
        await transport.shutdown()
    }

    @Test("a POST without a body has Content-Length: 0, and a PUT with a body has the body's length")
    func post() async throws {
        let server = try LoopbackServer { _ in .answer("", "") }
        let transport = try CurlTransport()
        _ = try await transport.send(HTTPRequest(.post, server.url))
        var request = HTTPRequest(.put, server.url, body: Array("{}".utf8))
        request.headers.append("Content-Type", "application/json")
        _ = try await transport.send(request)
        _ = try await transport.send(HTTPRequest(.delete, server.url))
        let sent = server.requests
        #expect(sent[0].contains("Content-Length: 0\r\n") && !sent[0].contains("Content-Type"))
        #expect(sent[1].hasPrefix("PUT / ") && sent[1].contains("Content-Length: 2\r\n"))
        #expect(sent[2].hasPrefix("DELETE / "))
    }

    @Test("chunked and gzip bodies are decoded")
    func encodings() async throws {
        let plain = String(repeating: "{\"uuid\":1},", count: 1000)
        let zipped = gzip(plain.utf8)
        let server = try LoopbackServer { request in
            request.contains("/zip")
                ? .bytes(
                    Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(zipped.count)\r\n\r\n".utf8)
                        + zipped)
                : .text(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\nLink: <t>; rel=next\r\n\r\n"
                )
        }
        let transport = try CurlTransport()
        let chunked = try await transport.send(Self.get(server.url + "/chunked"))
        #expect(chunked.body == Array("[1,2]".utf8))
        #expect(chunked.headers.values("Link").isEmpty, "a trailer must not count as a header")
        let decoded = try await transport.send(Self.get(server.url + "/zip"))
        #expect(decoded.body == Array(plain.utf8))
    }

    @Test("zero bytes after a gzip body are ignored; other bytes are an error")
    func paddedEncoding() async throws {
        let zipped = gzip("[1,2]".utf8)
        let server = try LoopbackServer { request in
            let rest = request.contains("/padded") ? [UInt8](repeating: 0, count: 16) : Array("more".utf8)
            let length = zipped.count + rest.count
            return .bytes(
                Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(length)\r\n\r\n".utf8) + zipped
                    + rest)
        }
        let transport = try CurlTransport()
        let padded = try await transport.send(Self.get(server.url + "/padded"))
        #expect(padded.body == Array("[1,2]".utf8))
        #expect(await Self.kind(transport, Self.get(server.url + "/junk")) == .protocol)
    }

    @Test("if a body, a decompressed body or the headers exceed their limit, the transfer ends with an error")
    func bounds() async throws {
        let bomb = gzip(repeatElement(0, count: 64 << 20))
        let server = try LoopbackServer { request in
            if request.contains("/bomb") {
                return .bytes(
                    Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n".utf8)
                        + bomb)
            }
            if request.contains("/headers") {
                return .answer(
                    (0..<3000).map { "X-\($0): \(String(repeating: "x", count: 50))" }.joined(separator: "\r\n"), "")
            }
            return .answer("", String(repeating: "x", count: request.contains("/fits") ? 1000 : 1001))
        }
        let transport = try CurlTransport()
        #expect(bomb.count < 100_000)
        var limits = HTTPLimits.patient
        limits.bodyBytes = 1 << 20
        #expect(await Self.kind(transport, Self.get(server.url + "/bomb", limits)) == .tooLarge)
        #expect(await Self.kind(transport, Self.get(server.url + "/headers")) == .tooLarge)
        limits.bodyBytes = 1000
        #expect(await Self.kind(transport, Self.get(server.url + "/big", limits)) == .tooLarge)
        #expect(await Self.kind(transport, Self.get(server.url + "/fits", limits)) == nil)
    }

    @Test(
        "an incomplete or invalid answer causes an error of the right kind",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[", TransportError.Kind.interrupted),
            ("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Le", .interrupted), ("HTTP/1.1 200 OK\r\n", .interrupted),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n[", .interrupted),
            ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", .protocol),
            ("", .interrupted), ("SSH-2.0-OpenSSH\r\n", .protocol),
        ])
    func brokenAnswers(answer: String, kind: TransportError.Kind) async throws {
        let server = try LoopbackServer { _ in .textThenClose(answer) }
        #expect(await Self.kind(try CurlTransport(), Self.get(server.url)) == kind)
    }

    @Test("a redirect is returned as the answer and not followed")
    func redirect() async throws {
        let server = try LoopbackServer { _ in
            .text("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        }
        #expect(try await CurlTransport().send(Self.get(server.url)).status == 302)
        #expect(server.requests.count == 1)
    }

    @Test("if the server is silent, the request times out, and the error does not contain the query")
    func timeout() async throws {
        let server = try LoopbackServer { _ in .silence }
        let transport = try CurlTransport()
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(Self.get(server.url + "/x?after=secret", HTTPLimits(total: .milliseconds(200))))
        }
        #expect(error?.kind == .timeout)
        #expect(error?.description.contains("secret") == false)
        #expect(error?.description.contains(server.authority) == true)
    }

    @Test("a refused connection and an unknown host name cause different kinds of errors")
    func unreachable() async throws {
        let transport = try CurlTransport()
        let port = try LoopbackServer.freePort()
        #expect(await Self.kind(transport, Self.get("http://127.0.0.1:\(port)/")) == .connect)
        #expect(await Self.kind(transport, Self.get("https://no-such-org.invalid/")) == .resolve)
    }

    @Test(
        "a request with an unsafe URL or a control character in a header is refused before anything is sent",
        arguments: [
            ("http://example.com/", "x"), ("ftp://127.0.0.1/", "x"), ("file:///etc/passwd", "x"),
            ("http://127.0.0.1:PORT/\r\nX: y", "x"), ("http://u:p@127.0.0.1:PORT/", "x"),
            ("http://127.0.0.1:PORT/#f", "x"),
            ("http://127.0.0.1:PORT/", "x\r\nY: z"), ("http://127.0.0.1:PORT/", "x\u{0}y"),
            ("http://127.0.0.1:PORT/", "x\n"),
        ])
    func invalid(url: String, value: String) async throws {
        let server = try LoopbackServer { _ in .answer("", "") }
        var request = Self.get(url.replacing("PORT", with: "\(server.port)"))
        request.headers.append("X-Test", value)
        #expect(await Self.kind(try CurlTransport(), request) == .invalidRequest)
        #expect(server.connections == 0)
    }

    @Test("if a task is cancelled, its transfer ends, whether it has begun or not")
    func cancellation() async throws {
        let server = try LoopbackServer { _ in .silence }
        let transport = try CurlTransport()
        for _ in 0..<50 {
            let task = Task { await Self.kind(transport, Self.get(server.url)) }
            task.cancel()
            #expect(await task.value == .cancelled)
        }
        let before = server.requests.count
        let task = Task { await Self.kind(transport, Self.get(server.url)) }
        await server.untilRequests(before + 1)
        task.cancel()
        #expect(await task.value == .cancelled)
        await server.untilClosed()
    }

    @Test("200 concurrent requests are all answered, on at most 16 connections")
    func concurrent() async throws {
        let server = try LoopbackServer { _ in .answer("", "[]") }
        let transport = try CurlTransport(.init(maximumConnections: 16))
        let good = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask { (try? await transport.send(Self.get(server.url + "/\(number)")))?.status == 200 }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(good == 200)
        #expect(server.connections <= 16)
    }

    @Test("a shutdown ends running transfers, and later requests are refused")
    func shutdown() async throws {
        let server = try LoopbackServer { _ in .silence }
        let transport = try CurlTransport()
        let tasks = (0..<20).map { _ in Task { await Self.kind(transport, Self.get(server.url)) } }
        await server.untilRequests(20)
        await transport.shutdown()
        for task in tasks { #expect(await task.value == .shutDown) }
        #expect(await Self.kind(transport, Self.get(server.url)) == .shutDown)
        await transport.shutdown()
    }

    @Test(
        "a server with a private CA is refused; with the CA's file it is accepted, and HTTP/2 is used",
        .enabled(if: NginxServer.isThere, "nginx or openssl is missing: scripts/install-dependencies test"))
    func tls() async throws {
        let authority = try TestAuthority()
        let nginx = try NginxServer(try authority.certificate(for: ["DNS:localhost"]))
        defer { nginx.stop() }
        let url = "https://localhost:\(nginx.port)/"
        #expect(await Self.kind(try CurlTransport(), Self.get(url)) == .tls)
        let trusting = try CurlTransport(.init(caFile: authority.caFile))
        var request = Self.get(url)
        request.describesConnection = true
        let response = try await trusting.send(request)
        #expect(response.status == 200)
        #expect(response.version == .http2)
        #expect(response.body == Array("[]".utf8))
        #expect(response.connection?.address == "127.0.0.1:\(nginx.port)")
        #expect(response.connection?.tlsVersion == "TLSv1.3")
        #expect(response.connection?.certificateIssuer == "CN = Test Authority")
        #expect(response.connection?.certificateEnd?.hasSuffix("GMT") == true)
        #expect(await Self.kind(trusting, Self.get(url.replacing("localhost", with: "127.0.0.1"))) == .tls)
        #expect(nginx.requests.count == 1, "a refused server gets no request")
        #expect(throws: TransportError.self) { try CurlTransport(.init(caFile: "/does/not/exist")) }
    }

    @Test(
        "if a server requires a client certificate, requests succeed only with the configured certificate and its key",
        .enabled(if: NginxServer.isThere, "nginx or openssl is missing: scripts/install-dependencies test"))
    func clientCertificate() async throws {
        let authority = try TestAuthority()
        let own = try authority.certificate(for: ["DNS:collector-1"])
        let server = try NginxServer(
            try authority.certificate(for: ["DNS:localhost"]), clientAuthority: authority.caFile)
        defer { server.stop() }
        let request = Self.get("https://localhost:\(server.port)/")
        let known = try CurlTransport(
            .init(caFile: authority.caFile, clientCertificate: .init(file: own.path, keyFile: own.keyPath)))
        #expect(try await known.send(request).status == 200)
        await known.shutdown()
        let unknown = try CurlTransport(.init(caFile: authority.caFile))
        // If the client certificate is missing, nginx completes the TLS handshake and answers with an HTTP error.
        #expect(try await unknown.send(request).status == 400)
        await unknown.shutdown()
        let wrong = try CurlTransport(
            .init(
                caFile: authority.caFile,
                clientCertificate: .init(
                    file: own.path, keyFile: try authority.certificate(for: ["DNS:other"]).keyPath)))
        #expect(await Self.kind(wrong, request) == .tls)
        await wrong.shutdown()
        #expect(throws: TransportError.self) {
            try CurlTransport(.init(clientCertificate: .init(file: own.path, keyFile: "/does/not/exist")))
        }
    }
}

extension HTTPLimits {
    /// Time limits that are not reached even on a busy machine.
    static let patient = HTTPLimits(
        connect: .seconds(1800), total: .seconds(1800), stall: .seconds(1800), room: .seconds(1800))
}
